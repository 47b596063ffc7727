package alb_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/alb"
)

// The cases are the sentences and examples of
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
// and of the API reference that the conditions link.
func TestConditions(t *testing.T) {
	browsers := alb.HTTPHeader{Name: "User-Agent", Values: []string{"*Chrome*", "*Safari*"}}
	versions := alb.QueryString{{Key: "version", Value: "v1"}, {Value: "*example*"}}
	blocks := alb.SourceIP{
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.51.100.10/32"),
		netip.MustParsePrefix("2001:db8::/32"),
	}
	for _, test := range []struct {
		name      string
		condition alb.Condition
		change    func(*http.Request)
		want      bool
	}{
		{"path below", alb.PathPattern{"/img/*"}, path("/img/picture.jpg"), true},
		{"star matches slashes", alb.PathPattern{"/img/*/pics"}, path("/img/a/b/pics"), true},
		{"star matches the empty run", alb.PathPattern{"/img/*"}, path("/img/"), true},
		{"the slash before a star is needed", alb.PathPattern{"/img/*"}, path("/img"), false},
		{"star without a slash matches neighbours", alb.PathPattern{"/img*"}, path("/imgs/a"), true},
		{"question mark matches one character", alb.PathPattern{"/img/?"}, path("/img/1"), true},
		{"question mark matches a slash", alb.PathPattern{"/img?1"}, path("/img/1"), true},
		{"question mark does not match two", alb.PathPattern{"/img/?"}, path("/img/12"), false},
		{"question mark does not match none", alb.PathPattern{"/img/?"}, path("/img/"), false},
		{"path in another case", alb.PathPattern{"/img/*"}, path("/IMG/a"), false},
		{"query is not path", alb.PathPattern{"*pics"}, path("/img?pics"), false},
		{"one of several patterns", alb.PathPattern{"/a", "/b"}, path("/b"), true},
		{"quote in the path", alb.PathPattern{`/say"hi"`}, path(`/say"hi"`), true},
		{"no path", alb.PathPattern{"/"}, func(r *http.Request) { r.URL.Path = "" }, true},

		{"header value", browsers, header("User-Agent", "Mozilla/5.0 Chrome/1"), true},
		{"header value in another case", browsers, header("User-Agent", "mozilla CHROME"), true},
		{"header name in another case", alb.HTTPHeader{Name: "user-AGENT", Values: []string{"x"}}, header("User-Agent", "x"), true},
		{"other header value", browsers, header("User-Agent", "Firefox"), false},
		{"no header", browsers, header("Accept", "Chrome"), false},
		{"star does not match a missing header", alb.HTTPHeader{Name: "X-Beta", Values: []string{"*"}}, header("Accept", "x"), false},
		{"star matches an empty header", alb.HTTPHeader{Name: "X-Beta", Values: []string{"*"}}, header("X-Beta", ""), true},
		{"whole header value", alb.HTTPHeader{Name: "X-Beta", Values: []string{"yes"}}, header("X-Beta", "yes, no"), false},
		{"second occurrence of a header", alb.HTTPHeader{Name: "X-Beta", Values: []string{"yes"}}, header("X-Beta", "no", "yes"), true},

		{"question mark in a header value", alb.HTTPHeader{Name: "X-Beta", Values: []string{"v?"}}, header("X-Beta", "v2"), true},
		{
			"question mark does not match two characters of a header value", alb.HTTPHeader{Name: "X-Beta", Values: []string{"v?"}},
			header("X-Beta", "v22"), false,
		},

		{"question mark in a host", alb.HostHeader{"v?.example.com"}, host("v2.example.com"), true},
		{"host", alb.HostHeader{"*.example.com"}, host("test.example.com"), true},
		{"host in another case", alb.HostHeader{"*.example.COM"}, host("TEST.example.com"), true},
		{"host with a port", alb.HostHeader{"*.example.com"}, host("test.example.com:8080"), true},
		{"host above", alb.HostHeader{"*.example.com"}, host("example.com"), false},

		{"method", alb.HTTPRequestMethod{"CUSTOM-METHOD"}, method("CUSTOM-METHOD"), true},
		{"method in another case", alb.HTTPRequestMethod{"get"}, method("GET"), false},
		{"no wildcard in methods", alb.HTTPRequestMethod{"*"}, method("GET"), false},

		{"query pair", versions, path("/?a=b&version=v1"), true},
		{"query pair in another case", versions, path("/?VERSION=V1"), true},
		{"query value under any key", versions, path("/?a=an-example-b"), true},
		{"other query value", versions, path("/?version=v2"), false},
		{"a value is not compared with keys", versions, path("/?example=1"), false},
		{"encoded query", versions, path("/?%76ersion=v%31"), true},
		{"no query", alb.QueryString{{Value: "*"}}, path("/"), false},
		{"literal star", alb.QueryString{{Key: "q", Value: `\*`}}, path("/?q=*"), true},
		{"literal star is no wildcard", alb.QueryString{{Key: "q", Value: `\*`}}, path("/?q=a"), false},

		{"address in block", blocks, from("192.0.2.200:1"), true},
		{"single address", blocks, from("198.51.100.10:1"), true},
		{"neighbour of a single address", blocks, from("198.51.100.11:1"), false},
		{"IPv6 address", blocks, from("[2001:db8::1]:1"), true},
		{"IPv4 in IPv6", blocks, from("[::ffff:192.0.2.1]:1"), true},
		{"no address", blocks, from(""), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			test.change(r)
			listener := alb.Listener{Rules: []alb.Rule{{ID: "rule", Priority: 1, Conditions: []alb.Condition{test.condition}}}}
			assert.Equal(t, test.want, listener.Route(r).ID == "rule", "%v matches %s", test.condition, r.URL)
		})
	}
}

func path(target string) func(*http.Request) {
	return func(r *http.Request) { r.URL = httptest.NewRequest(http.MethodGet, target, nil).URL }
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = values }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func method(name string) func(*http.Request) { return func(r *http.Request) { r.Method = name } }

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}
