package services

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// bounds are what the monolith scales between when some services are strangled
// and the others live.
func bounds(t *testing.T, min, max, strangled int, monolith MonolithPhase) string {
	t.Helper()
	raw := sample()
	raw.Monolith.Scaling = Scaling{Min: min, Max: max}
	c, err := raw.Complete()
	if err != nil {
		t.Fatal(err)
	}
	m := Migration{Services: map[string]Phase{}, Monolith: monolith}
	for i, s := range c.Services {
		if m.Services[s.Name] = Live; i < strangled {
			m.Services[s.Name] = Strangled
		}
	}
	got := MonolithScaling(c, m)
	return fmt.Sprintf("%d to %d", got.Min, got.Max)
}

// Of the catalog's monolith, alpha were 20 %, beta 25 %, gamma 30 %, the rest 25 %.
func TestMonolithShrinksWithWhatHasLeftIt(t *testing.T) {
	for _, test := range []struct {
		min, max, strangled int
		monolith            MonolithPhase
		want                string
	}{
		{0, 0, 0, Serving, "2 to 10"},
		{0, 0, 1, Serving, "2 to 8"},
		{0, 0, 2, Serving, "2 to 6"},
		{0, 0, 3, Serving, "2 to 3"},
		{0, 0, 0, Drained, "2 to 10"},
		{0, 0, 2, Drained, "2 to 6"},
		{0, 0, 3, Drained, "1 to 3"},
		{8, 40, 1, Serving, "7 to 32"},
		{8, 40, 3, Serving, "2 to 10"},
		{8, 40, 3, Drained, "1 to 10"},
		{1, 1, 3, Serving, "1 to 1"},
		{1, 4, 3, Serving, "1 to 1"},
	} {
		if got := bounds(t, test.min, test.max, test.strangled, test.monolith); got != test.want {
			t.Errorf("%d to %d with %d strangled, %s: %s, want %s", test.min, test.max, test.strangled, test.monolith, got, test.want)
		}
	}
}

// No phase but strangled takes a task from the monolith, and none gives it more
// than the catalog does, at any time of the schedule.
func TestMonolithScalingIsAFunctionOfWhatIsStrangled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := sample()
		low := rapid.IntRange(1, 20).Draw(t, "min")
		raw.Monolith.Scaling = Scaling{Min: low, Max: low + rapid.IntRange(0, 50).Draw(t, "more")}
		raw.Monolith.Scaling.Schedule = []ScheduledBounds{{Name: "Noon", Cron: noon, Min: low, Max: raw.Monolith.Scaling.Max}}
		c, err := raw.Complete()
		if err != nil {
			t.Fatal(err)
		}
		m := Migration{Services: map[string]Phase{}, Monolith: Serving}
		for _, s := range c.Services {
			m.Services[s.Name] = rapid.SampledFrom([]Phase{Dark, {Share: 40}, Live, Strangled}).Draw(t, s.Name)
		}
		got := MonolithScaling(c, m)
		if noon := got.Schedule[0]; noon.Min != got.Min || noon.Max != got.Max {
			t.Errorf("%d to %d, but %d to %d at noon", got.Min, got.Max, noon.Min, noon.Max)
		}
		if got.Min > c.Monolith.Scaling.Min || got.Max > c.Monolith.Scaling.Max || got.Max < got.Min || got.Min < min(low, 2) {
			t.Errorf("%d to %d of %d to %d", got.Min, got.Max, c.Monolith.Scaling.Min, c.Monolith.Scaling.Max)
		}
		for _, s := range c.Services {
			before := m.Services[s.Name]
			m.Services[s.Name] = Live
			if back := MonolithScaling(c, m); before.Strangled && back.Max < got.Max || !before.Strangled && back.Max != got.Max {
				t.Errorf("%s from %s to live takes the monolith from %d to %d tasks", s.Name, before, got.Max, back.Max)
			}
			m.Services[s.Name] = before
		}
		if c.Monolith.Scaling.Schedule[0].Max != raw.Monolith.Scaling.Max {
			t.Error("the catalog has changed")
		}
	})
}

func TestLowestIsThatOfTheSchedule(t *testing.T) {
	s := Scaling{Min: 3, Schedule: []ScheduledBounds{{Min: 8}, {Min: 1}, {Min: 2}}}
	if got := s.Lowest(); got != 1 {
		t.Errorf("Lowest = %d, want 1", got)
	}
	if got := (Scaling{Min: 3}).Lowest(); got != 3 {
		t.Errorf("Lowest = %d, want 3", got)
	}
}
