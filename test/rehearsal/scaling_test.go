package main

import (
	"strings"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
)

// The service that is loaded scales by its own policy, and alone. Where its target
// is out of reach the rehearsal finds that it does not, and where that of another
// is too close it finds that one.
func TestScaling(t *testing.T) {
	fast, slow := region.Clock{Startup: 100 * time.Millisecond, Speed: 100}, region.Clock{Startup: 100 * time.Millisecond, Speed: 20}
	for name, test := range map[string]struct {
		edits []edit
		clock region.Clock
		wrong string
	}{
		"as it ships":                {nil, slow, ""},
		"a target out of reach":      {[]edit{policies("Users", func(p map[string]any) { tracking(p)["TargetValue"] = 1000000 })}, fast, "users has 2 healthy tasks"},
		"a target that is too close": {[]edit{policies("Threads", func(p map[string]any) { tracking(p)["TargetValue"] = 1 })}, fast, "threads: 2 → 10 tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRehearsalAt(t, test.clock)
			steps := walk(r.catalog)
			stage, err := r.stages.make(steps[len(steps)-1], test.edits...)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.deploy(t.Context(), stage); err != nil {
				t.Fatal(err)
			}
			if err := newTraffic(r.region.URL(), r.ledger).seed(); err != nil {
				t.Fatal(err)
			}
			if err := r.scaling(t.Context()); err != nil {
				t.Fatal(err)
			}
			var wrong []string
			for _, s := range r.report.Scaling {
				wrong = append(wrong, s.Unexplained...)
				if s.Requests == 0 {
					t.Errorf("nobody asked %s", s.Service)
				}
			}
			if found := strings.Join(wrong, "\n"); (test.wrong == "") != (found == "") || !strings.Contains(found, test.wrong) {
				t.Errorf("%q, want %q", found, test.wrong)
			}
		})
	}
}

// policies changes the properties of a stack's scaling policies.
func policies(stack string, change func(properties map[string]any)) edit {
	return edit{stack, func(s *assembly.Stack, resources map[string]any) {
		for _, r := range s.Resources {
			if r.Type == "AWS::ApplicationAutoScaling::ScalingPolicy" {
				change(resources[r.LogicalID].(map[string]any)["Properties"].(map[string]any))
			}
		}
	}}
}

func tracking(properties map[string]any) map[string]any {
	return properties["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
}

// What scaled and what failed is judged by the catalog.
func TestScalingIsJudged(t *testing.T) {
	s := services.Service{Name: "users", Scaling: services.Scaling{Min: 2, Max: 10, RequestsPerTarget: 6000}}
	if loaded, other := rateOf(s, true), rateOf(s, false); loaded != 250 || other != 100 {
		t.Errorf("%d and %d requests a second, want 250 and 100", loaded, other)
	}
	one, two := region.Activity{Service: "users", From: 2, To: 3}, region.Activity{Service: "users", From: 2, To: 4}
	right := []load.Record{{Path: "/api/users", Status: 200}}
	for name, test := range map[string]struct {
		scales     bool
		after      []string
		activities []region.Activity
		records    []load.Record
		wrong      int
	}{
		"as it should be":      {true, []string{"a", "b", "c"}, []region.Activity{one, {Service: "posts", To: 9}}, right, 0},
		"not loaded":           {false, []string{"a", "b"}, nil, right, 0},
		"did not scale":        {true, []string{"a", "b"}, nil, right, 1},
		"scaled too far":       {true, []string{"a", "b", "c", "d"}, []region.Activity{two}, right, 2},
		"not loaded, scaled":   {false, []string{"a", "b", "c"}, []region.Activity{one}, right, 2},
		"asked for, not there": {false, []string{"a", "b"}, []region.Activity{one}, right, 1},
		"a task was replaced":  {false, []string{"a", "c"}, nil, right, 1},
		"a request failed":     {true, []string{"a", "b", "c"}, []region.Activity{one}, []load.Record{{Failure: "failed"}}, 1},
	} {
		if got := scalingOf(s, test.scales, []string{"a", "b"}, test.after, test.activities, test.records); len(got.Unexplained) != test.wrong {
			t.Errorf("%s: %q, want %d", name, got.Unexplained, test.wrong)
		}
	}
}
