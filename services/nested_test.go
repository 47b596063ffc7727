package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// nested is the sample with a service that takes paths below alpha's.
func nested(paths ...string) Catalog {
	c := sample()
	c.Services = append(c.Services, Service{Name: "delta", Image: Image{Program: "services/delta"}, Paths: paths, Priority: 50})
	return c
}

// The rest of a share goes to the program that serves the path without that rule.
func TestRestOfAShare(t *testing.T) {
	below := []string{"/api/alpha/avatars", "/api/alpha/avatars/*"}
	for name, test := range map[string]struct {
		paths                  []string
		alpha, delta, monolith string
		want                   []Weight
		err                    string
	}{
		"beside every other":        {[]string{"/delta"}, "strangled", "25%", "serving", []Weight{{"delta", 25}, {"monolith", 75}}, ""},
		"below a dark service":      {below, "dark", "25%", "serving", []Weight{{"delta", 25}, {"monolith", 75}}, ""},
		"below a live service":      {below, "live", "25%", "serving", []Weight{{"delta", 25}, {"alpha", 75}}, ""},
		"below a strangled service": {below, "strangled", "1%", "serving", []Weight{{"delta", 1}, {"alpha", 99}}, ""},
		"after the monolith":        {below, "strangled", "50%", "retired", []Weight{{"delta", 50}, {"alpha", 50}}, ""},
		"alone":                     {below, "strangled", "live", "serving", []Weight{{"delta", 100}}, ""},
		"dark":                      {below, "strangled", "dark", "retired", nil, ""},
		"below a share": {
			below, "50%", "25%", "serving", nil,
			`"delta" asks for phase "25%": its paths are below those of "alpha", which is at 50%: make "alpha" dark or live first`,
		},
		"in part below another": {
			[]string{"/delta", "/api/alpha/delta"}, "strangled", "25%", "serving", nil,
			`"/delta" goes on to another program than the paths below those of "alpha"`,
		},
		"across another": {
			[]string{"/api/*/delta"}, "strangled", "25%", "serving", nil, `"/api/*/delta" goes on to another program`,
		},
		"without any program below it": {
			[]string{"/delta"}, "strangled", "25%", "retired", nil, `"monolith" cannot be retired while "delta" is 25%`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := nested(test.paths...).Complete()
			require.NoError(t, err)
			require.NoError(t, Lint(c, []string{"10.0.0.0/16"}))
			beta := "live"
			if test.monolith == "retired" {
				beta = "strangled"
			}
			m, err := ParseMigration(c,
				map[string]string{"alpha": test.alpha, "beta": beta, "gamma": beta, "delta": test.delta, "monolith": test.monolith})
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			var got []Weight
			for _, rule := range Plan(c, m, nil)["delta"].Live {
				got = rule.Forward
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// Two patterns overlap exactly when a path matches both.
func TestOverlap(t *testing.T) {
	pattern := rapid.StringMatching(`/[ab/*?]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		p, q := pattern.Draw(t, "p"), pattern.Draw(t, "q")
		common := false
		for path := range shortPaths(8) {
			if covers(p, path) && covers(q, path) {
				common = true
				break
			}
		}
		assert.Equal(t, common, overlap(p, q), "%q and %q", p, q)
		assert.Equal(t, overlap(p, q), overlap(q, p), "%q and %q the other way", p, q)
	})
}

// shortPaths are all paths of a and b, and of slashes, up to a length. Patterns of the
// test that overlap at all do so in one of them.
func shortPaths(longest int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		level := []string{"/"}
		for range longest {
			var next []string
			for _, path := range level {
				if !yield(path) {
					return
				}
				for _, letter := range []string{"a", "b", "/"} {
					next = append(next, path+letter)
				}
			}
			level = next
		}
	}
}
