package region

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/load"
)

func openTestFrontend(t *testing.T) *frontend {
	t.Helper()
	d, err := openFrontend(0)
	require.NoError(t, err)
	t.Cleanup(d.close)
	return d
}

func listener(id string) assembly.Listener {
	return assembly.Listener{
		Resource: assembly.Resource{Stack: "Edge", LogicalID: id},
		Routing:  alb.Listener{Default: alb.FixedResponse{StatusCode: 404}},
	}
}

func rule(id string, priority int, group string, conditions ...alb.Condition) assembly.ListenerRule {
	r := assembly.ListenerRule{Resource: assembly.Resource{Stack: "Orders", LogicalID: id}}
	r.Rule = alb.Rule{ID: r.Identity(), Priority: priority, Conditions: conditions, Action: alb.ForwardTo(group)}
	return r
}

func setListener(d *frontend, l assembly.Listener) error {
	return d.setListener(l.Identity(), l.Routing.Default)
}

func setRule(d *frontend, r assembly.ListenerRule) error { return d.setRule(r.Identity(), r.Rule) }

func program(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name) })
}

// A change of a rule or a group applies to the next request.
func TestFrontendObeysTheCurrentRules(t *testing.T) {
	d := openTestFrontend(t)
	expect := func(url string, status int, body string) {
		t.Helper()
		request, err := http.NewRequest("GET", url+"/api/orders", nil)
		require.NoError(t, err)
		request.Header.Set("X-Route-To", "orders")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		got, _ := io.ReadAll(response.Body)
		assert.Equal(t, status, response.StatusCode)
		assert.Regexp(t, "^"+body, string(got))
	}
	_, err := http.Get(d.outsideURL)
	require.ErrorContains(t, err, "EOF", "without a listener")
	require.NoError(t, setListener(d, listener("Listener")))
	expect(d.outsideURL, 404, "")
	require.NoError(t, setRule(d, rule("Preview", 1, "orders",
		alb.HTTPHeader{Name: "X-Route-To", Values: []string{"orders"}}, alb.SourceIP{netip.MustParsePrefix("10.0.0.0/16")})))
	expect(d.insideURL, 503, "")
	d.setGroup("orders", program("orders"), program("orders"))
	expect(d.insideURL, 200, "orders")
	expect(d.outsideURL, 404, "")
	require.NoError(t, setRule(d, rule("Live", 2, "orders", alb.PathPattern{"/api/orders"})))
	expect(d.outsideURL, 200, "orders")
	d.deleteRule(rule("Live", 2, "").Identity())
	expect(d.outsideURL, 404, "")
	d.deleteGroup("orders")
	expect(d.insideURL, 503, "")
	require.NoError(t, setListener(d, listener("Listener")))
	redirect := listener("Redirect")
	redirect.Routing.Default = alb.Redirect{Protocol: "HTTPS", StatusCode: 301}
	require.NoError(t, setListener(d, redirect))
	d.deleteListener(redirect.Identity())
	expect(d.outsideURL, 404, "")
	d.deleteListener(listener("Listener").Identity())
	_, err = http.Get(d.outsideURL)
	require.ErrorContains(t, err, "EOF", "after the listener is deleted")
}

// The preview header works from a block of one address, as from a larger one.
func TestInsideAddressIsInItsBlock(t *testing.T) {
	for _, text := range []string{"203.0.113.7/32", "10.0.0.0/16", "2001:db8::/32"} {
		d := openTestFrontend(t)
		block := netip.MustParsePrefix(text)
		require.NoError(t, setRule(d, rule("Preview", 1, "orders", alb.SourceIP{block})))
		address, ok := d.insideAddress()
		assert.True(t, ok, text)
		assert.True(t, block.Contains(address), "%s is not in %s", address, text)
	}
}

func TestFrontendRefuses(t *testing.T) {
	d := openTestFrontend(t)
	require.NoError(t, setListener(d, listener("Listener")))
	require.EqualError(t, setListener(d, listener("Second")), "there is ${Edge.Listener} already: the rehearsal has one listener")
	require.NoError(t, setRule(d, rule("One", 1, "orders")))
	require.EqualError(t, setRule(d, rule("Two", 1, "orders")), "priority 1 is in use by ${Orders.One}")
	require.NoError(t, setRule(d, rule("One", 1, "payments")))
	assert.False(t, d.attached("orders"), "the target group of the rule before its change")
	assert.True(t, d.attached("payments"), "the target group of the changed rule")
}

func TestRulesAreListedInTheirOrder(t *testing.T) {
	d := openTestFrontend(t)
	require.NoError(t, setListener(d, listener("Listener")))
	require.NoError(t, setRule(d, rule("Live", 9, "a")))
	require.NoError(t, setRule(d, rule("Preview", 1, "a")))
	d.setProgram("a", "orders")
	rules, programs := d.list()
	require.Len(t, rules, 3)
	assert.Equal(t, 1, rules[0].Priority)
	assert.Equal(t, 9, rules[1].Priority)
	assert.Equal(t, "${Edge.Listener}", rules[2].ID)
	assert.Equal(t, "orders", programs["a"])
}

// ECS refuses a service whose target group belongs to no load balancer.
func TestServiceNeedsAnAttachedTargetGroup(t *testing.T) {
	r := &Region{frontend: openTestFrontend(t)}
	service := assembly.Service{Attachments: []assembly.Attachment{{TargetGroup: "group", Container: "orders"}}}
	err := r.deployService(t.Context(), of(&assembly.Stage{}), "${Orders.Service}", service)
	require.ErrorContains(t, err, "does not have an associated load balancer")
	require.NoError(t, setRule(r.frontend, rule("Preview", 1, "group")))
	err = r.deployService(t.Context(), of(&assembly.Stage{}), "${Orders.Service}", service)
	require.ErrorContains(t, err, "task definition", "with a rule the next error is that of the missing task definition")
}

// The response names the program of the target group that the request was sent to.
func TestResponseNamesTheProgram(t *testing.T) {
	d, err := openFrontend(0)
	require.NoError(t, err)
	t.Cleanup(d.close)
	claims := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Served-By", "another") })
	d.setGroup("a", claims, claims)
	d.setProgram("a", "orders")
	w := httptest.NewRecorder()
	d.named(claims, "a").ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	assert.Equal(t, "orders", load.Program(w.Header()))
}
