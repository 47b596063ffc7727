package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
)

// logged returns a mux and its log.
func logged() (*server.Mux, *bytes.Buffer) {
	var log bytes.Buffer
	return server.NewMux("test", slog.New(slog.NewJSONHandler(&log, nil))), &log
}

func TestRoutes(t *testing.T) {
	mux, log := logged()
	ok := func(w http.ResponseWriter, _ *http.Request) error { w.Write([]byte("here")); return nil }
	mux.Handle("GET /things", ok)
	mux.Handle("GET /things/{id}", ok)
	served := map[string]string{"X-Served-By": "test"}
	servertest.Run(t, mux,
		servertest.Exchange{Request: "GET /healthz", Status: 200, Header: served, Contains: "ok"},
		servertest.Exchange{Request: "HEAD /healthz", Status: 200, Header: served},
		servertest.Exchange{Request: "POST /healthz", Status: 405, Header: map[string]string{"Allow": "GET, HEAD"}, Contains: "GET, HEAD"},
		servertest.Exchange{Request: "GET /things", Status: 200, Header: served, Contains: "here"},
		servertest.Exchange{Request: "HEAD /things/1", Status: 200, Header: served},
		servertest.Exchange{Request: "DELETE /things/1", Status: 405, Header: map[string]string{"Allow": "GET, HEAD"}},
		servertest.Exchange{Request: "GET /things/", Status: 404, Header: served},
		servertest.Exchange{Request: "GET /things/1/2", Status: 404},
		servertest.Exchange{Request: "GET /Things", Status: 404},
		servertest.Exchange{Request: "GET //elsewhere", Status: 404, Header: map[string]string{"Location": ""}},
		servertest.Exchange{Request: "GET //things", Status: 404, Header: map[string]string{"Location": ""}},
		servertest.Exchange{Request: "GET /here/../things?there", Status: 404, Header: map[string]string{"Location": ""}},
		servertest.Exchange{Request: "GET /", Status: 404, Header: map[string]string{"Allow": ""}},
	)
	if log.Len() > 0 {
		t.Errorf("successes and the callers' own errors are logged: %s", log)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		header map[string]string
		lines  int
	}{
		"not found":   {fmt.Errorf("get x: %w", table.ErrNotFound), 404, map[string]string{"Retry-After": ""}, 0},
		"exists":      {fmt.Errorf("put x: %w", table.ErrExists), 409, nil, 0},
		"unavailable": {fmt.Errorf("put x: %w", table.ErrUnavailable), 503, map[string]string{"Retry-After": "1"}, 1},
		"too slow":    {fmt.Errorf("get x: %w", context.DeadlineExceeded), 503, map[string]string{"Retry-After": "1"}, 1},
		"unexpected":  {errors.New("secret"), 500, map[string]string{"Retry-After": ""}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			mux, log := logged()
			mux.Handle("GET /x/{id}", func(http.ResponseWriter, *http.Request) error { return c.err })
			servertest.Run(t, mux, servertest.Exchange{Request: "GET /x/secret", Status: c.status, Header: c.header})
			if got := strings.Count(log.String(), "\n"); got != c.lines {
				t.Errorf("%d lines are logged, want %d: %s", got, c.lines, log)
			}
			if c.lines > 0 && !strings.Contains(log.String(), c.err.Error()) {
				t.Errorf("the log keeps the reason to itself: %s", log)
			}
		})
	}
}

func TestUnexpectedErrorsStayInside(t *testing.T) {
	mux, _ := logged()
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { return errors.New("secret") })
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("GET", "/x", nil))
	if strings.Contains(answer.Body.String(), "secret") {
		t.Errorf("the caller reads %s", answer.Body)
	}
}

// TestTransportSecurity has a load balancer that ends TLS, and one without.
func TestTransportSecurity(t *testing.T) {
	mux, _ := logged()
	for proto, want := range map[string]string{"https": "max-age=31536000", "http": "", "": ""} {
		for _, target := range []string{"/healthz", "/nothing"} {
			request := httptest.NewRequest("GET", target, nil)
			request.Header.Set("X-Forwarded-Proto", proto)
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, request)
			if got := answer.Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("GET %s over %q: Strict-Transport-Security: %s, want %q", target, proto, got, want)
			}
		}
	}
}

func TestSlowHandlersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux, log := logged()
		mux.Handle("GET /x", func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return r.Context().Err()
		})
		begin, answer := time.Now(), httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest("GET", "/x", nil))
		if took := time.Since(begin); took >= server.ShutdownTimeout {
			t.Errorf("the handler ended after %s, and a shutdown waits for %s", took, server.ShutdownTimeout)
		}
		if answer.Code != 503 || !strings.Contains(answer.Body.String(), "took too long") || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%d: %s, logged %q; want 503, the reason, and one line", answer.Code, answer.Body, log)
		}
	})
}

func TestPanic(t *testing.T) {
	mux, log := logged()
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error {
		var nowhere []string
		return errors.New(nowhere[len(nowhere)])
	})
	for range 2 {
		servertest.Run(t, mux, servertest.Exchange{Request: "GET /x", Status: 500})
	}
	const place = `"example.com/strangler/services/server_test.TestPanic.func1 `
	if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "index out of range") || !strings.Contains(log.String(), place) {
		t.Errorf("two panics made %d lines, want one each with the reason and the place: %s", n, log)
	}
}

func TestAbortIsNoPanic(t *testing.T) {
	mux, log := logged()
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) })
	defer func() {
		if v := recover(); v != http.ErrAbortHandler || log.Len() > 0 {
			t.Errorf("recovered %v, logged %q; want net/http to get %v", v, log, http.ErrAbortHandler)
		}
	}()
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
}

func TestGoneCallersAreNoErrors(t *testing.T) {
	mux, log := logged()
	mux.Handle("GET /x", func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() })
	gone, leave := context.WithCancel(t.Context())
	leave()
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, "GET", "/x", nil))
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}
