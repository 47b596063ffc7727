package diff

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
)

// checkSafe wants no finding in any step of a sequence of environments.
func checkSafe(t testing.TB, name string, steps ...*assembly.Stage) {
	t.Helper()
	for i := range steps[1:] {
		assert.Empty(t, of(t, steps[i], steps[i+1]).Findings, "%s: step %d", name, i+1)
	}
}

// checkFinding wants one finding, with all of the texts.
func checkFinding(t testing.TB, name string, before, after *assembly.Stage, texts ...string) {
	t.Helper()
	findings := of(t, before, after).Findings
	if !assert.Len(t, findings, 1, "%s: mutant passed the check", name) {
		return
	}
	for _, text := range append(texts, "In two steps: ") {
		assert.Contains(t, findings[0], text, name)
	}
}

// withGroup is a small environment with a change of alpha's target group.
func withGroup(t testing.TB, programs []program, property string, value any) *assembly.Stage {
	t.Helper()
	stacks := templates(programs...)
	set(stacks["Alpha"]["Group"], property, value)
	return read(t, stacks)
}

// Each change that replaces a target group with traffic is found, and the two steps of the
// finding have none.
func TestReplacedTargetGroup(t *testing.T) {
	all, dark := []program{alpha, beta, legacy}, []program{alpha.at(0), beta, legacy}
	for property, value := range map[string]any{
		"Name": "other", "Port": 8080, "Protocol": "HTTPS", "ProtocolVersion": "HTTP2", "VpcId": "other", "TargetType": "instance",
		"IpAddressType": "ipv6",
	} {
		changed := withGroup(t, all, property, value)
		for _, share := range []int{1, 50, 100} {
			programs := []program{alpha.at(share), beta, legacy}
			checkFinding(
				t,
				property,
				environment(t, programs...),
				withGroup(t, programs, property, value),
				"Stack `Alpha`: the target group of alpha is replaced, because of `"+property+"`, while a live rule forwards to it",
				"make it dark, so that the monolith serves its paths, and deploy",
			)
		}
		checkFinding(t, property+" of a service that gets traffic", environment(t, dark...), changed, "`"+property+"`")
		checkSafe(t, property, environment(t, all...), environment(t, dark...), withGroup(t, dark, property, value), changed)
	}
	for property, value := range map[string]any{"HealthCheckPath": "/up", "HealthCheckIntervalSeconds": 7, "Tags": "a"} {
		checkSafe(t, property, environment(t, all...), withGroup(t, all, property, value))
	}
}

// Another logical id replaces a target group too, and nothing but another service can
// take the monolith's paths, or those of a service without a monolith.
func TestReplacedTargetGroupWithoutTheMonolith(t *testing.T) {
	renamed := edited(t, func(stacks map[string]object) {
		stacks["Alpha"]["Other"] = stacks["Alpha"]["Group"]
		delete(stacks["Alpha"], "Group")
		set(stacks["Alpha"]["Service"], "LoadBalancers", []any{object{"TargetGroupArn": object{"Ref": "Other"}, "ContainerName": "alpha"}})
		for _, id := range []string{"Preview", "Live"} {
			set(stacks["Alpha"][id], "Actions", []any{object{"Type": "forward", "TargetGroupArn": ref("Alpha", "Other")}})
		}
	})
	checkFinding(t, "another id", environment(t, alpha, beta, legacy), renamed, "because of another logical id")
	other := edited(t, func(stacks map[string]object) { set(stacks["Legacy"]["Group"], "Port", 8080) })
	checkFinding(
		t,
		"the monolith",
		environment(t, alpha, beta, legacy),
		other,
		"the target group of legacy",
		"add a service of the same image",
	)
	checkFinding(
		t,
		"without a monolith",
		environment(t, alpha, beta),
		withGroup(t, []program{alpha, beta}, "Port", 8080),
		"add a service of the same image",
	)
}

// A service that is created and gets traffic in one change has a line, and no finding.
func TestServiceOpensOnOneTask(t *testing.T) {
	before := environment(t, beta, legacy)
	for _, share := range []int{1, 50, 100} {
		d := of(t, before, environment(t, alpha.at(share), beta, legacy))
		assert.Equal(t, []string{"Service alpha opens on 1 of 3 tasks: deploy it dark first."}, d.Tasks, "%d%%", share)
		assert.Empty(t, d.Findings, "%d%%", share)
		assert.Contains(t, d.Markdown(), "- Service alpha opens on 1 of 3 tasks: deploy it dark first.\n")
	}
	for _, steps := range [][]*assembly.Stage{
		{before, environment(t, alpha.at(0), beta, legacy), environment(t, alpha, beta, legacy)},
		{environment(t, alpha, beta), environment(t, alpha, beta, legacy.at(0)), environment(t, alpha, beta, legacy)},
	} {
		for i := range steps[1:] {
			assert.Empty(t, of(t, steps[i], steps[i+1]).Tasks, "step %d", i+1)
		}
	}
	assert.Equal(
		t,
		[]string{"The monolith legacy opens on 1 of 3 tasks: deploy it drained first."},
		of(t, environment(t, alpha, beta), environment(t, alpha, beta, legacy)).Tasks,
	)

	scaled := func(least int) *assembly.Stage {
		return edited(t, func(stacks map[string]object) { set(stacks["Alpha"]["Target"], "MinCapacity", least) })
	}
	assert.Empty(t, of(t, before, scaled(1)).Tasks)
	assert.Equal(t, []string{"Service alpha opens on 1 of 2 tasks: deploy it dark first."}, of(t, before, scaled(2)).Tasks)
	assert.Equal(t, []string{"Service alpha opens on 1 of 5 tasks: deploy it dark first."}, of(t, before, scaled(5)).Tasks)
	assert.Equal(
		t,
		[]string{"Service alpha opens on 1 of 3 tasks: deploy it dark first.", "Service beta opens on 1 of 3 tasks: deploy it dark first."},
		of(t, nil, environment(t, alpha, beta, legacy)).Tasks,
	)

	replaced := edited(t, func(stacks map[string]object) { set(stacks["Alpha"]["Service"], "Cluster", "other") })
	assert.Equal(
		t,
		[]string{"Service alpha opens on 1 of 3 tasks: deploy it dark first."},
		of(t, environment(t, alpha, beta, legacy), replaced).Tasks,
	)
	counted := edited(t, func(stacks map[string]object) { set(stacks["Alpha"]["Service"], "DesiredCount", 3) })
	assert.Empty(t, of(t, before, counted).Tasks)
}

// A service with traffic that goes is found, and the two steps of the finding have none.
func TestRemovedLiveService(t *testing.T) {
	rest := environment(t, alpha, legacy)
	for _, share := range []int{1, 50, 100} {
		checkFinding(
			t,
			fmt.Sprint(share),
			environment(t, alpha, beta.at(share), legacy),
			rest,
			"Stack `Beta`: service beta is live and goes",
			"make it dark, so that the monolith serves its paths, and deploy; then remove it, deploy, and destroy its stack",
		)
	}
	checkSafe(t, "beta", environment(t, alpha, beta, legacy), environment(t, alpha, beta.at(0), legacy), rest)
	checkFinding(
		t,
		"without a monolith",
		environment(t, alpha, beta),
		environment(t, alpha),
		"add a service of the same image, make it live on the same paths and deploy",
	)
	// The monolith has steps of its own, and an environment goes as a whole.
	for _, finding := range append(of(t, environment(t, alpha, legacy), environment(t, alpha)).Findings, of(t, rest, nil).Findings...) {
		assert.NotContains(t, finding, "is live and goes")
	}
}

// Whatever priorities rules have before and after, a finding is there exactly when a
// rule takes one that another rule has before; and with priorities between that no rule
// has there is none.
func TestTakenPriorities(t *testing.T) {
	gamma := program{name: "gamma", paths: []string{"/gamma"}, share: 100}
	with := func(t testing.TB, priorities []int) *assembly.Stage {
		programs := []program{alpha, beta, gamma}
		for i := range programs {
			programs[i].priority = priorities[i]
		}
		return environment(t, append(programs, legacy)...)
	}
	rapid.Check(t, func(r *rapid.T) {
		draw := func(name string) []int { return rapid.Permutation([]int{1, 2, 3, 4}).Draw(r, name)[:3] }
		before, after := draw("before"), draw("after")
		taken := 0
		for i := range after {
			if j := slices.Index(before, after[i]); j >= 0 && j != i {
				taken++
			}
		}
		from, to, free := with(t, before), with(t, after), with(t, []int{101, 102, 103})
		findings := of(t, from, to).Findings
		assert.Len(r, findings, taken, "%v to %v", before, after)
		checkSafe(t, fmt.Sprintf("%v to %v", before, after), from, free, to)
	})
	checkFinding(
		t,
		"shifted",
		with(t, []int{1, 2, 3}),
		with(t, []int{2, 4, 3}),
		"Listener rules of alpha take a priority that a rule of beta still has: 25002, 2.",
		"give the rules of alpha and beta priorities that no rule has, and deploy",
	)
	// The stack of a service that goes is there until it is destroyed.
	checkFinding(
		t,
		"of a service that goes",
		environment(t, alpha.at(0), legacy),
		environment(t, program{name: "beta", paths: beta.paths, priority: 100}, legacy),
		"Listener rules of beta take a priority that a rule of alpha still has: 100.",
		"give the rules of beta priorities that no rule has",
	)
}

// withTable is a small environment with a change of alpha's table.
func withTable(t testing.TB, property string, value any) *assembly.Stage {
	t.Helper()
	return edited(t, func(stacks map[string]object) { set(stacks["Data"]["AlphaTable"], property, value) })
}

func withIndexes(t testing.TB, indexes ...any) *assembly.Stage {
	t.Helper()
	return withTable(t, "GlobalSecondaryIndexes", indexes)
}

// Whatever indexes a table has before and after, a finding is there exactly when more
// than one comes or goes; and one by one there is none.
func TestIndexChanges(t *testing.T) {
	with := func(names []string) *assembly.Stage {
		var indexes []any
		for _, name := range names {
			indexes = append(indexes, index(name, "kind"))
		}
		return withIndexes(t, indexes...)
	}
	rapid.Check(t, func(r *rapid.T) {
		draw := func(name string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 3, rapid.ID).Draw(r, name)
		}
		before, after := draw("before"), draw("after")
		steps, current := []*assembly.Stage{with(before)}, slices.Clone(before)
		for _, name := range before {
			if !slices.Contains(after, name) {
				current = slices.DeleteFunc(slices.Clone(current), func(s string) bool { return s == name })
				steps = append(steps, with(current))
			}
		}
		for _, name := range after {
			if !slices.Contains(before, name) {
				current = append(slices.Clone(current), name)
				steps = append(steps, with(current))
			}
		}
		checkSafe(t, fmt.Sprintf("%v to %v", before, after), steps...)
		findings := of(t, steps[0], steps[len(steps)-1]).Findings
		want := 0
		if len(steps) > 2 {
			want = 1
		}
		assert.Len(r, findings, want, "%v to %v", before, after)
	})
	checkFinding(
		t,
		"one for another",
		with([]string{"a"}),
		with([]string{"b"}),
		"Stack `Data`: table of alpha `AlphaTable`: 2 of its indexes change: `a` goes, `b` comes",
		"make one of these changes and deploy; then the next and deploy",
	)
}

// A changed key of an index, or of the table, is found.
func TestChangedKeys(t *testing.T) {
	before := environment(t, alpha, beta, legacy)
	other := index("all", "kind")
	other["Projection"] = object{"ProjectionType": "KEYS_ONLY"}
	sorted := index("all", "kind")
	sorted["KeySchema"] = append(keys("kind"), object{"AttributeName": "id", "KeyType": "RANGE"})
	for name, after := range map[string]*assembly.Stage{
		"its partition":  withIndexes(t, index("all", "id")),
		"its sort key":   withIndexes(t, sorted),
		"its projection": withIndexes(t, other),
	} {
		checkFinding(
			t,
			name,
			before,
			after,
			"table of alpha `AlphaTable`: its index `all` gets another key or projection",
			"add an index of another name and deploy; once the service reads that one, remove `all` and deploy",
		)
	}
	checkFinding(
		t,
		"a type",
		before,
		withTable(t, "AttributeDefinitions", attributes("id", "S", "kind", "N")),
		"its key attribute `kind` goes from type `S` to `N`",
	)
	checkSafe(t, "an index", before, withIndexes(t, index("all", "kind"), index("new", "id")), withIndexes(t, index("new", "id")))

	findings := of(t, before, withTable(t, "KeySchema", keys("kind"))).Findings
	require.Len(t, findings, 1)
	assert.Contains(
		t,
		findings[0],
		"a change of `KeySchema` replaces it by a new one, without its items: leave it as it is, and add a second one to move to",
	)
}

// A listener that goes while rules are attached to it is found; so are fewer zones. The
// two steps of each finding have none: the stacks that use what goes are deployed first.
func TestUsedListenersAndZones(t *testing.T) {
	programs := []string{"Alpha", "Beta", "Legacy"}
	base := func() map[string]object {
		stacks := templates(alpha, beta, legacy)
		stacks["Edge"]["Https"] = listener("HTTPS", 443)
		for _, id := range programs {
			for _, rule := range []string{"Preview", "Live"} {
				set(stacks[id][rule], "ListenerArn", ref("Edge", "Https"))
			}
			set(
				stacks[id]["Service"],
				"NetworkConfiguration",
				object{"AwsvpcConfiguration": object{"Subnets": []any{ref("Platform", "Subnet1"), ref("Platform", "Subnet2")}}},
			)
		}
		return stacks
	}
	noDomain := func(stacks map[string]object, ids ...string) {
		for _, id := range ids {
			for _, rule := range []string{"Preview", "Live"} {
				set(stacks[id][rule], "ListenerArn", ref("Edge", "Http"))
			}
		}
	}
	oneZone := func(stacks map[string]object, ids ...string) {
		for _, id := range ids {
			set(stacks[id]["Service"], "NetworkConfiguration", object{"AwsvpcConfiguration": object{"Subnets": []any{ref("Platform", "Subnet1")}}})
		}
	}
	for name, test := range map[string]struct {
		// move takes the stacks from what remove deletes.
		move           func(stacks map[string]object, ids ...string)
		stack, removed string
		want           string
	}{
		"domain": {noDomain, "Edge", "Https", "Stack `Edge`: listener of Edge `Https`: it goes while rules of other stacks are attached to it"},
		"zone":   {oneZone, "Platform", "Subnet2", "Availability zones: 2 → 1. The subnets go while load balancer or tasks are in them"},
	} {
		moved, after := base(), base()
		test.move(moved, programs...)
		test.move(after, programs...)
		delete(after[test.stack], test.removed)
		checkFinding(
			t,
			name,
			read(t, base()),
			read(t, after),
			test.want,
			"deploy the stacks that use it alone, `cdk deploy --exclusively Alpha Beta Legacy`; then deploy everything",
		)
		checkSafe(t, name, read(t, base()), read(t, moved), read(t, after))

		// One that has not moved is enough.
		half := base()
		test.move(half, programs[1:]...)
		checkFinding(t, name+" of one service", read(t, half), read(t, after), "`cdk deploy --exclusively Alpha`")
	}
	more := base()
	more["Platform"]["Subnet3"] = subnet("eu-west-1c")
	checkSafe(t, "another zone", read(t, base()), read(t, more))
}

// An image of another source is a line of its own, for the monolith under any name; a new
// version is none.
func TestImageOfAnotherSource(t *testing.T) {
	before := environment(t, alpha, beta, legacy)
	image := func(name, reference string) *assembly.Stage {
		monolith := legacy.called(name)
		monolith.image = reference
		return environment(t, alpha, beta, monolith)
	}
	for _, reference := range []string{"registry.example/legacy:2.0", "registry.example/legacy", "registry.example/legacy@sha256:0123"} {
		assert.Empty(t, of(t, before, image("legacy", reference)).Images, reference)
	}
	for _, name := range []string{"legacy", "core"} {
		want := "Image of the monolith " + name + " is of another source: `registry.example/legacy` → `registry.example:5000/shop/core`."
		d := of(t, before, image(name, "registry.example:5000/shop/core:1.0"))
		assert.Equal(t, []string{want}, d.Images)
		assert.Contains(t, d.Markdown(), "- "+want+"\n")
	}
	changed := alpha
	changed.image = "registry.example/other:1.0"
	assert.Equal(
		t,
		[]string{"Image of alpha is of another source: `registry.example/alpha` → `registry.example/other`."},
		of(t, before, environment(t, changed, beta, legacy)).Images,
	)
}

// A Go program of this module, a Dockerfile and a registry are three sources.
func TestSourcesOfImages(t *testing.T) {
	folder := func(names ...string) string {
		folder := t.TempDir()
		for _, name := range names {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
		}
		return folder
	}
	for want, image := range map[string]assembly.Image{
		"a Go program of this module": {Reference: "123.dkr.ecr/assets:1", Asset: "1", Folder: folder("Dockerfile", "service")},
		"a Dockerfile of this module": {Reference: "123.dkr.ecr/assets:1", Asset: "1", Folder: folder("Dockerfile", "service", "index.php")},
		"`123.dkr.ecr/shop`":          {Reference: "123.dkr.ecr/shop:1"},
	} {
		assert.Equal(t, want, sourceOf(image))
	}
	assert.False(t, isProgram(filepath.Join(t.TempDir(), "nothing")))
}
