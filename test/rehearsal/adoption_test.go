package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	library "example.com/strangler/test/testdata/adoption"
)

// The catalog that .ci/adopt puts in the example's place is one of a single service.
func TestAdoptionSample(t *testing.T) {
	catalog, err := library.Catalog().Complete()
	require.NoError(t, err)
	kinds, err := requestKinds(catalog, library.Traffic())
	require.NoError(t, err)
	assert.Len(t, catalog.Services, 1)
	assert.Equal(t, []string{"/books"}, kinds.Paths())
	assert.Equal(t, "/BOOKS", named(t, kinds, "kit-other-case").Target)
}
