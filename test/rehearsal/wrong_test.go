package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/internal/synth"
)

func TestMain(m *testing.M) {
	status := m.Run()
	jsii.Close()
	os.Exit(status)
}

// newTestRehearsal is one of the shipped app, at a speed for tests.
func newTestRehearsal(t *testing.T) *rehearsal {
	return newTestRehearsalAt(t, region.Clock{Startup: 300 * time.Millisecond, Speed: 20})
}

func newTestRehearsalAt(t *testing.T, clock region.Clock) *rehearsal {
	t.Helper()
	app, err := synth.Shipped("../..")
	if err != nil {
		t.Fatal(err)
	}
	var logs logs
	region, err := region.New("../..", clock, logs.read)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(region.Close)
	out, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	screen := newScreen(out, "")
	t.Cleanup(func() {
		screen.close()
		out.Close()
	})
	return &rehearsal{
		catalog: completeForum(t),
		stages:  &stages{app: app, scratch: t.TempDir()},
		region:  region,
		account: cloudformation.New(region, nil),
		ledger:  newLedger(),
		logs:    &logs,
		report:  &Report{Rate: 500, StartupSeconds: clock.Startup.Seconds(), Speed: clock.Speed},
		screen:  screen,
	}
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
		edits []edit
		lost  bool
	}{
		"as it ships":                         {nil, false},
		"live rule without its dependency":    {[]edit{unordered("Users")}, true},
		"service that waits for its own rule": {[]edit{textbookOrder("Users")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRehearsal(t)
			if err := r.open(t.Context(), r.report.Rate); err != nil {
				t.Fatal(err)
			}
			defer r.load.Stop()
			live := start(r.catalog).with("users", "live")
			stage, err := r.stages.make(live, test.edits...)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.take(t.Context(), live, stage); err != nil {
				t.Fatal(err)
			}
			step := r.report.Steps[0]
			if lost := len(step.Unexplained) > 0; lost != test.lost || step.Requests == 0 {
				t.Errorf("of %d requests failed: %q", step.Requests, step.Unexplained)
			}
			if test.lost && !strings.Contains(step.Unexplained[0], "/api/users") {
				t.Errorf("%q, want a path of users", step.Unexplained[0])
			}
		})
	}
}

var _ load.Traffic = (*traffic)(nil)
