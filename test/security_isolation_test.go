package test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// changed are the stacks whose templates differ in a byte, or that only one of the
// two stages has.
func changed(before, after *assembly.Stage) []string {
	var ids []string
	for _, stack := range before.Stacks {
		if other, ok := after.Stack(stack.ID); !ok || !bytes.Equal(stack.Text, other.Text) {
			ids = append(ids, stack.ID)
		}
	}
	for _, stack := range after.Stacks {
		if _, ok := before.Stack(stack.ID); !ok {
			ids = append(ids, stack.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// A change of one service leaves every other template as it is, byte by byte, but for
// the tables, the dashboard and what the monolith may do with a new table.
func TestChangeTouchesOneService(t *testing.T) {
	fourth := services.Service{
		Name: "fourth", Image: services.Image{Registry: fixture.Registry + "fourth:1.0"},
		Paths: []string{"/fourth"}, Priority: 24999,
		Table: &services.Table{PartitionKey: "id"},
	}
	live := at(t, allLive)
	for name, test := range map[string]struct {
		change change
		want   []string
	}{
		"a fourth service":        {addService(fourth, "dark"), []string{"Data", "Fourth", "Legacy", "Watch"}},
		"a strangled fourth":      {addService(fourth, "strangled"), []string{"Data", "Fourth", "Watch"}},
		"size":                    {editService("beta", func(s *services.Service) { s.CPU, s.Memory = 4096, 8192 }), []string{"Beta"}},
		"its share of the legacy": {editService("beta", func(s *services.Service) { s.MonolithPercent = 1 }), nil},
		"its budget":              {editService("beta", func(s *services.Service) { s.MonthlyBudget = 70 }), []string{"Beta"}},
		"its alarms":              {editService("beta", func(s *services.Service) { s.Alarms.ErrorPercent = 5 }), []string{"Beta"}},
		"environment": {editService("beta", func(s *services.Service) {
			s.Environment = map[string]string{"GREETING": "hello"}
		}), []string{"Beta"}},
		"an index": {editService("beta", func(s *services.Service) {
			s.Table = &services.Table{PartitionKey: "id"}
		}), []string{"Data", "Legacy", "Beta"}},
		"the legacy's size": {editService("legacy", func(s *services.Service) { s.CPU, s.Memory = 4096, 8192 }), []string{"Legacy"}},
	} {
		got := changed(live, assemble(t, everyoneAt("live", services.Serving), test.change))
		assert.ElementsMatch(t, test.want, got, "stacks that %s changes", name)
	}
}

// Every field of a service's scaling changes the service's own stack alone, and so do
// all fields together of the monolith's.
func TestScalingOneServiceChangesOneTemplate(t *testing.T) {
	edits := map[string]func(*services.Scaling){
		"minimum":              func(s *services.Scaling) { s.Min = 3 },
		"maximum":              func(s *services.Scaling) { s.Max = 20 },
		"CPU":                  func(s *services.Scaling) { s.CPUPercent = 40 },
		"requests":             func(s *services.Scaling) { s.RequestsPerTarget = 100 },
		"cooldown after more":  func(s *services.Scaling) { s.OutCooldown = 30 * time.Second },
		"cooldown after fewer": func(s *services.Scaling) { s.InCooldown = time.Minute },
		"schedule":             func(s *services.Scaling) { s.Schedule = morning },
		"Spot":                 func(s *services.Scaling) { s.SpotPercent = 50 },
		"metrics every 20 s":   func(s *services.Scaling) { s.HighResolution = true },
		"forecast":             func(s *services.Scaling) { s.Predictive = true },
	}
	live := at(t, allLive)
	changedBy := func(service string, edit func(*services.Service)) []string {
		return changed(live, assemble(t, everyoneAt("live", services.Serving), editService(service, edit)))
	}
	for name, edit := range edits {
		got := changedBy("beta", func(s *services.Service) { edit(&s.Scaling) })
		assert.Equal(t, []string{"Beta"}, got, "stacks that %s of beta changes", name)
	}
	all := func(s *services.Service) {
		for _, edit := range edits {
			edit(&s.Scaling)
		}
	}
	assert.Equal(t, []string{"Legacy"}, changedBy("legacy", all), "stacks that the scaling of the legacy changes")
}

// A change of one service's phase changes its own stack, and the monolith's
// where its grant comes or goes, wherever the other services are.
func TestPhaseChangesItsOwnStack(t *testing.T) {
	for _, others := range []string{"dark", "strangled"} {
		stages := map[string]*assembly.Stage{}
		for _, phase := range []string{"dark", "25%", "live", "strangled"} {
			if stages[phase] = at(t, situation{others, services.Serving}); phase != others {
				stages[phase] = assemble(t, everyoneAt(others, services.Serving), contextKey("beta", phase))
			}
		}
		for before := range stages {
			for after := range stages {
				var want []string
				if (before == "strangled") != (after == "strangled") {
					want = append(want, "Legacy")
				}
				if share(t, before) != share(t, after) {
					want = append(want, "Beta")
				}
				got := changed(stages[before], stages[after])
				assert.ElementsMatch(t, want, got, "beta from %s to %s, the others %s", before, after, others)
			}
		}
	}
}

func share(t *testing.T, word string) int {
	t.Helper()
	phase, err := services.ParsePhase(word)
	require.NoError(t, err)
	return phase.Share
}

// The monolith's own phase changes no other stack.
func TestMonolithPhaseChangesItsOwnStack(t *testing.T) {
	for _, test := range []struct{ before, after situation }{
		{allLive, situation{"live", services.Drained}},
		{situation{"strangled", services.Serving}, situation{"strangled", services.Drained}},
		{situation{"strangled", services.Drained}, situation{"strangled", services.Retired}},
	} {
		got := changed(at(t, test.before), at(t, test.after))
		assert.Equal(t, []string{"Legacy"}, got, "%v to %v", test.before, test.after)
	}
}

// Reading an assembly fails on an import without an export, so a situation that can
// be read has none. The other way round, an output that no stack reads is either an
// export that stays on purpose, see TestExportsArePinned, or an address for people.
func TestNothingDangles(t *testing.T) {
	addresses := []string{"Edge/Url", "Watch/DashboardUrl"}
	for _, s := range situations {
		for _, stack := range at(t, s).Stacks {
			for _, output := range stack.Outputs {
				if name := stack.ID + "/" + output.ID; output.Export == "" && !slices.Contains(addresses, name) {
					assert.NotEmpty(t, output.ReadBy, "%v: stacks that read %s", s, name)
				}
			}
		}
	}
	_, ok := at(t, situation{"strangled", services.Retired}).Stack("Legacy")
	assert.False(t, ok, "a retired legacy has a stack")
}

// A stack exports the same in every phase, under the same names, whether another stack
// reads it or not: CloudFormation neither misses an export nor refuses to take away
// one in use.
func TestExportsArePinned(t *testing.T) {
	exports := func(stack *assembly.Stack) map[string]string {
		all := map[string]string{}
		for _, output := range stack.Outputs {
			if output.Export != "" {
				all[output.Export] = output.Value
			}
		}
		return all
	}
	live := at(t, allLive)
	for _, s := range situations {
		for _, stack := range at(t, s).Stacks {
			pinned, ok := live.Stack(stack.ID)
			require.True(t, ok, stack.ID)
			assert.Equal(t, exports(pinned), exports(stack), "%v: exports of %s", s, stack.ID)
			assert.Equal(t, stack.ID != "Omega", len(exports(stack)) > 0, "%v: exports of %s, but not of a worker", s, stack.ID)
		}
	}
}

// The monolith's target group is read by the services that share their paths with it,
// and by no other stack.
func TestMonolithExportIsReadWhereItShares(t *testing.T) {
	for _, s := range situations {
		monolith, ok := at(t, s).Stack("Legacy")
		if !ok {
			continue
		}
		require.Len(t, monolith.Outputs, 1, "%v: outputs of the legacy", s)
		var want []string
		if s.phase == "25%" {
			want = []string{"Alpha", "Beta", "Gamma"}
		}
		assert.ElementsMatch(t, want, monolith.Outputs[0].ReadBy, "%v: stacks that read the legacy's export", s)
	}
}
