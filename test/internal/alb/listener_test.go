package alb_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/alb"
)

var office = netip.MustParsePrefix("192.0.2.0/24")

// shop is the listener of a migration in progress: alpha is live, gamma has a
// quarter of its requests, beta is dark, and each has a preview rule. The rules are
// out of order on purpose.
var shop = alb.Listener{
	Rules: []alb.Rule{
		{ID: "monolith", Priority: 50000, Conditions: paths("/*"), Action: alb.ForwardTo("monolith")},
		live("alpha", 25100, alb.ForwardTo("alpha")),
		preview("beta", 200),
		live("gamma", 25300, alb.Forward{{"gamma", 25}, {"monolith", 75}}),
		preview("alpha", 100),
		preview("gamma", 300),
	},
	Default: alb.FixedResponse{StatusCode: http.StatusNotFound},
}

func live(service string, priority int, action alb.Action) alb.Rule {
	return alb.Rule{
		ID:         service,
		Priority:   priority,
		Conditions: paths("/api/"+service, "/api/"+service+"/*"),
		Action:     action,
	}
}

func preview(service string, priority int) alb.Rule {
	rule := live(service, priority, alb.ForwardTo(service))
	rule.ID += "-preview"
	rule.Conditions = append(rule.Conditions,
		alb.HTTPHeader{Name: "X-Route-To", Values: []string{service}},
		alb.SourceIP{office})
	return rule
}

func paths(patterns ...string) []alb.Condition {
	return []alb.Condition{alb.PathPattern(patterns)}
}

func TestRoute(t *testing.T) {
	to := func(service string) http.Header { return http.Header{"X-Route-To": {service}} }
	for _, test := range []struct {
		target string
		header http.Header
		from   string
		want   string
	}{
		{target: "/api/alpha", want: "alpha"},
		{target: "/api/alpha/", want: "alpha"},
		{target: "/api/alpha/1", want: "alpha"},
		{target: "/api/alpha/1/x", want: "alpha"},
		{target: "/api/alpha?x=/api/gamma", want: "alpha"},
		{target: "/api/gamma?x=/api/alpha", want: "gamma"},
		{target: "/api/beta", want: "monolith"},
		{target: "/", want: "monolith"},
		{target: "/api/alphabet", want: "monolith"},
		{target: "/api/alph", want: "monolith"},
		{target: "/API/alpha", want: "monolith"},
		{target: "/api/Alpha", want: "monolith"},
		{target: "//api/alpha", want: "monolith"},
		{target: "/api//alpha", want: "monolith"},
		{target: "/v1/api/alpha", want: "monolith"},

		{target: "/api%2Falpha", want: "monolith"},
		{target: "/api/alpha%2F1", want: "monolith"},
		{target: "/api/alpha/a%2Fb", want: "alpha"},
		{target: "/api/%61lpha", want: "alpha"},
		{target: "/api/gamma/../alpha", want: "alpha"},
		{target: "/api/alpha/%2e%2e/gamma", want: "gamma"},
		{target: "/api/alpha/..%2Fgamma", want: "alpha"},
		{target: "/../../api/alpha", want: "alpha"},

		{target: "/api/alpha", header: to("alpha"), from: "192.0.2.1:5000", want: "alpha-preview"},
		{target: "/api/beta/1", header: to("beta"), from: "192.0.2.1:5000", want: "beta-preview"},
		{target: "/api/beta/1", header: to("BETA"), from: "192.0.2.1:5000", want: "beta-preview"},
		{target: "/api/beta/1", header: to("alpha"), from: "192.0.2.1:5000", want: "monolith"},
		{target: "/api/beta/1", header: to("beta"), from: "198.51.100.7:5000", want: "monolith"},
		{target: "/api/betas", header: to("beta"), from: "192.0.2.1:5000", want: "monolith"},
		{
			target: "/api/beta/1",
			header: http.Header{"X-Route-To": {"beta"}, "X-Forwarded-For": {"192.0.2.1"}},
			from:   "198.51.100.7:5000",
			want:   "monolith",
		},
	} {
		r := httptest.NewRequest(http.MethodGet, test.target, nil)
		r.Header = test.header
		r.RemoteAddr = test.from
		assert.Equal(t, test.want, shop.Route(r).ID, "%s %v from %q", test.target, test.header, test.from)
	}
}

func TestShares(t *testing.T) {
	forward := func(weights ...int) alb.Action {
		var f alb.Forward
		for i, weight := range weights {
			f = append(f, alb.WeightedTargetGroup{TargetGroup: string(rune('a' + i)), Weight: weight})
		}
		return f
	}
	for _, test := range []struct {
		action alb.Action
		want   map[string]float64
	}{
		{alb.ForwardTo("a"), map[string]float64{"a": 1}},
		{forward(1, 1), map[string]float64{"a": 0.5, "b": 0.5}},
		{forward(25, 75), map[string]float64{"a": 0.25, "b": 0.75}},
		{forward(999, 0), map[string]float64{"a": 1}},
		{forward(0, 0), map[string]float64{}},
		{alb.FixedResponse{StatusCode: 404}, map[string]float64{}},
	} {
		assert.Equal(t, test.want, alb.Rule{Action: test.action}.Shares(), "%v", test.action)
	}
}

func TestNoRuleMatches(t *testing.T) {
	listener := alb.Listener{Rules: []alb.Rule{live("alpha", 1, alb.ForwardTo("alpha"))}, Default: alb.ForwardTo("rest")}
	rule := listener.Route(httptest.NewRequest(http.MethodGet, "/other", nil))
	assert.Equal(t, alb.DefaultRule, rule.ID)
	assert.Equal(t, map[string]float64{"rest": 1}, rule.Shares())
}

// BenchmarkRoute measures the worst case: as many rules as AWS allows, each with
// a path, a header and a source address, none of which match.
func BenchmarkRoute(b *testing.B) {
	listener := alb.Listener{Default: alb.FixedResponse{StatusCode: http.StatusNotFound}}
	for i := range 100 {
		listener.Rules = append(listener.Rules, preview("service-"+strconv.Itoa(i), i+1))
	}
	for _, target := range []string{"/api/service-1000/items/42?limit=10", "/api/%73ervice-1000/./items/a%2fb"} {
		b.Run(target, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			b.ReportAllocs()
			for b.Loop() {
				listener.Route(r)
			}
		})
	}
}
