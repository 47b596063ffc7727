package test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/synth"
)

// calling sets what programs call: calling("gamma", "alpha beta").
func calling(pairs ...string) change {
	return func(app *synth.App) {
		for i := 0; i < len(pairs); i += 2 {
			editService(pairs[i], func(s *services.Service) { s.Calls = strings.Fields(pairs[i+1]) })(app)
		}
	}
}

// The review of a connection says who may call whom, and what it costs.
func TestReviewOfAConnection(t *testing.T) {
	wantReview(t, "a connection", reviewed(t, assemble(t, calling("gamma", "")), at(t, allLive)),
		"**fixture-dev**: 2 stacks change, no finding.",
		"- Stack `Alpha`: 2 resources changed.",
		"- Stack `Gamma`: 3 resources added, 6 resources changed.",
		"- gamma may now call alpha.",
		"- Cost a month, without traffic: …",
		"- Cost of alpha: …",
		"- Cost of gamma: …",
	)
}

// From any set of connections to any other, the findings are about what AWS refuses and what
// it may not resolve, and their steps do it.
func TestConnectionsComeAndGoAsTheReviewSays(t *testing.T) {
	sets := map[string]*assembly.Stage{
		"none":               assemble(t, calling("gamma", "")),
		"one":                at(t, allLive),
		"two callers":        assemble(t, calling("gamma", "alpha", "beta", "alpha")),
		"to the monolith":    assemble(t, calling("gamma", "legacy")),
		"a chain":            assemble(t, calling("gamma", "beta", "beta", "alpha")),
		"the other way":      assemble(t, calling("gamma", "", "alpha", "gamma")),
		"through a monolith": assemble(t, calling("gamma", "legacy", "legacy", "beta")),
	}
	refused, unresolved := 0, 0
	for from, before := range sets {
		for to, after := range sets {
			name := from + ", then " + to
			account := cloudformation.New(steady{}, nil)
			require.NoError(t, account.Deploy(t.Context(), before), name)
			for _, finding := range reviewed(t, before, after).Findings {
				if stacks, ok := alone(finding); ok {
					refused++
					require.NoError(t, account.Deploy(t.Context(), after, stacks...), "%s: %s", name, finding)
					continue
				}
				unresolved++
				assert.Contains(t, finding, "Connection legacy → ", name)
				assert.Contains(t, finding, "aws ecs update-service --force-new-deployment", name)
			}
			for _, stack := range after.Stacks {
				require.NoError(t, account.Deploy(t.Context(), after, stack.ID), name)
			}
		}
	}
	assert.Positive(t, refused)
	assert.Positive(t, unresolved)
}

// alone are the stacks that a finding deploys alone.
func alone(finding string) ([]string, bool) {
	_, command, ok := strings.Cut(finding, "`cdk deploy --exclusively ")
	stacks, _, _ := strings.Cut(command, "`")
	return strings.Fields(strings.ReplaceAll(stacks, "fixture-dev/", "")), ok
}

// Without the first of its steps, what the review finds is refused.
func TestConnectionInUseIsRefused(t *testing.T) {
	before, after := at(t, allLive), assemble(t, calling("gamma", ""))
	account := cloudformation.New(steady{}, nil)
	require.NoError(t, account.Deploy(t.Context(), before))
	require.ErrorContains(t, account.Deploy(t.Context(), after, "Alpha"), "is in use by")
	require.NoError(t, account.Deploy(t.Context(), after, "Gamma"))
	assert.NoError(t, account.Deploy(t.Context(), after))
	assert.Len(t, reviewed(t, before, after).Findings, 1)
}

// What the monolith calls comes after it until it is strangled, and the review says what to do.
func TestReviewOfAMonolithThatCalls(t *testing.T) {
	for phase, want := range map[string]int{"dark": 1, "25%": 1, "live": 1, "strangled": 0} {
		before := assemble(t, everyoneAt(phase, services.Serving))
		findings := reviewed(t, before, assemble(t, everyoneAt(phase, services.Serving), calling("legacy", "beta"))).Findings
		assert.Len(t, findings, want, phase)
	}
}
