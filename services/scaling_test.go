package services

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// bounds are what the monolith scales between when some services are strangled
// and the others live.
func bounds(t *testing.T, min, max, strangled int, monolith MonolithPhase) string {
	t.Helper()
	raw := sample()
	raw.Monolith.Scaling = Scaling{Min: min, Max: max}
	c, err := raw.Complete()
	require.NoError(t, err)
	m := Migration{Services: map[string]Phase{}, Monolith: monolith}
	for i, s := range c.Services {
		if m.Services[s.Name] = Live; i < strangled {
			m.Services[s.Name] = Strangled
		}
	}
	got := MonolithScaling(c, m)
	return fmt.Sprintf("%d to %d", got.Min, got.Max)
}

// Of the load of the sample's monolith alpha was 20 %, beta 25 %, gamma 30 %, the rest 25 %.
func TestMonolithShrinksByWhatIsStrangled(t *testing.T) {
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
		got := bounds(t, test.min, test.max, test.strangled, test.monolith)
		assert.Equal(t, test.want, got, "%d to %d with %d strangled, %s", test.min, test.max, test.strangled, test.monolith)
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
		require.NoError(t, err)
		m := Migration{Services: map[string]Phase{}, Monolith: Serving}
		for _, s := range c.Services {
			m.Services[s.Name] = rapid.SampledFrom([]Phase{Dark, {Share: 40}, Live, Strangled}).Draw(t, s.Name)
		}
		got := MonolithScaling(c, m)
		assert.Equal(t, got.Min, got.Schedule[0].Min, "at noon")
		assert.Equal(t, got.Max, got.Schedule[0].Max, "at noon")
		assert.LessOrEqual(t, got.Min, c.Monolith.Scaling.Min)
		assert.LessOrEqual(t, got.Max, c.Monolith.Scaling.Max)
		assert.LessOrEqual(t, got.Min, got.Max)
		assert.GreaterOrEqual(t, got.Min, min(low, 2))
		for _, s := range c.Services {
			before := m.Services[s.Name]
			m.Services[s.Name] = Live
			if back := MonolithScaling(c, m); before.Strangled {
				assert.GreaterOrEqual(t, back.Max, got.Max, "%s from %s to live", s.Name, before)
			} else {
				assert.Equal(t, got.Max, back.Max, "%s from %s to live", s.Name, before)
			}
			m.Services[s.Name] = before
		}
		assert.Equal(t, raw.Monolith.Scaling.Max, c.Monolith.Scaling.Schedule[0].Max, "the catalog's own")
	})
}

func TestLowestCountsTheSchedule(t *testing.T) {
	s := Scaling{Min: 3, Schedule: []ScheduledBounds{{Min: 8}, {Min: 1}, {Min: 2}}}
	assert.Equal(t, 1, s.Lowest())
	assert.Equal(t, 3, Scaling{Min: 3}.Lowest())
}
