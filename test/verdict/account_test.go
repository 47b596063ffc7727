package main

import (
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/jsii-runtime-go"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/account/accounttest"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/endpoint"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/synth"
)

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "verdict-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	jsii.Close()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// scratch is a folder for what several tests share.
var scratch string

// fixtureAt is the fixture in one environment, prod, with the words of some keys; the others
// are live, and the monolith serves.
func fixtureAt(t *testing.T, words ...string) *synth.App {
	t.Helper()
	app, err := synth.Shipped("../..")
	require.NoError(t, err)
	app.Catalog = fixture.Catalog()
	app.Staging = filepath.Join(scratch, "build")
	migration := map[string]any{app.Catalog.Monolith.Name: "serving"}
	for _, s := range app.Catalog.Services {
		migration[s.Name] = "live"
	}
	for i := 0; i < len(words); i += 2 {
		migration[words[i]] = words[i+1]
	}
	app.Context["environments"] = map[string]any{"prod": map[string]any{
		"region": "eu-west-1", "protected": false, "waf": false, "traces": true, "endpoints": fixture.Endpoints(), "migration": migration,
	}}
	return app
}

// assembled are the folders of assemblies by their words, which take a second each.
var assembled = map[string]string{}

// templatesAt is the folder of the templates of the fixture with some words.
func templatesAt(t *testing.T, words ...string) string {
	t.Helper()
	key := fmt.Sprint(words)
	if assembled[key] == "" {
		assembled[key] = filepath.Join(scratch, fmt.Sprint(len(assembled)))
		_, err := fixtureAt(t, words...).Synthesize(assembled[key])
		require.NoError(t, err)
	}
	return assembled[key]
}

func stageAt(t *testing.T, words ...string) *assembly.Stage {
	t.Helper()
	a, err := assembly.Read(templatesAt(t, words...))
	require.NoError(t, err)
	return a.Stages[0]
}

// now is the time of every test on a machine that is in another zone, changed when everything
// was deployed.
var (
	now     = time.Date(2026, 11, 20, 12, 0, 30, 0, time.UTC).In(time.FixedZone("Asia/Kolkata", 5*3600+1800))
	changed = now.Add(-3 * time.Hour)
)

// counted is what a target group's load balancer counts.
type counted struct {
	// perMinute are the requests, of which a part gets a 5xx, a part one of the load balancer,
	// and a part hangs up.
	perMinute                  float64
	failed, unanswered, hungUp float64
	// p50 and p99 are in seconds.
	p50, p99 float64
	// unhealthy is the number of unhealthy targets of 3.
	unhealthy float64
}

// cloud is an account that answers over HTTP.
type cloud struct {
	*endpoint.Account
	// groups are by the stack of the target group.
	groups map[string]*counted
	// values are those of other metrics, of every minute, by name.
	values map[string]func(of string, at time.Time) (float64, bool)
	// refuse are the codes of the next answers of an operation.
	refuse map[string][]string
	// edit changes an answer.
	edit func(operation string, output any)
	// calls are the operations that were called.
	calls []string
}

// cloudAt serves the fixture with some words, where every program gets 600 requests a minute,
// of which one in 1,000 fails.
func cloudAt(t *testing.T, words ...string) *cloud {
	t.Helper()
	return cloudOf(t, stageAt(t, words...))
}

func cloudOf(t *testing.T, stage *assembly.Stage) *cloud {
	t.Helper()
	c := &cloud{
		groups: map[string]*counted{}, values: map[string]func(string, time.Time) (float64, bool){}, refuse: map[string][]string{},
		edit: func(string, any) {},
	}
	for _, group := range stage.TargetGroups {
		c.groups[group.Stack] = &counted{perMinute: 600, failed: 0.001, p50: 0.02, p99: 0.2}
	}
	c.Account = &endpoint.Account{
		Stage: stage, Now: func() time.Time { return now }, Updated: func(string) time.Time { return changed }, Value: c.value,
		Rules: func() []alb.Rule {
			var rules []alb.Rule
			for _, rule := range stage.ListenerRules {
				rules = append(rules, rule.Rule)
			}
			return rules
		},
	}
	server := httptest.NewServer(endpoint.Handler(c.answer))
	t.Cleanup(server.Close)
	accounttest.SignIn(t, server.URL)
	return c
}

func (c *cloud) answer(call endpoint.Call) (any, error) {
	c.calls = append(c.calls, call.Operation)
	if codes := c.refuse[call.Operation]; len(codes) > 0 {
		c.refuse[call.Operation] = codes[1:]
		return nil, &smithy.GenericAPIError{Code: codes[0], Message: "not now"}
	}
	output, err := c.Account.Answer(call)
	if err == nil {
		c.edit(call.Operation, output)
	}
	return output, err
}

// evenly is how many of a part of the events of some minutes there are, spread evenly over all
// minutes.
func evenly(perMinute float64, from, to time.Time) float64 {
	at := func(t time.Time) float64 {
		return math.Floor(perMinute * t.Sub(changed.Add(-90*24*time.Hour)).Minutes())
	}
	return at(to) - at(from)
}

func (c *cloud) value(q endpoint.Query, from, to time.Time) (float64, bool) {
	if value, ok := c.values[q.Name]; ok {
		return value(q.Of, from)
	}
	if q.Namespace != "AWS/ApplicationELB" {
		return 0, false
	}
	if q.Name == "HTTPCode_ELB_5XX_Count" {
		var all float64
		for _, g := range c.groups {
			all += evenly(g.perMinute*g.unanswered, from, to)
		}
		return all, all > 0
	}
	g := &counted{perMinute: 1000}
	if q.Of != "" {
		stack, _, _ := strings.Cut(strings.TrimPrefix(q.Of, "${"), ".")
		g = c.groups[stack]
	}
	if g == nil || g.perMinute == 0 {
		return 0, false
	}
	requests := evenly(g.perMinute, from, to)
	failed := evenly(g.perMinute*g.failed, from, to)
	switch q.Name {
	case "RequestCount":
		return requests, requests > 0
	case "HTTPCode_Target_2XX_Count":
		return requests - failed - evenly(g.perMinute*g.unanswered, from, to) - evenly(g.perMinute*g.hungUp, from, to), requests > 0
	case "HTTPCode_Target_5XX_Count":
		return failed, failed > 0
	case "TargetResponseTime":
		return map[string]float64{"p50": g.p50, "p99": g.p99}[q.Statistic], true
	case "HealthyHostCount":
		return 3 - g.unhealthy, true
	case "UnHealthyHostCount":
		return g.unhealthy, true
	}
	return 0, false
}

// command runs the program on the fixture with some words, of which the templates are there.
func command(t *testing.T, words []string, args ...string) (out string, status int, err error) {
	t.Helper()
	return in(t, fixtureAt(t, words...), append([]string{"--assembly", templatesAt(t, words...)}, args...)...)
}

func in(t *testing.T, app *synth.App, args ...string) (out string, status int, err error) {
	t.Helper()
	var o strings.Builder
	status, err = run(t.Context(), args, app, now, &o, &o)
	if err != nil {
		require.NotContains(t, err.Error(), "\n", "more than one line")
		require.Equal(t, failed, status)
	}
	return o.String(), status, err
}
