package alb_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
)

// divided is a balancer whose rule gives each of two groups half of the requests, and
// where /one leads to the second alone.
func divided(stickiness time.Duration, weights ...int) *alb.LoadBalancer {
	group := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) })
	}
	return &alb.LoadBalancer{
		Listener: alb.Listener{
			Rules: []alb.Rule{
				{ID: "one", Priority: 1, Conditions: paths("/one"), Action: alb.ForwardTo("b")},
				{
					ID: "shared", Priority: 2, Conditions: paths("/*"), GroupStickiness: stickiness,
					Action: alb.Forward{{TargetGroup: "a", Weight: weights[0]}, {TargetGroup: "b", Weight: weights[1]}},
				},
			},
			Default: alb.FixedResponse{StatusCode: http.StatusNotFound},
		},
		TargetGroups: map[string]http.Handler{"a": group("a"), "b": group("b")},
	}
}

// visitor is a client that keeps its cookies.
func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar}
}

func visit(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

// A client keeps its target group until the duration has passed since its last request,
// and whatever the weights become. A rule that forwards to one group does not ask for its
// cookie.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
func TestStickyGroups(t *testing.T) {
	var balancer *alb.LoadBalancer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { balancer.ServeHTTP(w, r) }))
	defer server.Close()

	sides := map[string]int{}
	for range 60 {
		balancer = divided(time.Hour, 1, 1)
		client := visitor(t)
		side := visit(t, client, server.URL)
		sides[side]++
		for range 5 {
			require.Equal(t, side, visit(t, client, server.URL), "the side of a client")
		}
		balancer = divided(time.Hour, 999, 0)
		require.Equal(t, side, visit(t, client, server.URL), "the side of a client after the weights have changed")
		require.Equal(t, "b", visit(t, client, server.URL+"/one"), "a rule for one group")
		balancer = divided(0, 1, 0)
		require.Equal(t, "a", visit(t, client, server.URL), "a rule without stickiness")
	}
	assert.Len(t, sides, 2, "sides that clients are on")

	balancer = divided(300*time.Millisecond, 0, 1)
	client := visitor(t)
	require.Equal(t, "b", visit(t, client, server.URL))
	balancer = divided(300*time.Millisecond, 1, 0)
	for range 4 {
		time.Sleep(150 * time.Millisecond)
		require.Equal(t, "b", visit(t, client, server.URL), "each request renews the cookie")
	}
	time.Sleep(350 * time.Millisecond)
	assert.Equal(t, "a", visit(t, client, server.URL), "the duration has passed")

	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	client.Jar.SetCookies(at, []*http.Cookie{{Name: "AWSALBTG", Value: "forged", Path: "/"}})
	assert.Equal(t, "a", visit(t, client, server.URL), "a cookie that is none")
}

// A client keeps its target as long as that is healthy, at every node.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
func TestStickyTargets(t *testing.T) {
	settings := alb.Settings{
		HealthCheck: alb.HealthCheck{Path: "/", Interval: 10 * time.Millisecond, Timeout: time.Second, Healthy: 1, Unhealthy: 1, Codes: "200"},
		Stickiness:  time.Hour, LeastOutstandingRequests: true,
	}
	nodes := []*alb.TargetGroup{alb.NewTargetGroup(settings), alb.NewTargetGroup(settings)}
	var addresses []string
	for i := range 3 {
		target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, i) }))
		defer target.Close()
		addresses = append(addresses, target.Listener.Addr().String())
		for _, node := range nodes {
			defer node.Close()
			node.Register(addresses[i])
		}
	}
	for _, address := range addresses {
		for _, node := range nodes {
			require.Eventually(t, func() bool { return node.State(address) == alb.Healthy }, 5*time.Second, 5*time.Millisecond)
		}
	}
	turn := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn++
		nodes[turn%2].ServeHTTP(w, r)
	}))
	defer server.Close()
	client := visitor(t)
	had := visit(t, client, server.URL)
	for range 20 {
		require.Equal(t, had, visit(t, client, server.URL))
	}
	var gone int
	fmt.Sscan(had, &gone)
	for _, node := range nodes {
		node.Deregister(addresses[gone])
	}
	next := visit(t, client, server.URL)
	require.NotEqual(t, had, next, "a target that drains gets no more")
	for range 20 {
		require.Equal(t, next, visit(t, client, server.URL))
	}
	others := map[string]bool{}
	for range 20 {
		others[visit(t, visitor(t), server.URL)] = true
	}
	assert.Len(t, others, 2, "targets of other clients")
}
