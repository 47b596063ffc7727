package assembly

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDependsOn(t *testing.T) {
	users := stack(t, read(t, "testdata/forum", "forum-dev"), "Users")
	for _, test := range []struct {
		from, to string
		want     bool
	}{
		{"Live", "Service", true},
		{"Service", "Preview", true},
		{"Live", "Preview", true},
		{"Live", "TaskRole", true},
		{"Preview", "Group", true},
		{"Preview", "Service", false},
		{"Service", "Live", false},
		{"Service", "Service", false},
		{"Live", "Scaling", false},
		{"Nothing", "Live", false},
	} {
		if got := users.DependsOn(test.from, test.to); got != test.want {
			t.Errorf("%s depends on %s: %t, want %t", test.from, test.to, got, test.want)
		}
	}
}

func TestRequiresCountsEveryKindOfReference(t *testing.T) {
	service, _ := stack(t, read(t, "testdata/forum", "forum-dev"), "Users").Resource("Service")
	if want := []string{"Preview", "TaskPolicy"}; !slices.Equal(service.DependsOn, want) {
		t.Errorf("DependsOn %v, want %v", service.DependsOn, want)
	}
	task, _ := stack(t, read(t, "testdata/forum", "forum-dev"), "Users").Resource("Task")
	if want := []string{"TaskRole"}; !slices.Equal(task.Requires, want) {
		t.Errorf("Requires %v, want %v once", task.Requires, want)
	}
	if want := []string{"Group", "Preview", "Task", "TaskPolicy"}; !slices.Equal(service.Requires, want) {
		t.Errorf("Requires %v, want %v", service.Requires, want)
	}
}

func TestCreationOrder(t *testing.T) {
	users := stack(t, read(t, "testdata/forum", "forum-dev"), "Users")
	order := users.CreationOrder()
	if len(order) != len(users.Resources) {
		t.Fatalf("%d resources in order, want %d", len(order), len(users.Resources))
	}
	created := map[string]bool{}
	for _, resource := range order {
		for _, required := range resource.Requires {
			if !created[required] {
				t.Errorf("%s comes before %s, which it requires", resource.LogicalID, required)
			}
		}
		created[resource.LogicalID] = true
	}
}

func TestDependencyOrder(t *testing.T) {
	names := strings.Split("abcdefgh", "")
	rapid.Check(t, func(t *rapid.T) {
		requires := map[string][]string{}
		edges := rapid.SliceOfN(rapid.SampledFrom(names), 0, 12)
		from, to := edges.Draw(t, "from"), edges.Draw(t, "to")
		for i := range min(len(from), len(to)) {
			requires[from[i]] = append(requires[from[i]], to[i])
		}
		order, err := dependencyOrder(names, func(name string) []string { return requires[name] })
		if cyclic := hasCycle(names, requires); (err != nil) != cyclic {
			t.Fatalf("error %v, cycle %t", err, cyclic)
		}
		if err != nil {
			return
		}
		if !slices.Equal(slices.Sorted(slices.Values(order)), names) {
			t.Fatalf("%v is no order of %v", order, names)
		}
		for name, all := range requires {
			for _, required := range all {
				if slices.Index(order, required) > slices.Index(order, name) {
					t.Fatalf("%s comes before %s, which it requires: %v", name, required, order)
				}
			}
		}
	})
}

// hasCycle takes away nodes that require nothing until none is left to take.
func hasCycle(nodes []string, requires map[string][]string) bool {
	left := slices.Clone(nodes)
	for {
		rest := slices.DeleteFunc(slices.Clone(left), func(node string) bool {
			return !slices.ContainsFunc(requires[node], func(r string) bool { return slices.Contains(left, r) })
		})
		if len(rest) == len(left) {
			return len(left) > 0
		}
		left = rest
	}
}
