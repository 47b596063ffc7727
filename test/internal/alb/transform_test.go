package alb_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/alb"
)

// A rewrite changes what the target gets, and not which rule matches. What it does not
// match stays, and a result that is no URL is 500.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
func TestURLRewrite(t *testing.T) {
	for _, test := range []struct{ regex, replace, sent, want string }{
		{`^/api/(.*)$`, "/$1", "/api/users", "/users"},
		{`^/api/(.*)$`, "/$1", "/api/", "/"},
		{`^/api/(.*)$`, "/$1", "/api/users/a%2Fb?limit=5&q=%20", "/users/a%2Fb?limit=5&q=%20"},
		{`^/api/(.*)$`, "/$1", "/api/api/x", "/api/x"},
		{`^/dp/([0-9]+)/?$`, "/product.php?id=$1", "/dp/42", "/product.php?id=42"},
		{`^/(\w+)/(\w+)`, "/$2/$1x", "/a/b/c", "/b/ax/c"},
		{`^/price`, "/in-$", "/price", "/in-$"},
		{`^/v1/`, "/v2/", "/other", "/other"},
		{`^/api`, "", "/api", "500"},
		{`^/api(.*)$`, "$1", "/api?q=1", "500"},
		{`^/(.*)$`, "//%$1", "/zz", "500"},
	} {
		var got string
		target := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.URL.RequestURI() })
		balancer := &alb.LoadBalancer{
			Listener: alb.Listener{
				Rules: []alb.Rule{
					{
						ID: "rewritten", Priority: 1, Conditions: paths("/*"),
						Rewrite: &alb.URLRewrite{Regex: regexp.MustCompile(test.regex), Replace: test.replace}, Action: alb.ForwardTo("target"),
					},
					{ID: "next", Priority: 2, Conditions: paths("/users"), Action: alb.FixedResponse{StatusCode: http.StatusTeapot}},
				},
				Default: alb.FixedResponse{StatusCode: http.StatusNotFound},
			},
			TargetGroups: map[string]http.Handler{"target": target},
		}
		response := httptest.NewRecorder()
		balancer.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "http://example.com"+test.sent, nil))
		if response.Code != http.StatusOK {
			got = response.Result().Status[:3]
		}
		assert.Equal(t, test.want, got, "%s with %s for %s", test.sent, test.replace, test.regex)
	}
}
