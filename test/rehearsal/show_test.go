package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/synth"
)

// The page begins where nothing has moved, routes with a name included.
func TestServeBeginsDark(t *testing.T) {
	first, err := (&rehearsal{catalog: readingCatalog(t)}).first(options{})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"alpha": "dark", "alpha.reads": "dark", "beta": "dark", "gamma": "dark", "legacy": "serving",
	}, first.phases)
}

// With --phases cdk.json it begins with those of the first environment.
func TestServeBeginsAsShipped(t *testing.T) {
	app, err := synth.Shipped("../..")
	require.NoError(t, err)
	phases := map[string]string{"alpha": "25%", "legacy": "serving"}
	app.Catalog = fixture.Running("first")
	app.Context["environments"] = map[string]any{"dev": map[string]any{"region": "eu-west-1", "migration": phases}}
	catalog, err := app.Catalog.Complete()
	require.NoError(t, err)
	first, err := (&rehearsal{catalog: catalog, stages: &stages{app: app}}).first(options{phases: shipped})
	require.NoError(t, err)
	assert.Equal(t, phases, first.phases)
}
