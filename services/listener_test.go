package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rules of a listener with others are those of one of its own, with other priorities,
// and an external monolith has none.
func TestPlanOfAListener(t *testing.T) {
	c := completed(t)
	m := mostRules(c)
	plain := Plan(c, m, []string{"10.0.0.0/16"})
	own := Listener{PreviewFrom: []string{"10.0.0.0/16"}}
	assert.Equal(t, plain, own.Plan(c, m))

	moved := Listener{PreviewFrom: []string{"10.0.0.0/16"}, Preview: 10, Live: 1000, Monolith: "arn"}.Plan(c, m)
	assert.NotContains(t, moved, c.Monolith.Name)
	require.Len(t, moved, len(c.Services))
	for _, s := range c.Services {
		want := plain[s.Name]
		want.Preview[0].Priority = s.Priority + 10
		for i := range want.Live {
			want.Live[i].Priority = s.Priority + 1000
			assert.Equal(t, c.Monolith.Name, want.Live[i].Forward[1].Service, "the rest of a share")
		}
		assert.Equal(t, want, moved[s.Name])
	}
}

// Every preview rule is before every live one, and priorities end at 50000.
func TestPrioritiesOfAListener(t *testing.T) {
	c := completed(t) // priorities 100 to 300
	for name, test := range map[string]struct {
		listener Listener
		want     string
	}{
		"none":         {Listener{}, ""},
		"moved":        {Listener{Preview: 40, Live: 1000, Monolith: "arn"}, ""},
		"side by side": {Listener{Preview: 0, Live: 250, Monolith: "arn"}, ""},
		"the last":     {Listener{Preview: 0, Live: 49700, Monolith: "arn"}, ""},
		"too high": {Listener{Live: 49701, Monolith: "arn"},
			`services: live rule of "gamma" (priority 50001): the last priority is 50000: ` +
				`lower listener.priorities.live from 49701 to 49700 at most`},
		"among each other": {Listener{Live: 150, Monolith: "arn"},
			`services: live rule of "alpha" (priority 250) comes before preview rule of "gamma" (priority 300): ` +
				`raise listener.priorities.live above every preview rule`},
	} {
		if err := test.listener.Lint(c); test.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.EqualError(t, err, test.want, name)
		}
	}
}

// A catalog may leave it to its environments where the monolith runs.
func TestMonolithWithoutAnImage(t *testing.T) {
	c := sample()
	c.Monolith.Image = Image{}
	_, err := c.Complete()
	assert.NoError(t, err)
	c.Monolith.Image = Image{Program: "a", Folder: "b"}
	_, err = c.Complete()
	assert.ErrorContains(t, err, "2 sources")
}
