//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
)

// written is a cdk.json with the words of environments, such as "alpha=10%".
func written(t *testing.T, environments map[string]string) string {
	t.Helper()
	all := map[string]any{}
	for name, words := range environments {
		migration := map[string]string{}
		for _, word := range strings.Fields(words) {
			key, phase, _ := strings.Cut(word, "=")
			migration[key] = phase
		}
		all[name] = map[string]any{"migration": migration}
	}
	content, err := json.Marshal(map[string]any{"context": map[string]any{"environments": all}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "cdk.json")
	require.NoError(t, os.WriteFile(file, content, 0o644))
	return file
}

func TestChangesOf(t *testing.T) {
	catalog := fixtureCatalog(t)
	before := written(t, map[string]string{
		"dev": "alpha=live", "staging": "alpha=10%", "prod": "alpha=10%", "old": "alpha=10%", "same": "beta=live",
	})
	after := written(t, map[string]string{
		"dev": "alpha=strangled beta=50%", "staging": "alpha=50%", "prod": "alpha=50%", "new": "alpha=50%", "same": "beta=live",
	})
	changes, err := changesOf(catalog, before, after)
	require.NoError(t, err)
	require.Len(t, changes, 2, "what only one side has is none, nor is what stays")
	assert.Equal(t, []string{"fixture-dev"}, changes[0].environments)
	assert.Equal(t, "alpha live → strangled, beta dark → 50%", changes[0].to.name)
	assert.Equal(t, []string{"fixture-prod", "fixture-staging"}, changes[1].environments, "the same change once")
	assert.Equal(t, start(catalog).with("alpha", "10%").phases, changes[1].from.phases)
	assert.Equal(t, start(catalog).with("alpha", "50%").phases, changes[1].to.phases)

	changes, err = changesOf(catalog, before, before)
	require.NoError(t, err)
	assert.Empty(t, changes)
	for name, test := range map[string]struct{ file, want string }{
		"no file": {"none.json", "--from none.json: there is no such file: want a cdk.json"},
		"a word":  {written(t, map[string]string{"dev": "alpha=half"}), `environment "dev": services: "alpha" asks for phase "half"`},
	} {
		_, err := changesOf(catalog, test.file, after)
		assert.ErrorContains(t, err, test.want, name)
	}
}

// A change is made under load, and what it met is reported.
func TestChangeUnderLoad(t *testing.T) {
	r := newFixtureRehearsal(t)
	half, live := start(r.catalog).with("alpha", "50%"), start(r.catalog).with("alpha", "live")
	require.NoError(t, r.rehearseChanges(t.Context(), []change{{[]string{"dev", "prod"}, half, live}}, r.report.Rate))
	require.Len(t, r.report.Steps, 2)
	for _, step := range r.report.Steps {
		assert.Empty(t, step.Unexplained, step.Name)
	}
	require.Len(t, r.report.Changes, 1)
	assert.Equal(t, []string{"dev", "prod"}, r.report.Changes[0].Environments)
	assert.Positive(t, r.report.Changes[0].Requests)
	assert.Zero(t, r.report.Changes[0].Unexplained)
}

// One service is rehearsed with what it calls, and the monolith stays.
func TestOneServiceAlone(t *testing.T) {
	r := newFixtureRehearsal(t)
	r.catalog, r.kinds = fixtureCatalog(t), fixtureKinds(t)
	r.only = "gamma"
	names := func() (all []string) {
		for _, step := range walk(r.catalog, r.rehearsed()) {
			_, err := services.ParseMigration(r.catalog, step.phases)
			assert.NoError(t, err, step.name)
			all = append(all, step.name)
		}
		return all
	}
	assert.Equal(t, []string{
		"all dark", "gamma 10%", "gamma 50%", "gamma live", "gamma 10%", "gamma dark", "gamma live", "gamma strangled", "gamma live",
		"gamma strangled",
	}, names())
	rounds := gapRounds(r.catalog, r.rehearsed())
	require.Len(t, rounds, 1)
	assert.Equal(t, []ordered{{order: ours, service: r.rehearsed()[0], darkBefore: true}}, rounds[0])

	r.stages.app.Catalog = fixture.Catalog()
	r.stages.app.Images = nil
	r.stages.app.Context["environments"] = map[string]any{"dev": map[string]any{
		"region": "eu-west-1", "natGateways": 1, "endpoints": fixture.Endpoints(), "migration": start(r.catalog).phases,
	}}
	needed := r.needed(r.staged(t, start(r.catalog)))
	for stack, want := range map[string]bool{
		"Gamma": true, "Alpha": true, "Beta": false, "Legacy": true, "Data": true, "Edge": true, "Omega": true,
	} {
		assert.Equal(t, want, slices.Contains(needed, stack), stack)
	}
	r.only = ""
	assert.Empty(t, r.needed(nil), "all")
	assert.Len(t, walk(r.catalog, r.rehearsed()), 1+9+4+4+2)
}

func TestFlagsOfAPart(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"to alone":       {[]string{"--to", "x"}, "--to wants --from"},
		"from and only":  {[]string{"--from", "x", "--only", "alpha"}, "--from rehearses one change"},
		"from and serve": {[]string{"--from", "x", "--serve"}, "--serve moves every path"},
		"only and serve": {[]string{"--only", "x", "--serve"}, "--serve moves every path"},
	} {
		_, err := parse(test.args)
		assert.ErrorContains(t, err, test.want, name)
	}
	o, err := parse([]string{"--only", "alpha"})
	require.NoError(t, err)
	assert.False(t, o.faults)
	o, err = parse([]string{"--only", "alpha", "--faults"})
	require.NoError(t, err)
	assert.True(t, o.faults)
	o, err = parse([]string{"--from", "x"})
	require.NoError(t, err)
	assert.Equal(t, 200, o.rate)
	assert.EqualError(t, checkOnly("delta", fixture.Catalog()), "--only delta: want one of alpha, beta, gamma")
	assert.NoError(t, checkOnly("", fixture.Catalog()))
}
