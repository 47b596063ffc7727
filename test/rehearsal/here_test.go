package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/example"
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

// A cdk.json that does not synthesize is not rehearsed either, with the same error.
func TestRehearsalReadsTheWholeCDKJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	text := fmt.Sprintf(`{"context": {"environments": {"dev": {"region": "eu-west-1", "migration": {%q: "halfway"}}}}}`,
		example.Catalog().Services[0].Name)
	require.NoError(t, os.WriteFile("cdk.json", []byte(text), 0o600))
	_, err := prepare(t.Context(), options{})
	require.ErrorContains(t, err, `asks for phase "halfway"`)
}

func TestRehearsalNeedsTheMonolith(t *testing.T) {
	c := fixture.Catalog()
	c.Monolith.Image = services.Image{}
	require.EqualError(t, allHere(&synth.App{}, c),
		`"legacy" has no image: a rehearsal runs the monolith too, wherever it runs otherwise: set its Image in the catalog, to `+
			`the monolith or to a program that gives the same answers`)
}
