package alb_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"example.com/strangler/test/internal/alb"
)

var office = netip.MustParsePrefix("192.0.2.0/24")

// forum is the listener of a migration under way: users live, posts at a
// quarter, threads dark, and a preview rule for each of them. The rules are out
// of order on purpose.
var forum = alb.Listener{
	Rules: []alb.Rule{
		{ID: "monolith", Priority: 50000, Conditions: paths("/*"), Action: alb.ForwardTo("monolith")},
		live("users", 25100, alb.ForwardTo("users")),
		preview("threads", 200),
		live("posts", 25300, alb.Forward{{"posts", 25}, {"monolith", 75}}),
		preview("users", 100),
		preview("posts", 300),
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

func TestForumRoutes(t *testing.T) {
	to := func(service string) http.Header { return http.Header{"X-Route-To": {service}} }
	for _, test := range []struct {
		target string
		header http.Header
		from   string
		want   string
	}{
		{target: "/api/users", want: "users"},
		{target: "/api/users/", want: "users"},
		{target: "/api/users/1", want: "users"},
		{target: "/api/users/1/x", want: "users"},
		{target: "/api/users?x=/api/posts", want: "users"},
		{target: "/api/posts?x=/api/users", want: "posts"},
		{target: "/api/threads", want: "monolith"},
		{target: "/", want: "monolith"},
		{target: "/api/usersettings", want: "monolith"},
		{target: "/api/user", want: "monolith"},
		{target: "/API/users", want: "monolith"},
		{target: "/api/Users", want: "monolith"},
		{target: "//api/users", want: "monolith"},
		{target: "/api//users", want: "monolith"},
		{target: "/v1/api/users", want: "monolith"},

		{target: "/api%2Fusers", want: "monolith"},
		{target: "/api/users%2F1", want: "monolith"},
		{target: "/api/users/a%2Fb", want: "users"},
		{target: "/api/%75sers", want: "users"},
		{target: "/api/posts/../users", want: "users"},
		{target: "/api/users/%2e%2e/posts", want: "posts"},
		{target: "/api/users/..%2Fposts", want: "users"},
		{target: "/../../api/users", want: "users"},

		{target: "/api/users", header: to("users"), from: "192.0.2.1:5000", want: "users-preview"},
		{target: "/api/threads/1", header: to("threads"), from: "192.0.2.1:5000", want: "threads-preview"},
		{target: "/api/threads/1", header: to("THREADS"), from: "192.0.2.1:5000", want: "threads-preview"},
		{target: "/api/threads/1", header: to("users"), from: "192.0.2.1:5000", want: "monolith"},
		{target: "/api/threads/1", header: to("threads"), from: "198.51.100.7:5000", want: "monolith"},
		{target: "/api/threadsettings", header: to("threads"), from: "192.0.2.1:5000", want: "monolith"},
		{
			target: "/api/threads/1",
			header: http.Header{"X-Route-To": {"threads"}, "X-Forwarded-For": {"192.0.2.1"}},
			from:   "198.51.100.7:5000",
			want:   "monolith",
		},
	} {
		r := httptest.NewRequest(http.MethodGet, test.target, nil)
		r.Header = test.header
		r.RemoteAddr = test.from
		if got := forum.Route(r).ID; got != test.want {
			t.Errorf("%s %v from %q: rule %q, want %q", test.target, test.header, test.from, got, test.want)
		}
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
		if got := (alb.Rule{Action: test.action}).Shares(); !maps.Equal(got, test.want) {
			t.Errorf("%v: shares %v, want %v", test.action, got, test.want)
		}
	}
}

func TestNoRuleMatches(t *testing.T) {
	listener := alb.Listener{Rules: []alb.Rule{live("users", 1, alb.ForwardTo("users"))}, Default: alb.ForwardTo("rest")}
	rule := listener.Route(httptest.NewRequest(http.MethodGet, "/other", nil))
	if rule.ID != alb.DefaultRule || rule.Shares()["rest"] != 1 {
		t.Errorf("got %+v, want the default action", rule)
	}
}

// BenchmarkRoute measures the worst case: as many rules as AWS allows, each with
// a path, a header and a source address, none of them met.
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
