package test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// routesOf gives a service routes in the place of its paths.
func routesOf(name string, routes ...services.Route) change {
	return editService(name, func(s *services.Service) { s.Paths, s.Routes = nil, routes })
}

// The routes of alpha: what visitors of a host read, then everything on more paths than
// a rule takes.
var readsAndAll = []services.Route{
	{Paths: []string{"/api/alpha", "/api/alpha/*"}, Hosts: []string{"*.example.com"}, Verbs: []string{"GET", "HEAD"}},
	{Paths: []string{"/api/alpha/new", "/a", "/a/*", "/b", "/b/*"}},
}

func TestRoutesReachTheListener(t *testing.T) {
	stage := assemble(t, routesOf("alpha", readsAndAll...))
	listener := onlyListener(t, stage)
	require.NoError(t, listener.Validate())
	for _, test := range []struct{ verb, url, want string }{
		{"GET", "http://www.example.com/api/alpha", "alpha"},
		{"HEAD", "http://WWW.Example.com:8080/api/alpha/1", "alpha"},
		{"POST", "http://www.example.com/api/alpha", "legacy"},
		{"GET", "http://example.com/api/alpha", "legacy"},
		{"POST", "http://example.com/api/alpha/new", "alpha"},
		{"PUT", "http://other.com/a", "alpha"},
		{"GET", "http://other.com/b/1", "alpha"},
		{"GET", "http://other.com/c", "legacy"},
	} {
		request := httptest.NewRequest(test.verb, test.url, nil)
		rule := named(stage, listener.Route(request))
		assert.Equal(t, map[string]float64{test.want: 1}, rule.Shares(), "%s %s", test.verb, test.url)

		request.RemoteAddr = "10.0.3.4:1234"
		request.Header.Set(services.PreviewHeader, "alpha")
		preview := listener.Route(request).ID
		isAlphas := strings.Contains(preview, "AlphaPreviewRule")
		assert.Equal(t, test.want == "alpha", isAlphas, "%s %s by its name: %s", test.verb, test.url, preview)
	}
}

// A service waits for all of its preview rules, and all of its live rules wait for it.
func TestServiceIsBetweenItsRules(t *testing.T) {
	stage := assemble(t, routesOf("alpha", readsAndAll...))
	service, ok := assembly.Find(stage.Services, only(stage, "Alpha", "AWS::ECS::Service").Identity())
	require.True(t, ok)
	var ids []string
	for _, rule := range stage.ListenerRules {
		if rule.Stack != "Alpha" {
			continue
		}
		id := strings.TrimPrefix(rule.Path, stage.Name+"/Alpha/Alpha/")
		ids = append(ids, fmt.Sprint(rule.Rule.Priority, " ", strings.TrimSuffix(id, "/Resource")))
		if strings.Contains(id, "Preview") {
			assert.Contains(t, service.Requires, rule.LogicalID, "the service requires %s", id)
		} else {
			assert.Contains(t, rule.Requires, service.LogicalID, "%s requires the service", id)
		}
	}
	slices.Sort(ids)
	assert.Equal(t, []string{
		"100 PreviewRule", "101 PreviewRule2", "102 PreviewRule3", "103 PreviewRule4", "104 PreviewRule5", "105 PreviewRule6",
		"25100 LiveRule", "25101 LiveRule2", "25102 LiveRule3",
	}, ids)
	assert.Equal(t, []string{"Alpha", "Watch"}, changed(at(t, allLive), stage), "the stacks that change; the dashboard names paths")
}

// The linter refuses a route exactly if the load balancer would send none of the
// requests that a value of each of its conditions matches to it.
func TestLinterAgreesWithTheEvaluator(t *testing.T) {
	one := func(t *rapid.T, name string, values ...string) []string {
		value := rapid.SampledFrom(append([]string{""}, values...)).Draw(t, name)
		if value == "" {
			return nil
		}
		return []string{value}
	}
	route := rapid.Custom(func(t *rapid.T) services.Route {
		return services.Route{
			Paths: []string{"/" + rapid.StringMatching(`([ab?](/\*)?){0,2}`).Draw(t, "path")},
			Hosts: one(t, "host", "a.com", "A.com", "*.com", "?.com", "b.a.com", "*.a.com"),
			Verbs: one(t, "verb", "GET", "HEAD"),
		}
	})
	complete := completed(t)
	rapid.Check(t, func(t *rapid.T) {
		earlier, later := route.Draw(t, "earlier"), route.Draw(t, "later")
		c := complete
		c.Services = slices.Clone(complete.Services[:2])
		c.Services[0].Routes, c.Services[1].Routes = []services.Route{earlier}, []services.Route{later}
		dead := true
		plan := services.Plan(c, services.Migration{Services: map[string]services.Phase{"alpha": services.Live, "beta": services.Live}}, nil)
		listener := alb.Listener{Rules: []alb.Rule{evaluated(plan["alpha"].Live[0]), evaluated(plan["beta"].Live[0])}}
		for _, request := range examples(later) {
			dead = dead && listener.Route(request).ID == "alpha"
		}
		assert.Equal(t, dead, services.Lint(c, []string{"10.0.0.0/16"}) != nil, "the linter's error is %v", services.Lint(c, nil))
	})
}

// evaluated is a rule of the plan as the load balancer has it, under its service's name.
func evaluated(r services.Rule) alb.Rule {
	rule := alb.Rule{ID: r.Service, Priority: r.Priority, Conditions: []alb.Condition{alb.PathPattern(r.Paths)}}
	if len(r.Hosts) > 0 {
		rule.Conditions = append(rule.Conditions, alb.HostHeader(r.Hosts))
	}
	if len(r.Verbs) > 0 {
		rule.Conditions = append(rule.Conditions, alb.HTTPRequestMethod(r.Verbs))
	}
	for _, block := range r.Sources {
		rule.Conditions = append(rule.Conditions, alb.SourceIP{netip.MustParsePrefix(block)})
	}
	return rule
}

// examples are requests that a route matches. Letters that no other pattern has stand for
// its wildcards, once as few and once as more than another pattern has question marks.
func examples(r services.Route) []*http.Request {
	var all []*http.Request
	host, verb := "z.org", "PATCH"
	if len(r.Hosts) > 0 {
		host = r.Hosts[0]
	}
	if len(r.Verbs) > 0 {
		verb = r.Verbs[0]
	}
	for _, many := range []string{"", "xyxyxyxyxy"} {
		for _, dots := range []string{"", "w.w.w.w"} {
			path := strings.NewReplacer("*", many, "?", "x").Replace(r.Paths[0])
			at := strings.NewReplacer("*", dots, "?", "w").Replace(host)
			request := httptest.NewRequest(verb, "http://"+"x.org"+path, nil)
			request.Host = at
			all = append(all, request)
		}
	}
	return all
}
