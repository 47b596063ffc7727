//go:build unix

package main

import (
	"os"
	"testing"
	"time"

	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/inputs"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/internal/synth"
)

func TestMain(m *testing.M) {
	var err error
	if staging, err = os.MkdirTemp("", "rehearsal-test-"); err != nil {
		panic(err)
	}
	status := m.Run()
	jsii.Close()
	os.RemoveAll(staging)
	os.Exit(status)
}

// staging is where images are staged, outside of the module: the go command keeps the result of
// tests only while no folder in the module that they open changes.
var staging string

// shippedApp is the app as it ships, with images staged for the tests.
func shippedApp(t *testing.T) *synth.App {
	t.Helper()
	app, err := synth.Shipped("../..")
	require.NoError(t, err)
	app.Staging = staging
	return app
}

// newTestRehearsal is one of the shipped app, at a speed for tests.
func newTestRehearsal(t *testing.T) *rehearsal {
	return newTestRehearsalAt(t, region.Clock{Startup: 300 * time.Millisecond, Speed: 20})
}

func newTestRehearsalAt(t *testing.T, clock region.Clock) *rehearsal {
	t.Helper()
	catalog, kinds := exampleKinds(t)
	return newRehearsalOf(t, shippedApp(t), catalog, kinds, clock)
}

// newRehearsalOf is one of an app of this module.
func newRehearsalOf(t *testing.T, app *synth.App, catalog services.Catalog, kinds traffic.Traffic, clock region.Clock) *rehearsal {
	t.Helper()
	inputs.Watch(t, "../../services", "../internal/fixture", "../internal/region/testdata")
	logs := newLogs(kinds)
	region, err := region.New("../..", clock, logs.read)
	require.NoError(t, err)
	t.Cleanup(region.Close)
	out, err := os.Open(os.DevNull)
	require.NoError(t, err)
	screen := newScreen(out, "")
	t.Cleanup(func() {
		screen.close()
		out.Close()
	})
	r := &rehearsal{
		catalog: catalog,
		kinds:   kinds,
		stages:  &stages{app: app, scratch: t.TempDir()},
		region:  region,
		ledger:  newLedger(),
		logs:    logs,
		report: &Report{
			Rate: 250, StartupSeconds: clock.Startup.Seconds(), PropagationSeconds: clock.Propagation.Seconds(), Speed: clock.Speed,
		},
		screen: screen,
		probe:  quiet,
	}
	t.Cleanup(r.stages.begun.Wait)
	r.account = cloudformation.New(region, r.observe)
	return r
}

// unordered takes from the live rule its dependency on the service.
func unordered(stack string) edit {
	return edit{stack, func(s *assembly.Stack, resources map[string]any) { unorderLiveRule(s, resources) }}
}

// A rehearsal that cannot fail proves nothing: of two first deployments straight
// to live, the one whose live rule does not wait for the service loses requests,
// and the one as it ships loses none.
func TestWrongTemplateIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(stack string) edit
		lost bool
	}{
		"as it ships":                         {nil, false},
		"live rule without its dependency":    {unordered, true},
		"service that waits for its own rule": {textbookOrder, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRehearsal(t)
			first := r.catalog.Services[0]
			r.only = first.Name
			require.NoError(t, r.open(t.Context(), r.report.Rate))
			defer r.load.Stop()
			var edits []edit
			if test.edit != nil {
				edits = append(edits, test.edit(first.ID()))
			}
			live := start(r.catalog).with(first.Name, "live")
			stage, err := r.stages.make(live, edits...)
			require.NoError(t, err)
			require.NoError(t, r.take(t.Context(), live, stage))
			step := r.report.Steps[0]
			assert.Positive(t, step.Requests)
			if !test.lost {
				assert.Empty(t, step.Unexplained)
				return
			}
			require.NotEmpty(t, step.Unexplained, "mutant passed the check")
			assert.Contains(t, step.Unexplained[0], first.Patterns()[0])
		})
	}
}
