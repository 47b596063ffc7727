package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
)

// to returns the client of a service at a URL.
func to(t *testing.T, url string) *Client {
	t.Helper()
	c, err := New("alpha", func(name string) string { return map[string]string{"ALPHA_URL": url}[name] })
	require.NoError(t, err)
	return c
}

// serve starts a service and returns its client.
func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return to(t, s.URL)
}

// A program, which does not know the catalog, reads the variable that the catalog sets.
func TestVariable(t *testing.T) {
	assert.Equal(t, "MY_SHOP_URL", Variable("my-shop"))
	for _, service := range []string{"alpha", "my-shop"} {
		assert.Equal(t, services.URLVariable(service), Variable(service))
	}
}

func TestNewRefuses(t *testing.T) {
	_, err := New("my-shop", func(string) string { return "" })
	assert.EqualError(t, err, `MY_SHOP_URL is not set: name "my-shop" in Calls of the program's entry in the catalog, which sets it`)
	for _, url := range []string{"alpha", "alpha:80", "ftp://alpha", "http://", "http://alpha?x", "http://alpha#x", "http://%zz", "\n"} {
		_, err := New("alpha", func(string) string { return url })
		assert.EqualError(t, err, "ALPHA_URL is not the URL of a service: want one such as http://alpha", "%q", url)
	}
}

// TestDo has a service that answers with what it gets.
func TestDo(t *testing.T) {
	type echo struct{ Method, Path, Query, Type, Accept, Body string }
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		json.NewEncoder(w).Encode(echo{
			r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Accept"), strings.TrimSpace(string(body)),
		})
	})
	var got echo
	require.NoError(t, c.Do(t.Context(), http.MethodGet, "/things/a%2Fb?limit=1", nil, &got))
	assert.Equal(t, echo{"GET", "/things/a%2Fb", "limit=1", "", "application/json", ""}, got)
	require.NoError(t, c.Do(t.Context(), http.MethodPost, "/things", map[string]int{"size": 7}, &got))
	assert.Equal(t, echo{"POST", "/things", "", "application/json", "application/json", `{"size":7}`}, got)
	assert.NoError(t, c.Do(t.Context(), http.MethodHead, "/things", nil, nil))
	assert.Equal(t, "http://alpha/at", to(t, "http://alpha/at/").base, "a path below which the service is")
}

// A failed call leaves what it would decode into as it was.
func TestErrorIsNotDecoded(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"Size":7}`, http.StatusTeapot) })
	var got struct{ Size int }
	require.Error(t, c.Do(t.Context(), http.MethodGet, "/", nil, &got))
	assert.Zero(t, got.Size)
}

// However many calls there are at a time, a service gets MaxConnections, and later calls
// use them again.
func TestConnectionsAreBounded(t *testing.T) {
	var opened atomic.Int64
	arrived, release := make(chan struct{}, 4*MaxConnections), make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := to(t, s.URL)
	var calls sync.WaitGroup
	for range 2 * MaxConnections {
		calls.Go(func() { assert.NoError(t, c.Do(t.Context(), http.MethodPost, "/", nil, nil)) })
	}
	for range MaxConnections {
		<-arrived
	}
	assert.Empty(t, arrived, "calls beyond MaxConnections")
	close(release)
	calls.Wait()
	for range 2 * MaxConnections {
		require.NoError(t, c.Do(t.Context(), http.MethodGet, "/", nil, nil))
	}
	assert.EqualValues(t, MaxConnections, opened.Load())
}

// Each limit of the connections holds for the transport that runs, and fits the server.
func TestLimitsOfConnections(t *testing.T) {
	transport := to(t, "http://alpha").transport.(*http.Transport)
	assert.Less(t, transport.IdleConnTimeout, server.IdleTimeout, "the client closes idle connections, not the service")
	assert.Positive(t, transport.IdleConnTimeout, "zero means no limit")
	assert.Equal(t, MaxConnections, transport.MaxConnsPerHost)
	assert.Equal(t, MaxConnections, transport.MaxIdleConnsPerHost)
	assert.EqualValues(t, server.MaxHeaderBytes, transport.MaxResponseHeaderBytes)
	assert.Equal(t, AttemptTimeout, dialer.Timeout)
	assert.Nil(t, transport.Proxy, "a proxy of the environment")
	assert.Less(t, 2*AttemptTimeout, Timeout, "there is time for a retry")
	assert.Less(t, 2*Timeout, server.RequestTimeout, "a handler may call twice, one after the other, and still answer")
	assert.NotSame(t, transport, to(t, "http://alpha").transport, "each client has a pool of its own")
}

func TestBodiesAreBounded(t *testing.T) {
	size := MaxBody
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `"%s"`, strings.Repeat("x", size-2))
	})
	var text string
	require.NoError(t, c.Do(t.Context(), http.MethodGet, "/", nil, &text))
	assert.Len(t, text, MaxBody-2)
	size++
	assert.EqualError(t, c.Do(t.Context(), http.MethodGet, "/", nil, &text), "call GET alpha: the body has more than 1048576 bytes")
	endless := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(make([]byte, MaxBody))
		}
	})
	assert.ErrorContains(t, endless.Do(context.Background(), http.MethodGet, "/", nil, nil), "the body has more than")
}
