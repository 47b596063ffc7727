package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/example"
	"example.com/strangler/test/internal/fixture"
)

func fixtureCatalog(t *testing.T) services.Catalog {
	t.Helper()
	catalog, err := fixture.Catalog().Complete()
	require.NoError(t, err)
	return catalog
}

// fixtureKinds is traffic for the fixture, with the kit's own requests.
func fixtureKinds(t *testing.T) traffic.Traffic {
	t.Helper()
	kinds, err := requestKinds(fixtureCatalog(t), traffic.Traffic{
		{Name: "alpha-read", Path: "/api/alpha", Weight: 60, Target: "/api/alpha/{{id}}", Fields: map[string]string{"id": "{{id}}"}},
		{Name: "alpha-miss", Path: "/api/alpha", Weight: 4, Target: "/api/alpha/unknown", Status: 404},
		{
			Name: "alpha-create", Path: "/api/alpha", Method: "POST", Target: "/api/alpha", Status: 201,
			Body:    `{"id":"item-{{new}}","name":"Item {{new}}"}`,
			Writes:  &traffic.Item{ReadBack: "/api/alpha?limit=100", Secret: []string{"id", "name"}},
			Differs: []string{"created"},
		},
		{Name: "beta-list", Path: "/api/beta", Weight: 10, Target: "/api/beta?limit=10", Most: 10},
		{
			Name: "beta-one", Path: "/api/beta", Target: "/api/beta/in-group/group-{{number}}", Most: 1,
			Fields: map[string]string{"group": "group-{{number}}"},
		},
		{
			Name: "beta-create", Path: "/api/beta", Method: "POST", Target: "/api/beta", Status: 201,
			Body:   `{"group":"group-{{new}}","of":"{{id:/api/alpha}}","size":{{new}}}`,
			Fields: map[string]string{"of": "{{id:/api/alpha}}"},
			Writes: &traffic.Item{ID: "key", ReadBack: "/api/beta/{{id}}"},
			Needs:  []string{"/api/alpha"},
		},
		{
			Name: "beta-of", Path: "/api/beta", Target: "/api/beta/of/{{id:/api/alpha}}", Most: 20,
			Fields: map[string]string{"of": "{{id:/api/alpha}}"},
		},
		{Name: "gamma-file", Path: "/files/?/*", Header: map[string]string{"X-Key": "key"}, Target: "/files/a/b", Also: []int{304}},
		{Name: "settings", Target: "/api/alphabet", Status: 404},
	})
	require.NoError(t, err)
	return kinds
}

// exampleKinds is what the rehearsal sends to the example.
func exampleKinds(t *testing.T) (services.Catalog, traffic.Traffic) {
	t.Helper()
	catalog, err := example.Catalog().Complete()
	require.NoError(t, err)
	kinds, err := requestKinds(catalog, example.Traffic())
	require.NoError(t, err)
	return catalog, kinds
}
