package region

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
)

// late is a propagation time that no test waits for.
const late = time.Hour

// answerOf is the status of a node's answer.
func answerOf(n *node) int {
	w := httptest.NewRecorder()
	n.balancer.Load().ServeHTTP(w, httptest.NewRequest("GET", "/api/orders", nil))
	return w.Code
}

// One node obeys a changed rule at once, and the other after the propagation time.
func TestNodesLearnOfRulesAtDifferentTimes(t *testing.T) {
	d, err := openFrontend(late)
	require.NoError(t, err)
	t.Cleanup(d.close)
	first, second := d.nodes[0], d.nodes[1]
	require.NoError(t, setListener(d, listener("Listener")))
	d.setGroup("orders", program("orders"), program("orders"))
	require.NoError(t, setRule(d, rule("Live", 2, "orders", alb.PathPattern{"/api/orders"})))
	assert.Equal(t, http.StatusOK, answerOf(first))
	assert.Empty(t, second.balancer.Load().Listener.Rules, "the node that learns late has no rule yet")
	for range 3 { // the listener, the group and the rule
		second.rules.next()
	}
	assert.Equal(t, http.StatusOK, answerOf(second))
	d.deleteRule(rule("Live", 2, "").Identity())
	assert.Equal(t, http.StatusNotFound, answerOf(first))
	assert.Equal(t, http.StatusOK, answerOf(second), "the node that learns late still obeys the rule")
	second.rules.next()
	assert.Equal(t, http.StatusNotFound, answerOf(second))
}

// The node that learns of rules at once learns late of targets: it goes on sending to one
// that is draining.
func TestNodesLearnOfTargetsAtDifferentTimes(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer backend.Close()
	address := strings.TrimPrefix(backend.URL, "http://")
	nodes := newNodes(late)
	g := newGroup("orders", nodes, alb.Settings{
		HealthCheck: alb.HealthCheck{
			Path: "/", Interval: 5 * time.Millisecond, Timeout: time.Second, Healthy: 1, Unhealthy: 2, Codes: "200",
		},
		DeregistrationDelay: time.Hour,
	})
	defer func() {
		for i, n := range nodes {
			n.close()
			g.views[i].Close()
		}
	}()
	status := func(i int) int {
		w := httptest.NewRecorder()
		g.views[i].ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Code
	}
	g.register(address, open)
	eventually(t, "a healthy target at the second node", func() bool { return g.views[1].State(address) == alb.Healthy })
	assert.Equal(t, alb.Initial, g.state(address), "healthy at one node of two")
	assert.Equal(t, http.StatusServiceUnavailable, status(0), "at the node that learns late")
	nodes[0].targets.next()
	eventually(t, "a healthy target at both nodes", func() bool { return g.state(address) == alb.Healthy })
	g.deregister(address)
	assert.Equal(t, alb.Draining, g.state(address))
	assert.Equal(t, http.StatusOK, status(0), "the node that learns late still sends to it")
	assert.Equal(t, http.StatusServiceUnavailable, status(1))
}

// One node suffices to find a target unhealthy.
func TestUnhealthyAtOneNode(t *testing.T) {
	nodes := newNodes(0)
	g := newGroup("orders", nodes, alb.Settings{
		HealthCheck: alb.HealthCheck{Path: "/", Interval: 5 * time.Millisecond, Timeout: time.Second, Healthy: 1, Unhealthy: 1, Codes: "200"},
	})
	defer g.close()
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer backend.Close()
	address := strings.TrimPrefix(backend.URL, "http://")
	g.register(address, open)
	eventually(t, "a healthy target", func() bool { return g.state(address) == alb.Healthy })
	g.views[1].Configure(alb.Settings{
		HealthCheck: alb.HealthCheck{Path: "/", Interval: 5 * time.Millisecond, Timeout: time.Second, Healthy: 1, Unhealthy: 1, Codes: "201"},
	})
	eventually(t, "an unhealthy target", func() bool { return g.state(address) == alb.Unhealthy })
	assert.Equal(t, alb.Healthy, g.views[0].State(address))
}

// A node learns of changes in the order in which they were made, and once closed of what
// comes at once.
func TestNewsKeepTheirOrder(t *testing.T) {
	n := news{delay: 10 * time.Millisecond}
	learned := make(chan int, 20)
	for i := range 20 {
		n.learn(func() { learned <- i })
	}
	for i := range 20 {
		require.Equal(t, i, <-learned)
	}
	n.delay = late
	n.learn(func() { learned <- 20 })
	n.close()
	n.next()
	assert.Empty(t, learned, "a change that was pending when the node closed")
	n.learn(func() { learned <- 21 })
	assert.Equal(t, 21, <-learned)
}
