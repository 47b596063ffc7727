package test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/network"
)

// The templates of the shipped app, for a reviewer to see what a change does.
func TestTemplatesSnapshot(t *testing.T) {
	var want []string
	for _, stage := range asShipped(t).Stages {
		for _, stack := range stage.Stacks {
			name := filepath.Join("testdata", stage.Name, stack.ID+".template.json")
			want = append(want, name)
			compareTemplate(t, name, masked(stack.Text))
		}
	}
	have, err := filepath.Glob("testdata/*/*.template.json")
	require.NoError(t, err)
	if *update {
		have = removeOthers(t, have, want)
	}
	assert.ElementsMatch(t, want, have, "templates in testdata: go test ./test -update removes those of no stack")
}

// removeOthers removes the files that are not wanted, and the folders that are then
// empty. It returns the files that stay.
func removeOthers(t *testing.T, have, want []string) (kept []string) {
	t.Helper()
	for _, name := range have {
		if slices.Contains(want, name) {
			kept = append(kept, name)
			continue
		}
		require.NoError(t, os.Remove(name))
		folder := filepath.Dir(name)
		if rest, err := os.ReadDir(folder); err == nil && len(rest) == 0 {
			require.NoError(t, os.Remove(folder))
		}
	}
	return kept
}

// An update leaves no snapshot of a stack or a stage that is gone.
func TestOtherSnapshotsAreRemoved(t *testing.T) {
	root := t.TempDir()
	var have []string
	for _, name := range []string{"app-dev/Data.json", "app-dev/Old.json", "old-dev/Data.json"} {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, nil, 0o644))
		have = append(have, file)
	}
	assert.Equal(t, have[:1], removeOthers(t, have, have[:1]))
	assert.NoFileExists(t, have[1])
	assert.NoDirExists(t, filepath.Dir(have[2]))
	assert.FileExists(t, have[0])
}

// The program that serves each path, for a reviewer to read.
func TestRoutesSnapshot(t *testing.T) {
	c, err := shipped(t).Catalog.Complete()
	require.NoError(t, err)
	compareText(t, "testdata/routes.txt", ofEachStage(t, func(stage *assembly.Stage) string { return routesText(stage, c) }))
}

// What each role may do, for a reviewer to read.
func TestPermissionsSnapshot(t *testing.T) {
	compareText(t, "testdata/permissions.txt", ofEachStage(t, permissionsText))
}

// Which connections may be opened, for a reviewer to read.
func TestReachabilitySnapshot(t *testing.T) {
	compareText(t, "testdata/reachability.txt", ofEachStage(t, reachabilityText))
}

// What each environment costs to leave running, for a reviewer to read.
func TestCostSnapshot(t *testing.T) {
	compareText(t, "testdata/cost.txt", ofEachStage(t, func(stage *assembly.Stage) string { return estimated(t, stage).String() }))
}

// ofEachStage joins a description of every shipped environment.
func ofEachStage(t *testing.T, describe func(*assembly.Stage) string) string {
	var texts []string
	for _, stage := range asShipped(t).Stages {
		texts = append(texts, describe(stage))
	}
	return strings.Join(texts, "\n")
}

var hash = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// masked is a template without the hashes of images, which change with every program.
func masked(template []byte) []byte {
	return hash.ReplaceAll(template, []byte(strings.Repeat("0", 64)))
}

// compareTemplate names the logical ids that differ before the difference itself.
func compareTemplate(t *testing.T, name string, got []byte) {
	t.Helper()
	want, ok := snapshot(t, name, got)
	if !ok {
		return
	}
	var before, after map[string]any
	require.NoError(t, json.Unmarshal(want, &before), name)
	require.NoError(t, json.Unmarshal(got, &after))
	assert.Fail(t, fmt.Sprintf("%s differs in %s: look at the change, then go test ./test -update",
		name, strings.Join(differing(before, after), ", ")), gocmp.Diff(before, after))
}

// differing are the logical ids, or other parts of a template, that are not the same.
func differing(before, after map[string]any) []string {
	var names []string
	for section := range union(before, after) {
		a, isMap := before[section].(map[string]any)
		b, _ := after[section].(map[string]any)
		if !isMap && !reflect.DeepEqual(before[section], after[section]) {
			names = append(names, section)
		}
		for id := range union(a, b) {
			if !reflect.DeepEqual(a[id], b[id]) {
				names = append(names, section+"."+id)
			}
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return []string{"the order of its parts"}
	}
	return names
}

func union(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return all
}

func compareText(t *testing.T, name, got string) {
	t.Helper()
	if want, differs := snapshot(t, name, []byte(got)); differs {
		assert.Fail(t, name+" differs: look at the change, then go test ./test -update",
			gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")))
	}
}

// snapshot returns a stored snapshot and whether it differs, or stores it when
// asked to update. A missing one fails the test.
func snapshot(t *testing.T, name string, got []byte) (want []byte, differs bool) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, got, 0o644))
		return got, false
	}
	want, err := os.ReadFile(name)
	if !assert.NoError(t, err, "go test ./test -update writes it") {
		return nil, false
	}
	return want, string(want) != string(got)
}

// sameElements is whether two lists hold the same texts in any order.
func sameElements(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// routesText lists the listener's rules in the order of their evaluation, and the tasks
// of the catalog's programs.
func routesText(stage *assembly.Stage, c services.Catalog) string {
	var text strings.Builder
	listener := routing(stage)
	fmt.Fprintf(&text, "The rules of %s in the order of evaluation; the first match wins.\n\n", stage.Name)
	row := func(cells ...any) {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-9v%-30v%-41v %v", cells...), " "))
	}
	row("priority", "path", "only with", "served by")
	for _, rule := range slices.SortedFunc(slices.Values(listener.Rules), func(a, b alb.Rule) int { return a.Priority - b.Priority }) {
		var paths, only []string
		for _, condition := range rule.Conditions {
			switch c := condition.(type) {
			case alb.PathPattern:
				paths = append(paths, c...)
			case alb.HostHeader:
				only = append(only, strings.Join(c, " or "))
			case alb.HTTPRequestMethod:
				only = append(only, strings.Join(c, " or "))
			case alb.HTTPHeader:
				only = append(only, fmt.Sprintf("%s: %s", c.Name, strings.Join(c.Values, " or ")))
			case alb.SourceIP:
				for _, block := range c {
					only = append(only, "from "+block.String())
				}
			default:
				only = append(only, fmt.Sprintf("%T %v", c, c))
			}
		}
		if r := rule.Rewrite; r != nil {
			only = append(only, fmt.Sprintf("%s becomes %s", r.Regex, r.Replace))
		}
		for i, path := range paths {
			if i == 0 {
				row(rule.Priority, path, strings.Join(only, " "), sharesText(stage, rule))
			} else {
				row("", path, "", "")
			}
		}
	}
	row("default", "", "", byDefault(listener.Default))
	text.WriteString(tasksText(stage, c))
	return text.String()
}

// routing is that of the listener that has the rules. One that was there already has no default
// action here.
func routing(stage *assembly.Stage) alb.Listener {
	for _, l := range stage.Listeners {
		if len(l.Routing.Rules) > 0 {
			return l.Routing
		}
	}
	var joined alb.Listener
	for _, rule := range stage.ListenerRules {
		joined.Rules = append(joined.Rules, rule.Rule)
	}
	return joined
}

// byDefault is who serves what no rule matches.
func byDefault(action alb.Action) string {
	if fixed, ok := action.(alb.FixedResponse); ok {
		return fmt.Sprintf("the load balancer, %d", fixed.StatusCode)
	}
	return "the listener, as it did before"
}

// tasksText lists the bounds between which each program scales, and how the monolith's
// shrink as services are strangled.
func tasksText(stage *assembly.Stage, c services.Catalog) string {
	var text strings.Builder
	text.WriteString("\nHow many tasks each has, and what of each task scaling aims at.\n\n")
	for _, target := range stage.ScalableTargets {
		var aims []string
		for _, p := range target.Policies {
			aims = append(aims, fmt.Sprintf("%s %v", p.Metric, p.Target))
		}
		name := stage.Services[slices.IndexFunc(stage.Services, func(s assembly.Service) bool { return s.Stack == target.Stack })].Program()
		fmt.Fprintf(&text, "%-12s%d to %-4d%s\n", name, target.Min, target.Max, strings.Join(aims, ", "))
	}
	text.WriteString("\nHow many the monolith has, by what is strangled.\n\n")
	m := services.Migration{Services: map[string]services.Phase{}, Monolith: services.Serving}
	row := func(what string) {
		s := services.MonolithScaling(c, m)
		fmt.Fprintf(&text, "%-30s%d to %d\n", what, s.Min, s.Max)
	}
	row("nothing")
	for i, s := range c.Services {
		m.Services[s.Name] = services.Strangled
		row(fmt.Sprintf("%d of %d services", i+1, len(c.Services)))
	}
	m.Monolith = services.Drained
	row("all, and it is drained")
	return text.String()
}

func sharesText(stage *assembly.Stage, rule alb.Rule) string {
	var parts []string
	shares := rule.Shares()
	for _, group := range rule.Action.(alb.Forward) {
		program := cmp.Or(stage.Program(group.TargetGroup), "the existing monolith")
		parts = append(parts, fmt.Sprintf("%s %.0f%%", program, 100*shares[group.TargetGroup]))
	}
	return strings.Join(parts, ", ")
}

// reachabilityText lists what may open connections to what, and on which ports.
func reachabilityText(stage *assembly.Stage) string {
	n, err := network.Of(stage)
	if err != nil {
		panic(err)
	}
	type way struct{ from, ports string }
	targets := map[way][]string{}
	for link, ports := range n.Links() {
		targets[way{link.From, ports}] = append(targets[way{link.From, ports}], link.To)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "What may open connections to what in %s, by %s.\n\n", stage.Name, decidedBy(n))
	fmt.Fprintf(&text, "%-16s%-14s%s\n", "from", "ports", "to")
	for _, w := range slices.SortedFunc(maps.Keys(targets), func(a, b way) int {
		return cmp.Or(strings.Compare(a.from, b.from), strings.Compare(a.ports, b.ports))
	}) {
		slices.Sort(targets[w])
		fmt.Fprintf(&text, "%-16s%-14s%s\n", w.from, w.ports, strings.Join(targets[w], ", "))
	}
	return text.String()
}

// decidedBy is what keeps the parts of a network from each other, as far as it is known here.
func decidedBy(n network.Network) string {
	if n.Existing {
		return "security groups; the VPC was there already, and its routes are taken to lead everywhere"
	}
	return "security groups, routes and endpoints"
}

// permissionsText is the matrix of task roles and tables, and then every
// statement of every role.
func permissionsText(stage *assembly.Stage) string {
	var text strings.Builder
	matrix := reach(stage)
	fmt.Fprintf(&text, "What each task role of %s may do with each table.\n\n%-12s", stage.Name, "")
	var owners []string
	for _, table := range stage.Tables {
		owners = append(owners, owner(table))
		fmt.Fprintf(&text, "%-24s", owner(table))
	}
	for _, name := range slices.Sorted(maps.Keys(stage.TaskRoles())) {
		fmt.Fprintf(&text, "\n%-12s", name)
		for _, owner := range owners {
			actions := strings.ReplaceAll(strings.Join(matrix[access{name, owner}], " "), "dynamodb:", "")
			fmt.Fprintf(&text, "%-24s", actions)
		}
	}
	text.WriteString("\n\nEvery statement of every role.\n")
	for _, role := range stage.Roles {
		fmt.Fprintf(&text, "\n%s %s, assumed by %s\n", role.Stack, role.LogicalID, assumedBy(role))
		for _, arn := range role.ManagedPolicies {
			fmt.Fprintf(&text, "  managed policy %s\n", arn)
		}
		for _, s := range role.Statements() {
			fmt.Fprintf(&text, "  %s %s\n", s.Effect, strings.Join(append(s.Action, s.NotAction...), " "))
			for _, resource := range append(s.Resource, s.NotResource...) {
				fmt.Fprintf(&text, "    %s\n", resource)
			}
		}
	}
	return trailing.ReplaceAllString(text.String(), "\n")
}

var trailing = regexp.MustCompile(` +\n`)

func assumedBy(role assembly.Role) string {
	var who []string
	for _, s := range role.Trust {
		for _, names := range s.Principal {
			who = append(who, strings.Join(names, " ")+condition(s))
		}
	}
	return strings.Join(who, ", ")
}

// condition lists a statement's conditions.
func condition(s assembly.Statement) string {
	var conditions []string
	for _, keys := range s.Condition {
		for key, values := range keys {
			conditions = append(conditions, key+" "+strings.Join(values, " "))
		}
	}
	slices.Sort(conditions)
	return strings.Join(append([]string{""}, conditions...), ", for ")
}

// The logical ids that differ are named, and another path or grant shows in the texts.
func TestSnapshotNamesWhatDiffers(t *testing.T) {
	before := map[string]any{"Resources": map[string]any{"Same": 1, "Changed": 1, "Gone": 1}, "Description": "a"}
	after := map[string]any{"Resources": map[string]any{"Same": 1, "Changed": 2, "New": 1}, "Description": "b"}
	want := []string{"Description", "Resources.Changed", "Resources.Gone", "Resources.New"}
	assert.Equal(t, want, differing(before, after))
	stage := mutated(t, allLive, "Alpha", func(resources map[string]any) {
		_, live := rulesOf(at(t, allLive), "alpha")
		setPaths(resources[live.LogicalID].(map[string]any)["Properties"].(map[string]any), "/api/other")
	})
	assert.NotEqual(t, routesText(at(t, allLive), completed(t)), routesText(stage, completed(t)), "routes.txt shows another path")
	strangled := permissionsText(at(t, situation{"strangled", services.Serving}))
	assert.NotEqual(t, permissionsText(at(t, allLive)), strangled, "permissions.txt shows that a grant is gone")
}
