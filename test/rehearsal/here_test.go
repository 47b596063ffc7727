package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/synth"
)

// A rehearsal makes anew what an environment finds elsewhere, with the same way out.
func TestRehearsalHasItsOwnNetwork(t *testing.T) {
	context := map[string]any{"environments": map[string]any{
		"dev":  map[string]any{"region": "eu-west-1", "listener": map[string]any{"arn": "arn"}, "vpc": map[string]any{"id": "vpc"}},
		"prod": map[string]any{"vpc": map[string]any{"internet": true}},
		"own":  map[string]any{"azs": 2},
	}}
	require.NoError(t, allHere(&synth.App{Context: context}, fixture.Catalog()))
	assert.Equal(t, map[string]any{
		"dev":  map[string]any{"region": "eu-west-1"},
		"prod": map[string]any{"natGateways": 1},
		"own":  map[string]any{"azs": 2},
	}, context["environments"])
}

func TestRehearsalNeedsTheMonolith(t *testing.T) {
	c := fixture.Catalog()
	c.Monolith.Image = services.Image{}
	require.EqualError(t, allHere(&synth.App{}, c),
		`"legacy" has no image: a rehearsal runs the monolith too, wherever it runs otherwise: set its Image in the catalog, to `+
			`the monolith or to a program that gives the same answers`)
}
