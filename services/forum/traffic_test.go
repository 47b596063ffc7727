package forum_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/forum"
)

// The traffic fits the catalog, and writes as rarely as its comment says.
func TestTraffic(t *testing.T) {
	catalog, err := forum.Catalog().Complete()
	require.NoError(t, err)
	kinds, err := forum.Traffic().Complete(catalog)
	require.NoError(t, err)
	writes := 0
	for _, k := range kinds {
		if k.Writes != nil {
			writes += k.Weight
		}
	}
	assert.InDelta(t, 1./26, float64(writes)/float64(kinds.Weight()), 1./200)
	for _, s := range catalog.Services {
		assert.NotNil(t, kinds.Writer(s.Patterns()[0]), "a kind that writes to %s", s.Patterns()[0])
	}
}
