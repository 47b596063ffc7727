//go:build unix

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
)

// The service that is loaded scales by its own policy, and alone. Where its target
// is out of reach the rehearsal finds that it does not, and where that of the last
// service is too close it finds that one. A task takes a quarter of the requests of the
// example's, so that the load leaves two cores time for the tests of other packages.
func TestScaling(t *testing.T) {
	catalog, _ := exampleKinds(t)
	first, last := catalog.Services[0], catalog.Services[len(catalog.Services)-1]
	target := func(s services.Service, value int) []edit {
		return []edit{policies(s.ID(), func(p map[string]any) { tracking(p)["TargetValue"] = value })}
	}
	fast, slow := region.Clock{Startup: 100 * time.Millisecond, Speed: 50}, region.Clock{Startup: 100 * time.Millisecond, Speed: 40}
	for name, test := range map[string]struct {
		edits []edit
		clock region.Clock
		wrong string
	}{
		"as it ships":                {nil, slow, ""},
		"a target out of reach":      {target(first, 1000000), fast, first.Name + " has 2 healthy tasks"},
		"a target that is too close": {target(last, 1), fast, last.Name + ": 2 → "},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestRehearsalAt(t, test.clock)
			for _, all := range [][]services.Service{r.catalog.Services, r.stages.app.Catalog.Services} {
				for i := range all {
					all[i].Scaling.RequestsPerTarget = 1500
				}
			}
			steps := walk(r.catalog, r.rehearsed())
			stage, err := r.stages.make(steps[len(steps)-1], test.edits...)
			require.NoError(t, err)
			require.NoError(t, r.deploy(t.Context(), stage))
			require.NoError(t, seed(r.region.URL(), r.kinds, r.ledger))
			require.NoError(t, r.scaling(t.Context()))
			var wrong []string
			for _, s := range r.report.Scaling {
				wrong = append(wrong, s.Unexplained...)
				assert.Positive(t, s.Requests, "requests to %s", s.Service)
			}
			if test.wrong == "" {
				assert.Empty(t, wrong)
			} else {
				assert.Contains(t, strings.Join(wrong, "\n"), test.wrong)
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
	s := services.Service{Name: "alpha", Scaling: services.Scaling{Min: 2, Max: 10, RequestsPerTarget: 6000}}
	assert.Equal(t, 250, rateOf(s, true), "requests a second to a service that scales")
	assert.Equal(t, 100, rateOf(s, false), "requests a second to another")
	one, two := region.Activity{Service: "alpha", From: 2, To: 3}, region.Activity{Service: "alpha", From: 2, To: 4}
	right := []load.Record{{Path: "/api/alpha", Status: 200}}
	for name, test := range map[string]struct {
		scales     bool
		after      []string
		activities []region.Activity
		records    []load.Record
		wrong      int
	}{
		"as it should be":      {true, []string{"a", "b", "c"}, []region.Activity{one, {Service: "gamma", To: 9}}, right, 0},
		"not loaded":           {false, []string{"a", "b"}, nil, right, 0},
		"did not scale":        {true, []string{"a", "b"}, nil, right, 1},
		"scaled too far":       {true, []string{"a", "b", "c", "d"}, []region.Activity{two}, right, 2},
		"not loaded, scaled":   {false, []string{"a", "b", "c"}, []region.Activity{one}, right, 2},
		"asked for, not there": {false, []string{"a", "b"}, []region.Activity{one}, right, 1},
		"a task was replaced":  {false, []string{"a", "c"}, nil, right, 1},
		"a request failed":     {true, []string{"a", "b", "c"}, []region.Activity{one}, []load.Record{{Failure: "failed"}}, 1},
	} {
		got := scalingOf(s, test.scales, []string{"a", "b"}, test.after, test.activities, test.records)
		assert.Len(t, got.Unexplained, test.wrong, name)
	}
}
