package test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// changed are the stacks whose templates differ, byte by byte, or that only one
// of the two has.
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

func TestChangeTouchesOneService(t *testing.T) {
	fourth := services.Service{
		Name: "fourth", Image: services.Image{Program: "services/fixture/cmd/alpha"},
		Paths: []string{"/fourth"}, Priority: 24999,
		Table: &services.Table{PartitionKey: "id"},
	}
	live := at(t, situation{"live", services.Serving})
	for name, test := range map[string]struct {
		change change
		want   []string
	}{
		"a fourth service":          {addService(fourth, "dark"), []string{"Data", "Fourth", "Legacy", "Watch"}},
		"a strangled fourth":        {addService(fourth, "strangled"), []string{"Data", "Fourth", "Watch"}},
		"size":                      {editService("beta", func(s *services.Service) { s.CPU, s.Memory = 4096, 8192 }), []string{"Beta"}},
		"what it was of the legacy": {editService("beta", func(s *services.Service) { s.MonolithPercent = 1 }), nil},
		"its budget":                {editService("beta", func(s *services.Service) { s.MonthlyBudget = 70 }), []string{"Beta"}},
		"its alarms":                {editService("beta", func(s *services.Service) { s.Alarms.ErrorPercent = 5 }), []string{"Beta"}},
		"environment":               {editService("beta", func(s *services.Service) { s.Environment = map[string]string{"GREETING": "hello"} }), []string{"Beta"}},
		"an index":                  {editService("beta", func(s *services.Service) { s.Table = &services.Table{PartitionKey: "id"} }), []string{"Data", "Legacy", "Beta"}},
		"the legacy's size":         {editService("legacy", func(s *services.Service) { s.CPU, s.Memory = 4096, 8192 }), []string{"Legacy"}},
	} {
		if got := changed(live, assemble(t, everyoneAt("live", services.Serving), test.change)); !slices.Equal(got, test.want) {
			t.Errorf("%s changes %v, want %v", name, got, test.want)
		}
	}
}

// Every way to scale a service is its own, and so are all together of the monolith.
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
	live := at(t, situation{"live", services.Serving})
	changedBy := func(service string, edit func(*services.Service)) []string {
		return changed(live, assemble(t, everyoneAt("live", services.Serving), editService(service, edit)))
	}
	for name, edit := range edits {
		if got := changedBy("beta", func(s *services.Service) { edit(&s.Scaling) }); !slices.Equal(got, []string{"Beta"}) {
			t.Errorf("%s of beta changes %v, want Beta", name, got)
		}
	}
	all := func(s *services.Service) {
		for _, edit := range edits {
			edit(&s.Scaling)
		}
	}
	if got := changedBy("legacy", all); !slices.Equal(got, []string{"Legacy"}) {
		t.Errorf("scaling the legacy changes %v, want Legacy", got)
	}
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
				if got := changed(stages[before], stages[after]); !slices.Equal(got, want) {
					t.Errorf("beta from %s to %s, the others %s: changes %v, want %v", before, after, others, got, want)
				}
			}
		}
	}
}

func share(t *testing.T, word string) int {
	t.Helper()
	phase, err := services.ParsePhase(word)
	if err != nil {
		t.Fatal(err)
	}
	return phase.Share
}

// The monolith's own phase moves no other stack.
func TestMonolithPhaseChangesItsOwnStack(t *testing.T) {
	for _, test := range []struct{ before, after situation }{
		{situation{"live", services.Serving}, situation{"live", services.Drained}},
		{situation{"strangled", services.Serving}, situation{"strangled", services.Drained}},
		{situation{"strangled", services.Drained}, situation{"strangled", services.Retired}},
	} {
		if got := changed(at(t, test.before), at(t, test.after)); !slices.Equal(got, []string{"Legacy"}) {
			t.Errorf("%v to %v changes %v, want Legacy", test.before, test.after, got)
		}
	}
}

// Reading an assembly fails on an import without an export, so a situation that
// can be read has none. The other way round, an output that nobody reads is left
// over, but for the monolith's target group, which stays exported on purpose,
// and the addresses that people read.
func TestNothingDangles(t *testing.T) {
	for _, s := range situations {
		for _, stack := range at(t, s).Stacks {
			for _, output := range stack.Outputs {
				pinned := stack.ID == "Legacy" && output.Export != "" || stack.ID == "Edge" && output.ID == "Url" || stack.ID == "Watch" && output.ID == "DashboardUrl"
				if len(output.ReadBy) == 0 && !pinned {
					t.Errorf("%v: nobody reads %s of %s", s, output.ID, stack.ID)
				}
			}
		}
	}
	if _, ok := at(t, situation{"strangled", services.Retired}).Stack("Legacy"); ok {
		t.Error("a retired legacy still has a stack")
	}
}

// The monolith's target group is exported in every phase, always under one name:
// CloudFormation neither takes away an export in use nor misses one.
func TestMonolithExportIsPinned(t *testing.T) {
	names := map[string]bool{}
	for _, s := range situations {
		monolith, ok := at(t, s).Stack("Legacy")
		if !ok {
			continue
		}
		if len(monolith.Outputs) != 1 || monolith.Outputs[0].Export == "" {
			t.Fatalf("%v: outputs of the legacy: %v, want one export", s, monolith.Outputs)
		}
		names[monolith.Outputs[0].Export] = true
		if readers := monolith.Outputs[0].ReadBy; (s.phase == "25%") != (len(readers) > 0) {
			t.Errorf("%v: imported by %v", s, readers)
		}
	}
	if len(names) != 1 {
		t.Errorf("the export has %d names: %v", len(names), names)
	}
}
