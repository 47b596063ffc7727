//go:build unix

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/fixture"
)

// inNode is a catalog of alpha and the monolith, which are programs in another language that
// name themselves in no header.
func inNode(string) services.Catalog {
	c := fixture.Running("first")
	for _, s := range []*services.Service{&c.Services[0], &c.Monolith} {
		s.Image = services.Image{
			Registry: fixture.Registry + s.Name + ":1.0", Run: []string{"node", "test/internal/region/testdata/node/server.js"},
		}
		s.Environment = nil
	}
	return c
}

// Programs of another language go through a share and live, and who answers is known without
// their help.
func TestProgramsOfAnotherLanguage(t *testing.T) {
	r := newRehearsalOfFixture(t, inNode, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha", Status: 200},
		{Name: "legacy", Weight: 10, Target: "/settings", Status: 200},
	})
	r.region.RunAs(commandsOf(r.catalog))
	r.goLive(t)
	half := start(r.catalog).with("alpha", "50%")
	require.NoError(t, r.take(t.Context(), half, r.staged(t, half)))
	for _, step := range r.report.Steps {
		assert.Empty(t, step.Unexplained, step.Name)
	}
	shares := map[string]bool{}
	for _, s := range r.report.Steps[1].Shares {
		shares[s.Path+" "+s.Program] = s.Answered > 0
	}
	assert.True(t, shares["/api/alpha alpha"])
	assert.True(t, shares["/api/alpha legacy"])
}

// What nothing says how to start is named before anything starts, a line each.
func TestProgramsThatCannotStart(t *testing.T) {
	c := inNode("")
	require.NoError(t, checkPrograms(c))
	c.Services[0].Image.Run, c.Monolith.Image.Run = nil, nil
	assert.EqualError(t, checkPrograms(c),
		`"alpha" is no Go program of this module: say in Image.Run how to start it on this machine, such as []string{"node", "server.js"}`+"\n"+
			`"legacy" is no Go program of this module: say in Image.Run how to start it on this machine, such as []string{"node", "server.js"}`)
}
