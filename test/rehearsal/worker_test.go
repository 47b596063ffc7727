//go:build unix

package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/fixture/program"
)

// A worker runs beside the others, is replaced when it dies, and gets another version, and
// nothing that a client sees changes.
func TestWorkerRuns(t *testing.T) {
	r := newRehearsalOfFixture(t, func(version string) services.Catalog {
		c := fixture.Running(version)
		c.Workers = []services.Service{{
			Name:        "omega",
			Image:       services.Image{Program: "test/internal/fixture/program/" + version},
			Environment: map[string]string{program.NameVariable: "omega"},
		}}
		return c
	}, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha/one"},
		{Name: "legacy", Weight: 10, Target: "/settings", Status: 200},
	})
	r.goLive(t)
	first := r.healthy("omega")
	require.Len(t, first, 2)
	replaced := func(before []string) {
		require.NoError(t, poll(t.Context(), func() bool {
			now := r.healthy("omega")
			return len(now) == 2 && !slices.ContainsFunc(before, func(a string) bool { return slices.Contains(now, a) })
		}))
	}
	r.region.Kill("omega")
	replaced(first)
	second := r.healthy("omega")
	r.stages.app.Catalog.Workers[0].Image.Program = "test/internal/fixture/program/second"
	require.NoError(t, r.deploy(t.Context(), r.staged(t, start(r.catalog).with("alpha", "live"))))
	replaced(second)
	r.load.Stop()
	_, failed := r.load.Count()
	assert.Zero(t, failed, "requests to the others")
}
