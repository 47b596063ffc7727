package diff

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// after is an environment in which the first stack of each pair, "Beta Alpha", comes after
// the second.
func after(t testing.TB, stage *assembly.Stage, pairs ...string) *assembly.Stage {
	t.Helper()
	for _, pair := range pairs {
		later, earlier, _ := strings.Cut(pair, " ")
		stack, ok := stage.Stack(later)
		require.True(t, ok, later)
		stack.Dependencies = append(stack.Dependencies, earlier)
	}
	return stage
}

// connected is a small environment in which the stack of a service comes after those of
// the monolith and of what it calls.
func connected(t testing.TB, programs ...program) *assembly.Stage {
	t.Helper()
	stage := environment(t, programs...)
	for _, p := range programs {
		if p.paths[0] == "/*" {
			continue
		}
		for _, other := range programs {
			if other.paths[0] == "/*" {
				after(t, stage, p.id()+" "+other.id())
			}
		}
		for _, callee := range p.calls {
			after(t, stage, p.id()+" "+program{name: callee}.id())
		}
	}
	return stage
}

// A connection that comes or goes is a line, whatever else changes.
func TestConnectionIsALine(t *testing.T) {
	none, one := connected(t, alpha, beta, legacy), connected(t, alpha, beta.calling("alpha"), legacy)
	d := of(t, none, one)
	assert.Equal(t, []string{"beta may now call alpha."}, d.Connections)
	assert.Contains(t, d.Markdown(), "\n- beta may now call alpha.\n")
	assert.Empty(t, d.Findings)
	assert.Equal(t, []string{"beta may no longer call alpha."}, of(t, one, none).Connections)
	assert.Empty(t, of(t, one, connected(t, alpha.at(0), beta.calling("alpha"), legacy)).Connections, "a phase is no other connection")

	// Each half of a connection alone is none.
	for name, edit := range map[string]func(stacks map[string]object){
		"no way out":      func(s map[string]object) { delete(s["Beta"], "BetaEgressAlpha") },
		"no way in":       func(s map[string]object) { delete(s["Beta"], "BetaIngressAlpha") },
		"no name":         func(s map[string]object) { delete(configuration(s["Alpha"]), "Services") },
		"no proxies":      func(s map[string]object) { configuration(s["Beta"])["Enabled"] = false },
		"other namespace": func(s map[string]object) { configuration(s["Beta"])["Namespace"] = "other" },
	} {
		stacks := templates(alpha, beta.calling("alpha"), legacy)
		edit(stacks)
		assert.Empty(t, of(t, none, read(t, stacks)).Connections, name)
	}
}

func configuration(resources object) object {
	return resources["Service"].(object)["Properties"].(object)["ServiceConnectConfiguration"].(object)
}

// A circle that comes is found, of whatever length, and once.
func TestCircles(t *testing.T) {
	gamma := program{name: "gamma", paths: []string{"/gamma"}, priority: 300, share: 100}
	straight := connected(t, alpha.calling("beta", "gamma"), beta.calling("gamma"), gamma, legacy)
	circle := func(programs ...program) *assembly.Stage { return connected(t, append(programs, legacy)...) }
	for want, round := range map[string]*assembly.Stage{
		"alpha → beta → alpha":         circle(alpha.calling("beta"), beta.calling("alpha"), gamma),
		"alpha → beta → gamma → alpha": circle(alpha.calling("beta"), beta.calling("gamma"), gamma.calling("alpha")),
		"beta → gamma → beta":          circle(alpha.calling("beta"), beta.calling("gamma"), gamma.calling("beta")),
	} {
		assert.Equal(t, []string{
			"Connections go in a circle: " + want + ". None of these programs can be deployed before those that need it, and when one fails, all " +
				"do: remove a call.",
		}, compare(straight, round).circles(), want)
		assert.Empty(t, compare(round, round).circles(), "%s: it was there", want)
	}
	assert.Empty(t, compare(orEmpty(nil), straight).circles(), "two ways to one program are no circle")
}

// The export of a callee's security group is in use until its former caller is deployed.
func TestConnectionThatGoes(t *testing.T) {
	both := connected(t, alpha, beta.calling("alpha"), legacy.calling("alpha"))
	one := connected(t, alpha, beta.calling("alpha"), legacy)
	none := connected(t, alpha, beta, legacy)
	const refused = "Stack `Alpha`: security group of alpha `Tasks`: "
	checkFinding(t, "one", one, withGroupOf(t, "Alpha", alpha, beta, legacy),
		refused+"beta no longer calls it. The stack of a caller imports the group until it is deployed itself",
		"deploy the stacks that use it alone, `cdk deploy --exclusively Beta`; then deploy everything")
	checkFinding(t, "two", both, none, refused+"beta and legacy no longer call it", "`cdk deploy --exclusively Beta Legacy`")
	// The caller's stack was deployed alone, and the callee's follows.
	alone := after(t, read(t, merged(templates(alpha, beta.calling("alpha"), legacy), templates(alpha, beta, legacy), "Beta")), "Beta Legacy")
	assert.Empty(t, of(t, alone, none).Findings, "in two steps")
	assert.Empty(t, of(t, both, one).Findings, "another caller stays, and the export with it")

	gone := connected(t, alpha, legacy)
	dark := connected(t, alpha, beta.at(0).calling("alpha"), legacy)
	checkFinding(t, "the caller goes", dark, gone,
		refused+"beta no longer calls it",
		"remove the calls alone, and deploy the stacks that use it alone, `cdk deploy --exclusively Beta`; then make this change and deploy")
	assert.Empty(t, of(t, connected(t, alpha.at(0), beta.calling("alpha"), legacy), connected(t, beta, legacy)).Findings,
		"a callee that goes stays as it is until it is destroyed")
}

// withGroupOf is an environment without connections, in which a stack has its group all the same.
func withGroupOf(t testing.TB, stack string, programs ...program) *assembly.Stage {
	t.Helper()
	stacks := templates(programs...)
	stacks[stack]["Tasks"] = resource("AWS::EC2::SecurityGroup", object{"GroupDescription": "tasks"})
	return read(t, stacks)
}

// merged are the stacks of one side, but for one of another.
func merged(stacks, others map[string]object, other string) map[string]object {
	stacks[other] = others[other]
	return stacks
}

// Production traffic of a caller goes to its callees, whatever share those have.
func TestCallerBeforeItsCallee(t *testing.T) {
	with := func(callee, caller int) *assembly.Stage {
		return connected(t, alpha.at(callee), beta.at(caller).calling("alpha"), legacy)
	}
	for _, test := range []struct {
		before, after [2]int
		want          string
	}{
		{[2]int{0, 0}, [2]int{0, 1}, "the caller is 1% and the callee dark"},
		{[2]int{0, 0}, [2]int{50, 100}, "the caller is live and the callee 50%"},
		{[2]int{50, 50}, [2]int{50, 51}, "the caller is 51% and the callee 50%"},
		{[2]int{100, 25}, [2]int{0, 50}, "the caller is 50% and the callee dark"},
		{[2]int{0, 0}, [2]int{1, 1}, ""},
		{[2]int{50, 50}, [2]int{100, 51}, ""},
		{[2]int{0, 50}, [2]int{0, 25}, ""},
	} {
		before, after := with(test.before[0], test.before[1]), with(test.after[0], test.after[1])
		if test.want == "" {
			assert.Empty(t, of(t, before, after).Findings, "%v", test)
			continue
		}
		checkFinding(t, test.want, before, after, "Connection beta → alpha: "+test.want)
	}
	// A new connection is a caller's traffic too, and so is one of the monolith.
	none := connected(t, alpha.at(50), beta, legacy)
	checkFinding(t, "new", none, with(50, 100), "Connection beta → alpha: the caller is live and the callee 50%", "make alpha live and deploy")
	untried := func(callee string, tables ...string) []string {
		monolith := legacy
		monolith.tables = tables
		from := connected(t, alpha.at(50), beta.at(50), monolith)
		return compare(from, connected(t, alpha.at(50), beta.at(50), monolith.calling(callee))).untried()
	}
	assert.Len(t, untried("beta"), 1, "of the monolith, to a service without a table")
	assert.Contains(t, untried("beta")[0], "Connection legacy → beta: the caller is serving and the callee 50%")
	assert.Empty(t, untried("alpha", "alpha"), "of a monolith that has the table")
	checkSafe(t, "as the finding says", none, connected(t, alpha, beta, legacy), with(100, 100))
	// No share tries the monolith.
	to := func(m program) *assembly.Stage { return connected(t, alpha.calling("legacy"), beta, m) }
	assert.Empty(t, compare(connected(t, alpha, beta, legacy.at(0)), to(legacy.at(0))).untried(), "a drained monolith")
	assert.Empty(t, compare(to(legacy), to(legacy.at(0))).goneDark(), "a monolith that is drained")
	drained := connected(t, alpha, beta.at(0), legacy.at(0).calling("beta"))
	assert.Empty(t, compare(connected(t, alpha, beta.at(0), legacy.at(0)), drained).untried(), "a drained monolith has no traffic")
}

// The calls of a caller with traffic go on to a callee that goes back to dark.
func TestCalleeGoesDark(t *testing.T) {
	with := func(callee, caller int) *assembly.Stage {
		return connected(t, alpha.at(callee), beta.at(caller).calling("alpha"), legacy)
	}
	for _, share := range []int{1, 50, 100} {
		findings := of(t, with(share, share), with(0, share)).Findings
		require.Len(t, findings, 1, "%d%%: mutant passed the check", share)
		assert.Contains(t, findings[0],
			"Connection beta → alpha: the callee goes back to dark and the caller is "+phaseWord(with(0, share), "beta"))
		assert.Contains(t, findings[0], "make beta dark too")
		checkSafe(t, "both", with(share, share), with(0, 0))
		checkSafe(t, "it keeps a share", with(100, share), with(share, share))
	}
	monolith := func(alphaShare, betaShare int) *assembly.Stage {
		return connected(t, alpha.at(alphaShare), beta.at(betaShare), legacy.calling("alpha", "beta"))
	}
	assert.Empty(t, of(t, monolith(100, 100), monolith(0, 100)).Findings, "it has the table of alpha")
	findings := of(t, monolith(100, 100), monolith(100, 0)).Findings
	require.Len(t, findings, 1)
	assert.Contains(t, findings[0], "Connection legacy → beta: the callee goes back to dark and the caller is serving")
	assert.Contains(t, findings[0], "remove the call too")
}

// A name that comes after the tasks that call it may stay unknown to them.
func TestNameComesAfterItsCaller(t *testing.T) {
	none, called := connected(t, alpha, beta, legacy), connected(t, alpha, beta, legacy.calling("alpha"))
	const anew = "`aws ecs update-service --force-new-deployment --cluster CLUSTER --service SERVICE`"
	checkFinding(t, "new name", none, called, "Connection legacy → alpha: the stack of the caller does not come after that of the callee",
		"https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html",
		"start the tasks of legacy anew, "+anew)
	checkFinding(t, "new environment", nil, called, "Connection legacy → alpha: ")
	checkFinding(t, "new service", connected(t, beta, legacy), called, "Connection legacy → alpha: ", anew)
	checkFinding(t, "a caller that is called", connected(t, alpha.calling("beta"), beta, legacy),
		connected(t, alpha.calling("beta"), beta, legacy.calling("alpha")), "Connection legacy → alpha: ")
	checkFinding(t, "a caller without order", environment(t, alpha, beta), environment(t, alpha, beta.calling("alpha")),
		"Connection beta → alpha: ")

	strangled := func(m program) *assembly.Stage {
		return after(t, environment(t, alpha, beta, m), "Legacy Beta", "Beta Alpha")
	}
	assert.Empty(t, of(t, strangled(legacy), strangled(legacy.calling("alpha"))).Findings, "the monolith comes after the service, by another")
	named := connected(t, alpha, beta.calling("alpha"), legacy)
	assert.Empty(t, of(t, named, connected(t, alpha, beta.calling("alpha"), legacy.calling("alpha"))).Findings, "the name is there already")
	assert.Empty(t, of(t, none, named).Findings, "the caller comes after the callee")
	assert.Empty(t, of(t, called, called).Findings)
}

// A hostile name stays text in all that is said of connections.
func TestHostileNamesOfConnections(t *testing.T) {
	const hostile = "x`| [a](http://b) <img src=c> @everyone #1"
	with := func(programs ...program) *assembly.Stage {
		stacks := templates(programs...)
		for _, stack := range []string{"Alpha", "Beta"} {
			set(stacks[stack]["Service"], "LoadBalancers", []any{
				object{"TargetGroupArn": object{"Ref": "Group"}, "ContainerName": hostile + stack, "ContainerPort": 8080},
			})
		}
		return read(t, stacks)
	}
	none, one := with(alpha.at(0), beta, legacy), with(alpha.at(0), beta.calling("alpha"), legacy)
	live, circle := with(alpha, beta.calling("alpha"), legacy), with(alpha.calling("beta"), beta.calling("alpha"), legacy)
	for _, d := range []Diff{of(t, none, one), of(t, one, none), of(t, live, one), of(t, live, circle)} {
		require.NotEmpty(t, slices.Concat(d.Connections, d.Findings))
		for _, line := range slices.Concat(d.Connections, d.Findings) {
			assert.Regexp(t, `^[A-Za-z0-9 ,.:;→%$–/-]+$`, withoutCode(line), "outside of code")
		}
	}
}

// A way out to what no template declares is a line when it comes and when it goes.
func TestWaysOut(t *testing.T) {
	with := func(rules ...assembly.GroupRule) *assembly.Stage {
		group := assembly.SecurityGroup{Resource: assembly.Resource{Stack: "Alpha", LogicalID: "Tasks"}, Egress: rules}
		return &assembly.Stage{
			SecurityGroups: []assembly.SecurityGroup{group},
			Services: []assembly.Service{{
				Attachments: []assembly.Attachment{{Container: "alpha"}}, SecurityGroups: []string{group.Identity()},
			}},
		}
	}
	https := assembly.GroupRule{Protocol: "tcp", From: 443, To: 443, Range: netip.MustParsePrefix("0.0.0.0/0")}
	mail := assembly.GroupRule{Protocol: "tcp", From: 25, To: 25, Range: netip.MustParsePrefix("192.168.10.0/24")}
	assert.Equal(t, []string{"alpha may now connect to `192.168.10.0/24` on tcp 25."},
		compare(with(https), with(https, mail)).connections())
	assert.Equal(t, []string{"alpha may no longer connect to `192.168.10.0/24` on tcp 25."},
		compare(with(https, mail), with(https)).connections())
	assert.Empty(t, compare(with(https, mail), with(https, mail)).connections())
}
