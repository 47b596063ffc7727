package test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requests are paths of the fixture's catalog and near misses, with the service that
// owns each. The monolith owns the rest.
var requests = []struct{ path, owner string }{
	{"/api/alpha", "alpha"},
	{"/api/alpha/ada", "alpha"},
	{"/api/alpha?x=/gamma", "alpha"},
	{"/api/alpha/", "alpha"},
	{"/api/alpha/1/x", "alpha"},
	{"/api/alpha/a%2Fb", "alpha"},
	{"/api/beta", "beta"},
	{"/api/beta/1", "beta"},
	{"/api/beta?limit=5&cursor=x", "beta"},
	{"/gamma", "gamma"},
	{"/gamma/1/2", "gamma"},
	{"/files/a/report.pdf", "gamma"},
	{"/files/a/", "gamma"},

	{"/", "legacy"},
	{"/healthz", "legacy"},
	{"/api", "legacy"},
	{"/api/", "legacy"},
	{"/api/alph", "legacy"},
	{"/api/alphabet", "legacy"},
	{"/api/gamma", "legacy"},
	{"/files/ab/report.pdf", "legacy"},
	{"/files/a", "legacy"},
	{"/API/alpha", "legacy"},
	{"/api/Alpha", "legacy"},
	{"/v2/api/alpha", "legacy"},
	{"/api%2Falpha", "legacy"},
	{"/?path=/api/alpha", "legacy"},
}

// For every combination of phases the load balancer sends every request where
// the catalog and the phases say.
func TestEveryRequestInEveryCombination(t *testing.T) {
	c := completed(t)
	for _, m := range combinations(t, c) {
		listener := compose(t, c, m)
		assert.NoError(t, listener.Validate(), "%v", m)
		for _, r := range requests {
			got := listener.Route(httptest.NewRequest(http.MethodGet, "http://fixture.example"+r.path, nil)).Shares()
			assert.Equal(t, sharesOf(c, m, r.owner), got, "%v: %s", m, r.path)
		}
	}
}

// sharesOf are the shares in which programs serve a service's paths, from the phases.
func sharesOf(c services.Catalog, m services.Migration, owner string) map[string]float64 {
	monolith := map[string]float64{}
	if m.Monolith == services.Serving {
		monolith[c.Monolith.Name] = 1
	}
	if owner == c.Monolith.Name {
		return monolith
	}
	switch p := m.Services[owner]; {
	case p == services.Dark:
		return monolith
	case p.TakenOver():
		return map[string]float64{owner: 1}
	default:
		share := float64(p.Share) / 100
		return map[string]float64{owner: share, c.Monolith.Name: 1 - share}
	}
}

// combinations are all migrations in which each service is dark, at 25%, live or
// strangled and the monolith is where that allows.
func combinations(t *testing.T, c services.Catalog) []services.Migration {
	t.Helper()
	words := []map[string]string{{}}
	for _, s := range c.Services {
		words = product(words, s.Name, "dark", "25%", "live", "strangled")
	}
	words = product(words, c.Monolith.Name, "serving", "drained", "retired")
	var all []services.Migration
	for _, w := range words {
		if m, err := services.ParseMigration(c, w); err == nil {
			all = append(all, m)
		}
	}
	n := len(c.Services)
	require.Len(t, all, 1<<(2*n)+1<<n+1<<n)
	return all
}

func product(all []map[string]string, name string, words ...string) []map[string]string {
	var out []map[string]string
	for _, m := range all {
		for _, w := range words {
			next := maps.Clone(m)
			next[name] = w
			out = append(out, next)
		}
	}
	return out
}

// compose is the listener of a combination, from the templates in which each
// stack has its phase, with target groups under their services' names.
func compose(t *testing.T, c services.Catalog, m services.Migration) alb.Listener {
	t.Helper()
	var listener alb.Listener
	for _, s := range c.Services {
		phase := m.Services[s.Name].String()
		listener.Rules = append(listener.Rules, stackRules(at(t, situation{phase, services.Serving}), s.ID())...)
		listener.Default = onlyListener(t, at(t, situation{phase, services.Serving})).Default
	}
	phase := map[services.MonolithPhase]string{services.Serving: "dark", services.Drained: "live", services.Retired: "strangled"}[m.Monolith]
	listener.Rules = append(listener.Rules, stackRules(at(t, situation{phase, m.Monolith}), c.Monolith.ID())...)
	return listener
}

func stackRules(stage *assembly.Stage, stack string) []alb.Rule {
	var rules []alb.Rule
	for _, r := range stage.ListenerRules {
		if r.Stack == stack {
			rules = append(rules, named(stage, r.Rule))
		}
	}
	return rules
}

// named is a rule whose target groups have the names of their services.
func named(stage *assembly.Stage, rule alb.Rule) alb.Rule {
	var forward alb.Forward
	for _, group := range rule.Action.(alb.Forward) {
		forward = append(forward, alb.WeightedTargetGroup{TargetGroup: stage.Program(group.TargetGroup), Weight: group.Weight})
	}
	rule.Action = forward
	return rule
}

func onlyListener(t *testing.T, stage *assembly.Stage) alb.Listener {
	t.Helper()
	require.Len(t, stage.Listeners, 1)
	return stage.Listeners[0].Routing
}

// X-Route-To reaches a program on its paths from an allowed address, and changes
// nothing from any other.
func TestPreviewHeader(t *testing.T) {
	for _, s := range situations {
		stage := at(t, s)
		listener := onlyListener(t, stage)
		for _, service := range stage.Services {
			if isWorker(service) {
				continue
			}
			name := service.Program()
			request := httptest.NewRequest(http.MethodGet, ownPath(t, name), nil)
			outside := listener.Route(request).Shares()
			request.Header.Set("x-route-to", strings.ToUpper(name))
			request.RemoteAddr = "203.0.113.9:1234"
			assert.Equal(t, outside, listener.Route(request).Shares(), "%v: the header of %s from outside", s, name)
			request.RemoteAddr = "10.0.3.4:1234"
			want := map[string]float64{service.Attachments[0].TargetGroup: 1}
			assert.Equal(t, want, listener.Route(request).Shares(), "%v: the header of %s from inside", s, name)
		}
	}
}

// ownPath is a path that a program's preview rule matches. The monolith's matches all,
// so its is one of a service.
func ownPath(t *testing.T, name string) string {
	t.Helper()
	if c := completed(t); name != c.Monolith.Name {
		return c.Find(name).Patterns()[0]
	}
	return requests[0].path
}

// The rules of all stacks are those of the plan.
func TestRulesOfAllStacks(t *testing.T) {
	for _, s := range situations {
		assert.NoError(t, checkRules(at(t, s), s), "%v", s)
	}
}

func TestRuleMutants(t *testing.T) {
	edits := map[string]func(rule map[string]any){
		"a priority used twice":      func(rule map[string]any) { rule["Priority"] = 25200 },
		"a rule after the catch-all": func(rule map[string]any) { rule["Priority"] = 50001 },
		"a path of another service":  func(rule map[string]any) { setPaths(rule, "/api/beta") },
		"a prefix of other words":    func(rule map[string]any) { setPaths(rule, "/api/alpha*") },
	}
	for name, edit := range edits {
		_, live := rulesOf(at(t, allLive), "alpha")
		mutant := mutated(t, allLive, "Alpha", func(resources map[string]any) {
			edit(resources[live.LogicalID].(map[string]any)["Properties"].(map[string]any))
		})
		assert.Error(t, checkRules(mutant, allLive), "%s: mutant passed the check", name)
	}
}

func setPaths(rule map[string]any, paths ...any) {
	condition := rule["Conditions"].([]any)[0].(map[string]any)
	condition["PathPatternConfig"] = map[string]any{"Values": paths}
}

// checkRules wants the templates' rules to be those of routes.go, which the
// linter has judged, in a listener that AWS accepts, the catch-all last.
func checkRules(stage *assembly.Stage, s situation) error {
	listener := stage.Listeners[0].Routing
	if err := listener.Validate(); err != nil {
		return err
	}
	c, err := fixture.Catalog().Complete()
	if err != nil {
		return err
	}
	m := services.Migration{Services: map[string]services.Phase{}, Monolith: s.monolith}
	for _, service := range c.Services {
		if m.Services[service.Name], err = services.ParsePhase(s.phase); err != nil {
			return err
		}
	}
	var want, got []string
	for _, r := range services.Rules(services.Plan(c, m, []string{"10.0.0.0/16"})) {
		want = append(want, describe(r))
	}
	rules := slices.SortedFunc(slices.Values(listener.Rules), func(a, b alb.Rule) int { return a.Priority - b.Priority })
	for _, r := range rules {
		got = append(got, describeTemplate(named(stage, r)))
	}
	if !slices.Equal(got, want) {
		lines := func(rules []string) string { return strings.Join(rules, "\n     ") }
		return fmt.Errorf("the templates' rules are not those of routes.go:\n got %s\nwant %s", lines(got), lines(want))
	}
	if s.monolith != services.Serving {
		return nil
	}
	last := rules[len(rules)-1]
	return errors.Join(
		equal("the last rule's priority", 50000, last.Priority),
		equal("the last rule's paths", alb.Condition(alb.PathPattern{"/*"}), last.Conditions[0]),
	)
}

func describe(r services.Rule) string {
	text := fmt.Sprintf("%d %v", r.Priority, r.Paths)
	for _, values := range [][]string{r.Hosts, r.Verbs} {
		if len(values) > 0 {
			text += fmt.Sprintf(" %v", values)
		}
	}
	if r.RouteTo != "" {
		text += fmt.Sprintf(" %s=[%s]", services.PreviewHeader, r.RouteTo)
	}
	if len(r.Sources) > 0 {
		text += fmt.Sprintf(" from %v", r.Sources)
	}
	for _, f := range r.Forward {
		text += fmt.Sprintf(" %s:%d%%", f.Service, f.Percent)
	}
	return text
}

func describeTemplate(r alb.Rule) string {
	text := fmt.Sprint(r.Priority)
	for _, condition := range r.Conditions {
		switch c := condition.(type) {
		case alb.PathPattern:
			text += fmt.Sprintf(" %v", []string(c))
		case alb.HostHeader:
			text += fmt.Sprintf(" %v", []string(c))
		case alb.HTTPRequestMethod:
			text += fmt.Sprintf(" %v", []string(c))
		case alb.HTTPHeader:
			text += fmt.Sprintf(" %s=%v", c.Name, c.Values)
		case alb.SourceIP:
			text += fmt.Sprintf(" from %v", c)
		default:
			text += fmt.Sprintf(" %T", c)
		}
	}
	forward := r.Action.(alb.Forward)
	shares := forward.Shares()
	for _, group := range forward {
		text += fmt.Sprintf(" %s:%.0f%%", group.TargetGroup, 100*shares[group.TargetGroup])
	}
	return text
}

// The load balancer itself answers what no rule matches.
func TestDefaultIsNotFound(t *testing.T) {
	balancer := &alb.LoadBalancer{Listener: onlyListener(t, at(t, situation{"strangled", services.Retired}))}
	response := httptest.NewRecorder()
	balancer.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	assert.Equal(t, http.StatusNotFound, response.Code)
}
