package services

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCatalogPassesTheLinter(t *testing.T) {
	for _, from := range [][]string{{"10.0.0.0/16"}, {"10.0.0.0/16", "203.0.113.0/24"}} {
		assert.NoError(t, Lint(completed(t), from), "%v", from)
	}
}

func TestEveryPreviewComesBeforeEveryLiveRule(t *testing.T) {
	rules := Rules(Plan(completed(t), mostRules(completed(t)), []string{"10.0.0.0/16"}))
	var kinds []RuleKind
	for _, r := range rules {
		kinds = append(kinds, r.Kind)
	}
	assert.Equal(t, append(slices.Repeat([]RuleKind{PreviewRule}, 4), slices.Repeat([]RuleKind{LiveRule}, 4)...), kinds)
	last := rules[len(rules)-1]
	assert.Equal(t, "monolith", last.Service, "the last rule")
	assert.Equal(t, maxPriority, last.Priority, "the last rule")
}

// Each mistake in a catalog is refused by an error that names every rule that takes part.
func TestLinterRefuses(t *testing.T) {
	search := Service{Name: "search", Image: Image{Program: "services/shop/cmd/search"}, Priority: 400}
	for name, test := range map[string]struct {
		change func(*Catalog)
		from   []string
		want   []string
	}{
		"a priority used twice": {
			change: func(c *Catalog) { c.Services[2].Priority = 100 },
			want:   []string{`"alpha" (priority 100)`, `"gamma" (priority 100)`, "same priority"},
		},
		"a duplicate path": {
			change: func(c *Catalog) { c.Services[2].Routes = []Route{{Paths: []string{"/api/alpha"}}} },
			want:   []string{`live rule of "alpha"`, `live rule of "gamma"`, `"/api/alpha"`},
		},
		"a shadowed pattern": {
			change: func(c *Catalog) { c.Services[1].Routes = []Route{{Paths: []string{"/api/alpha/*/beta"}}} },
			want:   []string{`live rule of "alpha"`, `"/api/alpha/*/beta"`, `live rule of "beta"`, "lower priority number"},
		},
		"a catch-all that is not last": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/*"}}} },
			want:   []string{`live rule of "alpha"`, `"/api/beta"`, `live rule of "beta"`},
		},
		"a pattern within one of its own": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/api/alpha/*", "/api/alpha/new"}}} },
			want:   []string{`rule of "alpha"`, `"/api/alpha/new"`, `"/api/alpha/*"`},
		},
		"a prefix that swallows its neighbours": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/api/alpha*"}}} },
			want:   []string{`"/api/alpha*"`, `"/api/alphasettings"`, `"/api/alpha/*"`},
		},
		"a range that runs into the next service": {
			change: func(c *Catalog) {
				c.Services[0].Priority, c.Services[0].Routes = 199, []Route{{Paths: []string{"/a", "/b", "/c", "/d"}}}
			},
			want: []string{
				`preview rule of "alpha" (priority 200) and preview rule of "beta" (priority 200)`,
				`"alpha" has several rules, from priority 199 on: leave room for them`,
			},
		},
		"a range that runs into the monolith": {
			change: func(c *Catalog) {
				c.Services[0].Priority, c.Services[0].Routes = 24999, []Route{{Paths: []string{"/a", "/b", "/c", "/d"}}}
			},
			want: []string{`"alpha" (priority 25000)`, `"monolith" (priority 25000)`, `"alpha" has several rules`},
		},
		"a route after one with all of its requests": {
			change: func(c *Catalog) {
				c.Services[0].Routes = []Route{{Paths: []string{"/a/*"}}, {Paths: []string{"/a/b"}, Verbs: []string{"GET"}}}
			},
			want: []string{`rule of "alpha" (priority 100) takes every request for "GET /a/b"`, `with "/a/*": remove it, or put its route first`},
		},
		"a verb that another route has": {
			change: func(c *Catalog) {
				c.Services[0].Routes = []Route{
					{Paths: []string{"/a"}, Verbs: []string{"GET", "HEAD"}}, {Paths: []string{"/a"}, Verbs: []string{"POST", "HEAD"}},
				}
			},
			want: []string{`"alpha" (priority 100)`, `"alpha" (priority 101) both want "HEAD /a": remove it from one`},
		},
		"a host that another service has": {
			change: func(c *Catalog) {
				c.Services[0].Routes = []Route{{Paths: []string{"/a"}, Hosts: []string{"*.example.com"}}}
				c.Services[1].Routes = []Route{{Paths: []string{"/a"}, Hosts: []string{"other.com", "API.example.com"}}}
			},
			want: []string{`live rule of "alpha"`, `"API.example.com/a" of live rule of "beta"`, `with "*.example.com/a"`},
		},
		"any host before one": {
			change: func(c *Catalog) {
				c.Services[1].Routes = []Route{{Paths: []string{"/api/alpha/b"}, Hosts: []string{"www.example.com"}}}
			},
			want: []string{`live rule of "alpha"`, `"www.example.com/api/alpha/b"`, `live rule of "beta"`},
		},
		"four paths of which one is in another": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/a/*", "/b", "/c", "/a/d"}}} },
			want:   []string{`rule of "alpha"`, `every request for "/a/d"`, `with "/a/*"`},
		},
		"six wildcards": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/*/b/?????"}}} },
			want:   []string{`rule of "alpha"`, "6 wildcards"},
		},
		"a long pattern": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/" + strings.Repeat("x", 128)}}} },
			want:   []string{`rule of "alpha"`, "129 characters"},
		},
		"a query in a pattern": {
			change: func(c *Catalog) { c.Services[0].Routes = []Route{{Paths: []string{"/api/alpha?id=1,2"}}} },
			want:   []string{`rule of "alpha"`, `"/api/alpha?id=1,2"`},
		},
		"too many rules": {
			change: func(c *Catalog) {
				for i := range 47 {
					s := search
					s.Name, s.Priority = fmt.Sprintf("search%d", i), 1000+i
					s.Routes = []Route{{Paths: []string{fmt.Sprintf("/api/search%d", i)}}}
					c.Services = append(c.Services, s)
				}
			},
			want: []string{"102 listener rules", "takes 100"},
		},
	} {
		c := completed(t)
		test.change(&c)
		from := test.from
		if from == nil {
			from = []string{"10.0.0.0/16"}
		}
		err := Lint(c, from)
		for _, want := range test.want {
			assert.ErrorContains(t, err, want, name)
		}
	}
}

func TestLinterRefusesPrioritiesOutOfRange(t *testing.T) {
	for _, priority := range []int{-1, 0, 50001} {
		rule := Rule{Service: "alpha", Kind: LiveRule, Priority: priority, Paths: []string{"/"}}
		assert.ErrorContains(t, lint([]Rule{rule}), "1 to 50000", "priority %d", priority)
	}
}

// A catalog cannot reach these quotas, because another one is smaller.
func TestLinterRefusesRulesOverQuota(t *testing.T) {
	forward := func(first, n int) []Weight {
		var all []Weight
		for i := range n {
			all = append(all, Weight{fmt.Sprintf("s%d", first+i), 1})
		}
		return all
	}
	rule := Rule{Service: "alpha", Kind: LiveRule, Priority: 1, Paths: []string{"/a"}}
	wide := rule
	wide.Forward = forward(0, 6)
	var groups []Rule
	for i := range 21 {
		groups = append(groups,
			Rule{Service: "alpha", Kind: LiveRule, Priority: i + 1, Paths: []string{fmt.Sprintf("/%d", i)}, Forward: forward(5*i, 5)})
	}
	assert.ErrorContains(t, lint([]Rule{wide}), "6 target groups: at most 5")
	assert.ErrorContains(t, Listener{}.lintQuotas(groups), "105 target groups: a load balancer takes")
}

// A specific path may precede a general one.
func TestLinterAllowsSpecificBeforeGeneral(t *testing.T) {
	c := completed(t)
	c.Services = append(c.Services, Service{Name: "media", Routes: []Route{{Paths: []string{"/api/gamma/*/media"}}}, Priority: 50})
	assert.NoError(t, Lint(c, []string{"10.0.0.0/16"}))
}

// Rules for one path stand side by side when no request meets the conditions of both, and
// a special one may precede a general one.
func TestLinterAllowsOtherHostsAndVerbs(t *testing.T) {
	for name, routes := range map[string][2][]Route{
		"verbs":              {{{Paths: []string{"/a"}, Verbs: []string{"GET"}}}, {{Paths: []string{"/a"}, Verbs: []string{"POST"}}}},
		"hosts":              {{{Paths: []string{"/a"}, Hosts: []string{"a.com"}}}, {{Paths: []string{"/a"}, Hosts: []string{"b.com"}}}},
		"a verb before all":  {{{Paths: []string{"/a"}, Verbs: []string{"GET"}}}, {{Paths: []string{"/a"}}}},
		"a host before all":  {{{Paths: []string{"/a"}, Hosts: []string{"a.com"}}}, {{Paths: []string{"/a"}}}},
		"a host before many": {{{Paths: []string{"/a"}, Hosts: []string{"a.b.com"}}}, {{Paths: []string{"/a"}, Hosts: []string{"*.b.com"}}}},
	} {
		c := completed(t)
		c.Services[0].Routes, c.Services[1].Routes = routes[0], routes[1]
		assert.NoError(t, Lint(c, []string{"10.0.0.0/16", "203.0.113.0/24"}), name)
		c.Services[0].Routes, c.Services[1].Routes = slices.Concat(routes[0], routes[1]), []Route{{Paths: []string{"/other"}}}
		assert.NoError(t, Lint(c, []string{"10.0.0.0/16", "203.0.113.0/24"}), "%s of one service", name)
	}
}

// covers agrees with the meaning of a pattern: the covering one matches every path
// that the covered one matches.
func TestCoversIsInclusion(t *testing.T) {
	pattern := rapid.StringOfN(rapid.RuneFrom([]rune("ab/*?")), 1, 7, -1)
	rapid.Check(t, func(t *rapid.T) {
		p, q := pattern.Draw(t, "p"), pattern.Draw(t, "q")
		require.True(t, covers(p, p), "%q by itself", p)
		require.True(t, covers("*", p), "%q by *", p)
		path := instance(t, q)
		require.True(t, match(q, path), "%q matches its own instance %q", q, path)
		if covers(p, q) {
			require.True(t, match(p, path), "%q covers %q, so it matches %q", p, q, path)
		}
	})
}

// instance draws a path that the pattern matches.
func instance(t *rapid.T, pattern string) string {
	var path strings.Builder
	for _, c := range pattern {
		switch c {
		case '*':
			path.WriteString(rapid.StringOfN(rapid.RuneFrom([]rune("ab/c")), 0, 3, -1).Draw(t, "run"))
		case '?':
			path.WriteString(rapid.StringOfN(rapid.RuneFrom([]rune("ab/c")), 1, 1, -1).Draw(t, "one"))
		default:
			path.WriteRune(c)
		}
	}
	return path.String()
}
