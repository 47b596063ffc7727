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

// routed is the sample with other routes of alpha.
func routed(routes ...Route) Catalog {
	c := sample()
	c.Services[0].Paths, c.Services[0].Routes = nil, routes
	return c
}

func TestRoutesThatCannotBe(t *testing.T) {
	long := strings.Repeat("a", 125) + ".com"
	for want, change := range map[string]func(*Service){
		`"alpha": it has Paths and Routes: move the paths into a route`: func(s *Service) { s.Paths = []string{"/a"} },
		`"alpha": no path: set Paths, or Routes`:                        func(s *Service) { s.Routes = nil },
		`route 1: no path: name at least one`:                           func(s *Service) { s.Routes[0].Paths = nil },
		`route 1: "/a" is there twice: remove one`:                      func(s *Service) { s.Routes[0].Paths = []string{"/a", "/a"} },
		`route 1: "a.com" is there twice: remove one`:                   func(s *Service) { s.Routes[0].Hosts = []string{"a.com", "A.com"} },
		`route 1: "GET" is there twice: remove one`:                     func(s *Service) { s.Routes[0].Verbs = []string{"GET", "GET"} },
		`route 1: verb "get": want a method in capitals`:                func(s *Service) { s.Routes[0].Verbs = []string{"get"} },
		`route 1: verb "*": want a method in capitals`:                  func(s *Service) { s.Routes[0].Verbs = []string{"*"} },
		`route 1: host "localhost": want`:                               func(s *Service) { s.Routes[0].Hosts = []string{"localhost"} },
		`route 1: host "a.com:80": want`:                                func(s *Service) { s.Routes[0].Hosts = []string{"a.com:80"} },
		`route 1: host "10.0.0.1": want`:                                func(s *Service) { s.Routes[0].Hosts = []string{"10.0.0.1"} },
		`route 1: its name is "Reads": want at most 20 lower-case`:      func(s *Service) { s.Routes[0].Name = "Reads" },
		`two routes are called "reads": rename one`: func(s *Service) {
			s.Routes = []Route{{Name: "reads", Paths: []string{"/a"}}, {Name: "reads", Paths: []string{"/b"}}}
		},
		`all of its routes have a name: leave out one`: func(s *Service) { s.Routes[0].Name = "reads" },
		`route "reads" comes after one without a name that has requests of it: put the routes with a name first`: func(s *Service) {
			s.Routes = append(s.Routes, Route{Name: "reads", Paths: []string{"/a"}, Verbs: []string{"GET", "HEAD"}})
		},
		fmt.Sprintf("route 1: host %q: want at most 128", long): func(s *Service) { s.Routes[0].Hosts = []string{long} },
	} {
		c := routed(Route{Paths: []string{"/a", "/b"}, Hosts: []string{"a.com"}, Verbs: []string{"GET"}})
		change(&c.Services[0])
		_, err := c.Complete()
		assert.ErrorContains(t, err, want)
	}
}

// A route becomes as many rules as its conditions need, preview rules more than live ones.
func TestRulesOfRoutes(t *testing.T) {
	one, two := []string{"10.0.0.0/16"}, []string{"10.0.0.0/16", "203.0.113.0/24"}
	for name, test := range map[string]struct {
		routes        []Route
		from          []string
		preview, live []string
	}{
		"three paths": {
			[]Route{{Paths: []string{"/a", "/b", "/c"}}}, one,
			[]string{"1 100 [/a /b /c] [] [] [10.0.0.0/16]"},
			[]string{"1 25100 [/a /b /c] [] [] []"},
		},
		"three paths and two sources": {
			[]Route{{Paths: []string{"/a", "/b", "/c"}}}, two,
			[]string{"1 100 [/a /b] [] [] [10.0.0.0/16 203.0.113.0/24]", "2 101 [/c] [] [] [10.0.0.0/16 203.0.113.0/24]"},
			[]string{"1 25100 [/a /b /c] [] [] []"},
		},
		"seven paths": {
			[]Route{{Paths: []string{"/a", "/b", "/c", "/d", "/e", "/f", "/g"}}}, one,
			[]string{"1 100 [/a /b /c] [] [] [10.0.0.0/16]", "2 101 [/d /e /f] [] [] [10.0.0.0/16]", "3 102 [/g] [] [] [10.0.0.0/16]"},
			[]string{"1 25100 [/a /b /c] [] [] []", "2 25101 [/d /e /f] [] [] []", "3 25102 [/g] [] [] []"},
		},
		"six wildcards": {
			[]Route{{Paths: []string{"/a/*/*", "/b/*/*", "/c/*/*"}}}, one,
			[]string{"1 100 [/a/*/* /b/*/*] [] [] [10.0.0.0/16]", "2 101 [/c/*/*] [] [] [10.0.0.0/16]"},
			[]string{"1 25100 [/a/*/* /b/*/*] [] [] []", "2 25101 [/c/*/*] [] [] []"},
		},
		"reads before the rest": {
			[]Route{{Paths: []string{"/a", "/a/*"}, Verbs: []string{"GET", "HEAD"}}, {Paths: []string{"/a", "/a/*"}}}, one,
			[]string{
				"1 100 [/a] [] [GET HEAD] [10.0.0.0/16]", "2 101 [/a/*] [] [GET HEAD] [10.0.0.0/16]", "3 102 [/a /a/*] [] [] [10.0.0.0/16]",
			},
			[]string{"1 25100 [/a /a/*] [] [GET HEAD] []", "2 25101 [/a /a/*] [] [] []"},
		},
		"one of each and two sources": {
			[]Route{{Paths: []string{"/a"}, Hosts: []string{"a.com"}, Verbs: []string{"GET"}}}, two,
			[]string{"1 100 [/a] [a.com] [GET] [10.0.0.0/16]", "2 101 [/a] [a.com] [GET] [203.0.113.0/24]"},
			[]string{"1 25100 [/a] [a.com] [GET] []"},
		},
		"hosts with wildcards": {
			[]Route{{Paths: []string{"/a/*/*", "/b/?/?"}, Hosts: []string{"*.a.com"}}}, one,
			[]string{"1 100 [/a/*/* /b/?/?] [*.a.com] [] [10.0.0.0/16]"},
			[]string{"1 25100 [/a/*/* /b/?/?] [*.a.com] [] []"},
		},
		"too many wildcards with the host's": {
			[]Route{{Paths: []string{"/a/*/*", "/b/?/?"}, Hosts: []string{"*.*.com"}}}, one,
			[]string{"1 100 [/a/*/*] [*.*.com] [] [10.0.0.0/16]", "2 101 [/b/?/?] [*.*.com] [] [10.0.0.0/16]"},
			[]string{"1 25100 [/a/*/*] [*.*.com] [] []", "2 25101 [/b/?/?] [*.*.com] [] []"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := routed(test.routes...).Complete()
			require.NoError(t, err)
			require.NoError(t, Lint(c, test.from))
			rules := Plan(c, mostRules(c), test.from)["alpha"]
			assert.Equal(t, test.preview, texts(rules.Preview))
			assert.Equal(t, test.live, texts(rules.Live))
			for _, r := range slices.Concat(rules.Preview, rules.Live) {
				assert.Equal(t, r.Kind == PreviewRule, r.RouteTo == "alpha", "%s", r)
			}
		})
	}
}

func texts(rules []Rule) []string {
	var all []string
	for _, r := range rules {
		all = append(all, fmt.Sprint(r.Number, r.Priority, r.Paths, r.Hosts, r.Verbs, r.Sources))
	}
	return all
}

var anyRoute = rapid.Custom(func(t *rapid.T) Route {
	some := func(name string, most int, values ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, most, rapid.ID).Draw(t, name)
	}
	r := Route{
		Paths: some("paths", 8, "/a", "/b/*", "/c/?", "/d/*/*", "/e/*/?", "/f", "/g", "/h/*"),
		Hosts: some("hosts", 5, "a.com", "b.com", "*.c.com", "*.*.com", "e?.com"),
		Verbs: some("verbs", 5, "GET", "HEAD", "POST", "PUT", "DELETE"),
	}
	if len(r.Paths) == 0 {
		r.Paths = []string{"/"}
	}
	return r
})

// Whatever a route has, each of its rules fits the load balancer, and together they
// match the same requests. What is added at the end moves no rule.
func TestRulesFitTheLoadBalancer(t *testing.T) {
	sources := [][]string{nil, {"10.0.0.0/16"}, {"10.0.0.0/16", "203.0.113.0/24"}}
	rapid.Check(t, func(t *rapid.T) {
		routes := rapid.SliceOfN(anyRoute, 1, 3).Draw(t, "routes")
		from := rapid.SampledFrom(sources).Draw(t, "from")
		s := Service{Name: "alpha", Priority: 100, Routes: routes}
		live := func(Route) []Weight { return []Weight{{"alpha", 100}} }
		rules := s.rules(from, live)
		for _, r := range slices.Concat(rules.Preview, rules.Live) {
			values := len(r.Paths) + len(r.Hosts) + len(r.Verbs) + len(r.Sources) + len(r.headers())
			require.LessOrEqual(t, values, 5, "values of %+v", r)
			require.LessOrEqual(t, max(len(r.Paths), len(r.Hosts), len(r.Verbs), len(r.Sources)), 3, "values of a condition of %+v", r)
			require.LessOrEqual(t, countWildcards(slices.Concat(r.Paths, r.Hosts)), 5, "wildcards of %+v", r)
		}
		var whole, parts []requests
		for _, route := range routes {
			whole = append(whole, route.requests()...)
		}
		for _, r := range rules.Live {
			parts = append(parts, r.requests()...)
		}
		require.ElementsMatch(t, whole, parts, "the requests of the rules")
		require.GreaterOrEqual(t, len(rules.Preview), len(rules.Live))

		more := s
		more.Routes = append(slices.Clone(routes), anyRoute.Draw(t, "another route"))
		grown := more.rules(from, live)
		require.Equal(t, rules.Preview, grown.Preview[:len(rules.Preview)], "rules before another route")
		require.Equal(t, rules.Live, grown.Live[:len(rules.Live)], "rules before another route")
	})
}
