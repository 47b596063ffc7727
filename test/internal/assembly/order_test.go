package assembly

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDependsOn(t *testing.T) {
	orders := stack(t, read(t, "testdata/shop", "shop-dev"), "Orders")
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
		assert.Equal(t, test.want, orders.DependsOn(test.from, test.to), "%s depends on %s", test.from, test.to)
	}
}

func TestRequiresCountsEveryKindOfReference(t *testing.T) {
	service, _ := stack(t, read(t, "testdata/shop", "shop-dev"), "Orders").Resource("Service")
	assert.Equal(t, []string{"Preview", "TaskPolicy"}, service.DependsOn)
	task, _ := stack(t, read(t, "testdata/shop", "shop-dev"), "Orders").Resource("Task")
	assert.Equal(t, []string{"TaskRole"}, task.Requires)
	assert.Equal(t, []string{"Group", "Preview", "Task", "TaskPolicy"}, service.Requires)
}

func TestCreationOrder(t *testing.T) {
	orders := stack(t, read(t, "testdata/shop", "shop-dev"), "Orders")
	order := orders.CreationOrder()
	require.Len(t, order, len(orders.Resources))
	created := map[string]bool{}
	for _, resource := range order {
		for _, required := range resource.Requires {
			assert.True(t, created[required], "%s comes before %s, which it requires", resource.LogicalID, required)
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
		if hasCycle(names, requires) {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.ElementsMatch(t, names, order)
		for name, all := range requires {
			for _, required := range all {
				require.LessOrEqual(t, slices.Index(order, required), slices.Index(order, name),
					"%s comes before %s, which it requires: %v", name, required, order)
			}
		}
	})
}

// hasCycle removes nodes that require no other, until none is left to remove.
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
