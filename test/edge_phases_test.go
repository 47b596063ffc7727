package test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// alphaReads gives what alpha reads a phase of its own.
func alphaReads(reads, alpha string) change {
	paths := []string{"/api/alpha", "/api/alpha/*"}
	routes := routesOf("alpha", services.Route{Name: "reads", Paths: paths, Verbs: []string{"GET", "HEAD"}}, services.Route{Paths: paths})
	return func(app *synth.App) {
		routes(app)
		contextKeys("alpha.reads", reads, "alpha", alpha)(app)
	}
}

// For every pair of phases that a service and its route can have, requests go where the
// phases say, and the stacks come in the order in which some program can always serve.
func TestEveryPairOfPhasesOfARoute(t *testing.T) {
	words := []string{"dark", "25%", "live", "strangled"}
	share := map[string]float64{"dark": 0, "25%": 0.25, "live": 1, "strangled": 1}
	base, pairs := assemble(t, alphaReads("live", "live")), 0
	for _, reads := range words[:3] {
		for _, alpha := range words {
			if _, err := environments(neutral(t, alphaReads(reads, alpha))); err != nil {
				continue
			}
			pairs++
			stage := assemble(t, alphaReads(reads, alpha))
			for verb, want := range map[string]float64{"GET": share[reads], "HEAD": share[reads], "POST": share[alpha], "DELETE": share[alpha]} {
				for _, path := range []string{"/api/alpha", "/api/alpha/1/x"} {
					rule := named(stage, onlyListener(t, stage).Route(httptest.NewRequest(verb, "http://a.com"+path, nil)))
					assert.InDelta(t, want, rule.Shares()["alpha"], 0, "%s, %s: %s %s", reads, alpha, verb, path)
					assert.InDelta(t, 1-want, rule.Shares()["legacy"], 0, "%s, %s: %s %s", reads, alpha, verb, path)
				}
			}
			first, last := "Legacy", "Alpha"
			if alpha == "strangled" {
				first, last = last, first
			}
			stack, _ := stage.Stack(last)
			assert.Contains(t, stack.Dependencies, first, "%s, %s: %s comes after %s", reads, alpha, last, first)
			if alpha != "strangled" {
				assert.Subset(t, []string{"Alpha"}, changed(base, stage), "%s, %s: the stacks that change", reads, alpha)
			}
		}
	}
	assert.Equal(t, 8, pairs, "pairs")
}

// The rewrite is on the rules of its route, and the monolith gets the URL as it was sent
// while the route is dark.
func TestRewriteIsTheRoutes(t *testing.T) {
	rewrite := services.Rewrite{Regex: "^/api/(.*)$", Replace: "/$1"}
	routes := routesOf("alpha",
		services.Route{Paths: []string{"/api/alpha/*"}, Rewrite: rewrite}, services.Route{Paths: []string{"/api/alpha"}})
	for _, phase := range []string{"dark", "live"} {
		stage := assemble(t, routes, contextKey("alpha", phase))
		for path, rewrites := range map[string]bool{"/api/alpha/1": phase == "live", "/api/alpha": false, "/api/beta": false, "/": false} {
			rule := onlyListener(t, stage).Route(httptest.NewRequest("GET", "http://a.com"+path, nil))
			require.Equal(t, rewrites, rule.Rewrite != nil, "%s: %s", phase, path)
			if rewrites {
				assert.Equal(t, rewrite.Regex, rule.Rewrite.Regex.String())
				assert.Equal(t, rewrite.Replace, rule.Rewrite.Replace)
			}
		}
		preview, ok := assembly.Find(stage.ListenerRules, "${Alpha."+ruleAt(t, stage, 100).LogicalID+"}")
		require.True(t, ok)
		assert.NotNil(t, preview.Rule.Rewrite, "%s: the preview rule", phase)
		assert.Contains(t, routesText(stage, completed(t)), "^/api/(.*)$ becomes /$1", "routes.txt")
	}
	_, err := environments(neutral(t, routes, contextKey("alpha", "10%")))
	assert.EqualError(t, err, `environment "dev": services: "alpha" asks for phase "10%": the rule rewrites the URL of [/api/alpha/*] for `+
		`the program with the rest too: go from dark to live, or set Shared in its Rewrite if both want it`)
	rewrite.Shared = true
	shared := assemble(t, routesOf("alpha", services.Route{Paths: []string{"/api/alpha/*"}, Rewrite: rewrite}), contextKey("alpha", "10%"))
	rule := named(shared, onlyListener(t, shared).Route(httptest.NewRequest("GET", "http://a.com/api/alpha/1", nil)))
	assert.NotNil(t, rule.Rewrite)
	assert.Len(t, rule.Shares(), 2)
}

func ruleAt(t *testing.T, stage *assembly.Stage, priority int) assembly.ListenerRule {
	t.Helper()
	i := slices.IndexFunc(stage.ListenerRules, func(r assembly.ListenerRule) bool { return r.Rule.Priority == priority })
	require.GreaterOrEqual(t, i, 0, "a rule with priority %d", priority)
	return stage.ListenerRules[i]
}

// Routes that share a rest with different programs have rules of their own for it.
func TestRestsOfTwoRoutes(t *testing.T) {
	stage := assemble(t, contextKey("gamma", "50%"), routesOf("gamma",
		services.Route{Paths: []string{"/api/alpha/avatars"}}, services.Route{Paths: []string{"/gamma"}}))
	for path, rest := range map[string]string{"/api/alpha/avatars": "alpha", "/gamma": "legacy"} {
		rule := named(stage, onlyListener(t, stage).Route(httptest.NewRequest("GET", "http://a.com"+path, nil)))
		assert.Equal(t, map[string]float64{"gamma": 0.5, rest: 0.5}, rule.Shares(), path)
	}
}

// The review reads the phases of routes from the templates.
func TestReviewOfARoute(t *testing.T) {
	phases := func(reads, alpha string) *assembly.Stage { return assemble(t, alphaReads(reads, alpha)) }
	dark, reads, live := phases("dark", "dark"), phases("live", "dark"), phases("live", "live")
	wantReview(t, "reads live", reviewed(t, dark, reads),
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Alpha`: 1 resource added.",
		"- Phase of `alpha.reads`: dark → live.",
		"- `GET /api/alpha`, `HEAD /api/alpha`, `GET /api/alpha/*`, `HEAD /api/alpha/*`: alpha 0 → 100 %, legacy 100 → 0 %.",
		"- Cost a month, without traffic: …",
	)
	wantReview(t, "the rest live", reviewed(t, reads, live),
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Alpha`: 1 resource added.",
		"- Phase of alpha: dark → live.",
		"- `/api/alpha`, `/api/alpha/*`: alpha 0 → 100 %, legacy 100 → 0 %.",
		"- Cost a month, without traffic: …",
	)
	skipped := reviewed(t, reads, phases("live", "strangled"))
	assert.Contains(t, strings.Join(skipped.Findings, "\n"), `"alpha" goes from dark to strangled: make it live first`)
	assert.Contains(t, reviewed(t, at(t, allLive), live).Phases, "Route `alpha.reads` has a phase of its own, and is live.")
	assert.Contains(t, reviewed(t, live, at(t, allLive)).Phases, "Route `alpha.reads` has no phase of its own any more, and was live.")

	// gamma calls alpha. A caller is ahead of a callee that has not had all of its requests yet.
	calls := reviewed(t, assemble(t, alphaReads("live", "dark"), contextKey("gamma", "dark")), reads)
	assert.Contains(t, strings.Join(calls.Findings, "\n"),
		"Connection gamma → alpha: the caller is live and the callee dark (reads live), so that production traffic goes to a program")
	back := reviewed(t, live, reads)
	assert.Contains(t, strings.Join(back.Findings, "\n"), "Connection gamma → alpha: the callee goes back to dark and the caller is live.")
}
