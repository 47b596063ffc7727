//go:build unix

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/fixture/program"
)

// newConnectedRehearsal is one of alpha, beta, which calls alpha, and the monolith.
func newConnectedRehearsal(t *testing.T) *rehearsal {
	t.Helper()
	item := map[string]string{"item": "one"}
	return newRehearsalOfPrograms(t, fixture.Connected, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 5, Target: "/api/alpha/one"},
		{Name: "alpha-item", Path: "/api/alpha/*", Weight: 5, Target: program.ItemPath, Fields: item},
		{Name: "beta", Path: "/api/beta", Weight: 5, Target: "/api/beta/one"},
		{Name: "beta-item", Path: "/api/beta/*", Weight: 10, Target: program.NeedsItemPath, Fields: item, Needs: []string{"/api/alpha"}},
	})
}

// called is how many requests beta has sent to alpha.
func (r *rehearsal) called(t *testing.T) int64 {
	t.Helper()
	for _, c := range r.region.Connections() {
		if c.Caller == "beta" && c.Callee == "alpha" {
			assert.Zero(t, c.Failures)
			return c.Requests
		}
	}
	return 0
}

// An answer that needs a connection is the same in every pair of phases, and none is lost
// between them. Phases move the load balancer's paths, not connections: a call always goes
// to the service, also while that is dark. Its tasks run in every phase and share the
// table with the monolith, so they give the same answer, and a connection needs no rule, no
// group and no deployment of its own when a phase changes. The monolith, which is not
// declared to call alpha, answers out of itself.
func TestConnectionsInEveryPhase(t *testing.T) {
	r := newConnectedRehearsal(t)
	require.NoError(t, r.open(t.Context(), r.report.Rate))
	defer r.load.Stop()
	all := start(r.catalog)
	require.NoError(t, r.deploy(t.Context(), r.staged(t, all)))
	tasks := r.healthy("alpha", "beta")
	forward := []string{services.Dark.String(), "50%", services.Live.String(), services.Strangled.String()}
	back := slices.Clone(forward)
	slices.Reverse(back)
	began := time.Now()
	for i, alpha := range forward {
		betas := forward
		if i%2 == 1 {
			betas = back
		}
		for _, beta := range betas {
			step := all.with("alpha", alpha).with("beta", beta)
			name := "alpha " + alpha + ", beta " + beta
			require.NoError(t, r.deploy(t.Context(), r.staged(t, step)), name)
			require.True(t, sleep(t.Context(), r.propagation()))
			before := r.called(t)
			require.True(t, sleep(t.Context(), 500*time.Millisecond))
			assert.Equal(t, beta != "dark", r.called(t) > before, "whether beta calls alpha: %s", name)
		}
	}
	records := r.load.Between(began, time.Now())
	assert.NotEmpty(t, records)
	assert.Empty(t, failuresOf(records))
	assert.Subset(t, r.healthy("alpha", "beta"), tasks, "no phase replaces a task")
}

// While alpha is dead, hangs or is killed once, what needs it gets 503 and is answered again
// without a restart of beta, and everything else goes on.
func TestDeathOfACallee(t *testing.T) {
	r := newConnectedRehearsal(t)
	require.NoError(t, r.open(t.Context(), r.report.Rate))
	defer r.load.Stop()
	live := start(r.catalog).with("alpha", "live").with("beta", "live")
	require.NoError(t, r.take(t.Context(), live, r.staged(t, live)))
	require.Empty(t, r.report.Steps[0].Unexplained)
	require.NoError(t, poll(t.Context(), func() bool { return len(r.healthy("alpha", "beta")) == 4 }))
	for _, f := range r.faultsOf() {
		if len(f.callees) == 0 {
			continue
		}
		require.NoError(t, r.suffer(t.Context(), f), f.name)
		result := r.report.Faults[len(r.report.Faults)-1]
		assert.Empty(t, result.Unexplained, f.name)
		require.NotNil(t, result.Calls, f.name)
		assert.Positive(t, result.Calls.Before, f.name)
		assert.InDelta(t, r.report.Faults[0].Calls.Before, result.Calls.Before, 0, "%s: the calls before the first fault", f.name)
		assert.Positive(t, result.Calls.Most, f.name)
		assert.Positive(t, result.Unharmed["/api/beta"], f.name)
	}
	require.Len(t, r.report.Faults, 3)
	down := r.report.Faults[2]
	assert.Equal(t, "callee down", down.Name)
	assert.Positive(t, down.Needing["/api/beta/*"][503])
	assert.Len(t, down.Needing, 1)
}
