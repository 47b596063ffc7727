package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a service takes is the monolith's until that service is strangled, unless the
// monolith itself or another service that is not strangled needs it too.
func TestMonolithIn(t *testing.T) {
	permission := Permission{[]string{"sqs:SendMessage"}, []string{openQueue}}
	both, own := Egress{"10.20.0.0/16", 5432, "database"}, Egress{"10.20.0.0/16", 25, "mail"}
	c := sample()
	c.Monolith.Needs = Needs{Secrets: map[string]Secret{"OWN": {Secret: "own"}}, Egress: []Egress{own}}
	c.Services[0].Takes = Needs{
		Secrets:     map[string]Secret{"FIRST": {Secret: "first"}, "BOTH": {Secret: "both"}, "OWN": {Secret: "own"}},
		Permissions: []Permission{permission}, Egress: []Egress{both, own},
	}
	c.Services[1].Takes = Needs{Secrets: map[string]Secret{"BOTH": {Secret: "both"}}, Egress: []Egress{both}}
	c, err := c.Complete()
	require.NoError(t, err)
	all := map[string]Secret{"OWN": {Secret: "own"}, "FIRST": {Secret: "first"}, "BOTH": {Secret: "both"}}
	for want, strangled := range map[*Needs][]int{
		{all, []Permission{permission}, []Egress{own, both}}:                                            nil,
		{map[string]Secret{"OWN": {Secret: "own"}, "BOTH": {Secret: "both"}}, nil, []Egress{own, both}}: {0},
		{all, []Permission{permission}, []Egress{own, both}}:                                            {1},
		{map[string]Secret{"OWN": {Secret: "own"}}, nil, []Egress{own}}:                                 {0, 1},
	} {
		m := Migration{Services: map[string]Phase{}, Monolith: Serving}
		for _, s := range c.Services {
			m.Services[s.Name] = Live
		}
		for _, i := range strangled {
			m.Services[c.Services[i].Name] = Strangled
		}
		got := MonolithIn(c, m).Needs
		assert.Equal(t, want.Secrets, got.Secrets, "%v", strangled)
		assert.ElementsMatch(t, want.Permissions, got.Permissions, "%v", strangled)
		assert.ElementsMatch(t, want.Egress, got.Egress, "%v", strangled)
		assert.Equal(t, MonolithScaling(c, m), MonolithIn(c, m).Scaling)
	}
	assert.Equal(t, map[string]Secret{"OWN": {Secret: "own"}}, c.Monolith.Needs.Secrets, "the catalog is as it was")
}

func TestTakesRefused(t *testing.T) {
	const takes = `services: "beta" takes from the monolith: `
	secret := func(name, kept string) Needs { return Needs{Secrets: map[string]Secret{name: {Secret: kept}}} }
	for want, change := range map[string]func(*Catalog){
		takes + "variable KEY has another value in the needs of the monolith or of a service before: rename one": func(c *Catalog) {
			c.Monolith.Needs, c.Services[1].Takes = secret("KEY", "a"), secret("KEY", "b")
		},
		takes + "variable LATER has another value in the needs of the monolith or of a service before: rename one": func(c *Catalog) {
			c.Services[0].Takes, c.Services[1].Takes = secret("LATER", "a"), secret("LATER", "b")
		},
		takes + "variable LEVEL is in Environment and in Secrets: remove one": func(c *Catalog) {
			c.Monolith.Environment = map[string]string{"LEVEL": "debug"}
			c.Services[1].Takes = secret("LEVEL", "a")
		},
		takes + `egress to 10.20.0.0/16 on port 5432 has the reason "b", and "a" in the needs of the monolith or of a service before: give ` +
			"both " +
			`one`: func(c *Catalog) {
			c.Monolith.Needs.Egress = []Egress{{"10.20.0.0/16", 5432, "a"}}
			c.Services[1].Takes.Egress = []Egress{{"10.20.0.0/16", 5432, "b"}}
		},
		takes + `permission for "sqs:*": want an exact action, such as sqs:SendMessage`: func(c *Catalog) {
			c.Services[1].Takes.Permissions = []Permission{{[]string{"sqs:*"}, []string{openQueue}}}
		},
		`services: "monolith" is the monolith, from which services take: name what it needs itself in Needs`: func(c *Catalog) {
			c.Monolith.Takes = secret("KEY", "a")
		},
		`services: "worker": a worker gets no requests, and it has Takes: remove that, or move it to Services`: func(c *Catalog) {
			c.Workers = []Service{{Name: "worker", Image: c.Services[0].Image, Takes: secret("KEY", "a")}}
		},
	} {
		c := sample()
		change(&c)
		_, err := c.Complete()
		assert.EqualError(t, err, want)
	}
}
