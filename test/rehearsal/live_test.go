//go:build unix

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/fixture/program"
	"example.com/strangler/test/internal/region"
)

// newFixtureRehearsal is one of the fixture's programs, alpha and the monolith.
func newFixtureRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	return newRehearsalOfPrograms(t, fixture.Running, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha/one"},
		{Name: "legacy", Weight: 10, Target: "/settings", Status: 200},
	})
}

// newRehearsalOfPrograms is newRehearsalOfFixture for programs of this module, which take more
// requests than those in Node.
func newRehearsalOfPrograms(t *testing.T, catalogOf func(version string) services.Catalog, sent traffic.Traffic) *rehearsal {
	t.Helper()
	r := newRehearsalOfFixture(t, catalogOf, sent)
	r.report.Rate = 500
	return r
}

// newRehearsalOfFixture is one of a catalog of the fixture's, all dark, in which every change of
// the load balancer is known at once.
func newRehearsalOfFixture(t *testing.T, catalogOf func(version string) services.Catalog, sent traffic.Traffic) *rehearsal {
	t.Helper()
	return newRehearsalAt(t, region.Clock{Startup: 300 * time.Millisecond, Speed: 20}, catalogOf, sent)
}

func newRehearsalAt(
	t *testing.T, clock region.Clock, catalogOf func(version string) services.Catalog, sent traffic.Traffic,
) *rehearsal {
	t.Helper()
	app := shippedApp(t)
	app.Catalog = catalogOf("first")
	all := append(app.Catalog.All(), catalogOf("second").All()...)
	app.Images = constructs.StageImages(app.Root, app.Staging, all)
	catalog, err := app.Catalog.Complete()
	require.NoError(t, err)
	app.Context["environments"] = map[string]any{"dev": map[string]any{
		"region": "eu-west-1", "protected": false, "waf": false, "migration": start(catalog).phases,
	}}
	kinds, err := requestKinds(catalog, sent)
	require.NoError(t, err)
	r := newRehearsalOf(t, app, catalog, kinds, clock)
	r.report.Rate = 200
	return r
}

// goLive deploys the monolith and then alpha, straight to live.
func (r *rehearsal) goLive(t *testing.T, edits ...edit) step {
	t.Helper()
	require.NoError(t, r.open(t.Context(), r.report.Rate))
	t.Cleanup(r.load.Stop)
	live := start(r.catalog).with("alpha", "live")
	require.NoError(t, r.take(t.Context(), live, r.staged(t, live, edits...)))
	require.Empty(t, r.report.Steps[0].Unexplained)
	return live
}

func (r *rehearsal) staged(t *testing.T, step step, edits ...edit) *assembly.Stage {
	t.Helper()
	stage, err := r.stages.make(step, edits...)
	require.NoError(t, err)
	return stage
}

// editAll changes alpha and the monolith in the catalog.
func (r *rehearsal) editAll(change func(*services.Service)) {
	change(&r.stages.app.Catalog.Services[0])
	change(&r.stages.app.Catalog.Monolith)
}

// changed are the types of the resources that a deployment changes in a stack.
func (r *rehearsal) changed(stage *assembly.Stage, stack string) []string {
	var types []string
	for _, c := range r.account.Changes(stage, stack) {
		types = append(types, string(c.Action)+" "+c.Type())
	}
	return types
}

// A live service and the monolith get another port, health check, size and image under
// load. Everything that they run on stays or is updated in place, and no request is lost.
func TestChangeOfALiveProgramLosesNoRequest(t *testing.T) {
	r := newFixtureRehearsal(t)
	live := r.goLive(t)
	for _, change := range []struct {
		name string
		edit func(*services.Service)
		// what is what must change in both stacks.
		what string
		// rolls is whether all tasks are replaced.
		rolls bool
	}{
		{"container port", func(s *services.Service) { s.Port = 9090 }, "UPDATE AWS::ECS::Service", true},
		{
			"health check", func(s *services.Service) { s.Health.Path = program.HealthPath },
			"UPDATE AWS::ElasticLoadBalancingV2::TargetGroup", false,
		},
		{"size", func(s *services.Service) { s.CPU, s.Memory = 1024, 4096 }, "UPDATE AWS::ECS::Service", true},
		{
			"image", func(s *services.Service) { s.Image.Program = "test/internal/fixture/program/second" },
			"UPDATE AWS::ECS::Service", true,
		},
	} {
		r.editAll(change.edit)
		live.name = change.name
		stage := r.staged(t, live)
		for _, stack := range []string{"Alpha", "Legacy"} {
			assert.Contains(t, r.changed(stage, stack), change.what, "%s of %s", change.name, stack)
		}
		before := r.healthy("alpha", "legacy")
		require.NoError(t, r.take(t.Context(), live, stage), change.name)
		step := r.report.Steps[len(r.report.Steps)-1]
		assert.Positive(t, step.Requests, change.name)
		assert.Empty(t, step.Unexplained, change.name)
		after := r.healthy("alpha", "legacy")
		if !change.rolls {
			assert.Equal(t, before, after, change.name)
			continue
		}
		for _, task := range after {
			assert.NotContains(t, before, task, change.name)
		}
	}
	_, _, body, err := read(t.Context(), r.region.URL()+"/api/alpha/one", "")
	require.NoError(t, err)
	assert.Contains(t, string(body), "second", "the image that answers in the end")
}

// groupPort lets the port of a target group follow an option of its service. A group
// that has no name of its own either is replaced; one of the same name cannot be.
func groupPort(stack string, port int, named bool) edit {
	return edit{stack, func(s *assembly.Stack, resources map[string]any) {
		for _, r := range s.Resources {
			if r.Type != "AWS::ElasticLoadBalancingV2::TargetGroup" {
				continue
			}
			properties := resources[r.LogicalID].(map[string]any)["Properties"].(map[string]any)
			properties["Port"] = port
			if !named {
				delete(properties, "Name")
			}
		}
	}}
}

// A target group that is replaced under a live path loses requests, of a service and of
// the monolith: the old tasks leave the old group before the live rule does.
func TestReplacedTargetGroupLosesRequests(t *testing.T) {
	r := newFixtureRehearsal(t)
	live := r.goLive(t)
	r.editAll(func(s *services.Service) { s.Port = 9090 })
	stage := r.staged(t, live, groupPort("Alpha", 9090, false), groupPort("Legacy", 9090, false))
	require.NoError(t, r.take(t.Context(), live, stage))
	lost := strings.Join(r.report.Steps[len(r.report.Steps)-1].Unexplained, "\n")
	for _, path := range []string{"/api/alpha/one", "/settings"} {
		assert.Contains(t, lost, "GET "+path+": status 503", "mutant passed the check")
	}
}

// A target group cannot be replaced under its name: the deployment is rolled back, and no
// request is lost.
func TestReplacedTargetGroupOfTheSameNameIsRefused(t *testing.T) {
	r := newFixtureRehearsal(t)
	live := r.goLive(t)
	r.editAll(func(s *services.Service) { s.Port = 9090 })
	stage := r.staged(t, live, groupPort("Alpha", 9090, true))
	began := time.Now()
	err := r.deploy(t.Context(), stage)
	require.ErrorContains(t, err, "stack Alpha: ")
	require.ErrorContains(t, err, "a target group with the same name", "mutant passed the check")
	require.ErrorContains(t, err, "rolled back")
	records := r.load.Between(began, time.Now())
	assert.NotEmpty(t, records)
	assert.Empty(t, failuresOf(records))
}

// desiring gives a stack's service a number of tasks to begin with.
func desiring(stack string, tasks int) edit {
	return edit{stack, func(s *assembly.Stack, resources map[string]any) {
		resources[serviceOf(s)].(map[string]any)["Properties"].(map[string]any)["DesiredCount"] = tasks
	}}
}

// A service opens on one task: CloudFormation creates it with one, and nothing waits for
// scaling, which brings it to its minimum afterwards.
func TestFirstCreationOpensOnOneTask(t *testing.T) {
	for name, test := range map[string]struct {
		edits []edit
		want  int
	}{
		"as it ships":          {nil, 1},
		"with a desired count": {[]edit{desiring("Alpha", 2)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixtureRehearsal(t)
			r.goLive(t, test.edits...)
			assert.Equal(t, test.want, r.opened.of("alpha"))
			require.Equal(t, 2, r.catalog.Services[0].Scaling.Min)
			require.NoError(t, poll(t.Context(), func() bool { return len(r.healthy("alpha")) == 2 }))
		})
	}
}

// A rule without a service behind it opens on no task.
func TestOpenings(t *testing.T) {
	r := &rehearsal{catalog: fixtureCatalog(t), region: &region.Region{}}
	e := cloudformation.Event{
		Stack: "Alpha", Type: "AWS::ElasticLoadBalancingV2::ListenerRule", Action: cloudformation.Create, Status: cloudformation.Complete,
	}
	r.opened.note("alpha", 7)
	for _, other := range []cloudformation.Event{
		{Stack: e.Stack, Type: e.Type, Action: e.Action, Status: cloudformation.Started},
		{Stack: e.Stack, Type: e.Type, Action: cloudformation.Update, Status: e.Status},
		{Stack: e.Stack, Type: "AWS::ECS::Service", Action: e.Action, Status: e.Status},
		{Stack: "Legacy", Type: e.Type, Action: e.Action, Status: e.Status},
	} {
		r.observe(other)
		assert.Equal(t, 7, r.opened.of("alpha"), "%+v", other)
	}
	r.observe(e)
	assert.Zero(t, r.opened.of("alpha"))
}
