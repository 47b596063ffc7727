package alb_test

import (
	"crypto/tls"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/alb"
)

func TestLoadBalancerServes(t *testing.T) {
	lb := &alb.LoadBalancer{
		Listener: alb.Listener{
			Rules: []alb.Rule{
				{ID: "served", Priority: 1, Conditions: paths("/served/*"), Action: alb.ForwardTo("served")},
				{ID: "unknown", Priority: 2, Conditions: paths("/unknown"), Action: alb.ForwardTo("unknown")},
				{ID: "empty", Priority: 3, Conditions: paths("/empty"), Action: alb.ForwardTo("empty")},
				{ID: "weightless", Priority: 4, Conditions: paths("/weightless"), Action: alb.Forward{{"served", 0}}},
				{ID: "broken", Priority: 5, Conditions: paths("/broken"), Action: alb.Forward{{"unknown", 999}, {"served", 0}}},
			},
			Default: alb.FixedResponse{StatusCode: 404, ContentType: "text/plain", MessageBody: "no such path"},
		},
		TargetGroups: map[string]http.Handler{
			"served": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.EscapedPath()) }),
			"empty":  nil,
		},
	}
	const unavailable = "503 Service Temporarily Unavailable\n"
	for _, test := range []struct {
		target string
		status int
		body   string
	}{
		{"/served/x", 200, "/served/x"},
		{"/a/../served/%41", 200, "/a/../served/%41"},
		{"/unknown", 503, unavailable},
		{"/empty", 503, unavailable},
		{"/weightless", 503, unavailable},
		{"/broken", 503, unavailable},
		{"/elsewhere", 404, "no such path"},
	} {
		w := httptest.NewRecorder()
		lb.ServeHTTP(w, httptest.NewRequest(http.MethodGet, test.target, nil))
		assert.Equal(t, test.status, w.Code, test.target)
		assert.Equal(t, test.body, w.Body.String(), test.target)
	}
}

func TestFixedResponseToHead(t *testing.T) {
	lb := &alb.LoadBalancer{Listener: alb.Listener{Default: alb.FixedResponse{StatusCode: 404, MessageBody: "gone"}}}
	w := httptest.NewRecorder()
	lb.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/", nil))
	assert.Equal(t, 404, w.Code)
	assert.Empty(t, w.Body.String())
}

func TestRedirect(t *testing.T) {
	for _, test := range []struct {
		redirect alb.Redirect
		request  string
		want     string
	}{
		{alb.Redirect{Protocol: "HTTPS", Port: "443", StatusCode: 301}, "http://example.com/a%2Fb?q=1", "https://example.com:443/a%2Fb?q=1"},
		{
			alb.Redirect{Protocol: "HTTPS", Port: "443", Host: "#{host}", Path: "/#{path}", Query: "#{query}", StatusCode: 301},
			"http://example.com/", "https://example.com:443/",
		},
		{alb.Redirect{Path: "/new/#{path}", StatusCode: 302}, "http://example.com:8080/old", "http://example.com:8080/new/old"},
		{
			alb.Redirect{Host: "www.#{host}", Query: "from=#{port}", StatusCode: 302}, "https://example.com/?q",
			"https://www.example.com:443/?from=443",
		},
	} {
		r := httptest.NewRequest(http.MethodGet, test.request, nil)
		if r.URL.Scheme == "https" {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		(&alb.LoadBalancer{Listener: alb.Listener{Default: test.redirect}}).ServeHTTP(w, r)
		assert.Equal(t, test.redirect.StatusCode, w.Code, test.request)
		assert.Equal(t, test.want, w.Header().Get("Location"), test.request)
	}
}

// At six standard deviations one correct balancer in 500 million fails.
func TestWeightsConverge(t *testing.T) {
	const requests, deviations = 10_000, 6
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 999), 1, 5).Draw(t, "weights")
		served := make([]int, len(weights))
		var forward alb.Forward
		groups := map[string]http.Handler{}
		for i, weight := range weights {
			name := strconv.Itoa(i)
			forward = append(forward, alb.WeightedTargetGroup{TargetGroup: name, Weight: weight})
			groups[name] = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served[i]++ })
		}
		rule := alb.Rule{Action: forward}
		lb := alb.LoadBalancer{
			Listener:     alb.Listener{Default: forward},
			TargetGroups: groups,
			IntN:         rand.New(rand.NewPCG(1, 2)).IntN,
		}
		for range requests {
			lb.ServeHTTP(httptest.NewRecorder(), request)
		}
		for i := range weights {
			share := rule.Shares()[strconv.Itoa(i)]
			bound := deviations * math.Sqrt(requests*share*(1-share))
			require.InDelta(t, requests*share, served[i], bound, "requests of group %d", i)
		}
	})
}
