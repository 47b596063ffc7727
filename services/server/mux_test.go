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

	"github.com/stretchr/testify/assert"

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
	assert.Empty(t, log.String(), "successes and the callers' errors are not logged")
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
			assert.Equal(t, c.lines, strings.Count(log.String(), "\n"), "lines: %s", log)
			if c.lines > 0 {
				assert.Contains(t, log.String(), c.err.Error())
			}
		})
	}
}

func TestUnexpectedErrorsStayInside(t *testing.T) {
	mux, _ := logged()
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { return errors.New("secret") })
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("GET", "/x", nil))
	assert.NotContains(t, answer.Body.String(), "secret")
}

// TestTransportSecurity has a load balancer that terminates TLS, and one without TLS.
func TestTransportSecurity(t *testing.T) {
	mux, _ := logged()
	for proto, want := range map[string]string{"https": "max-age=31536000", "http": "", "": ""} {
		for _, target := range []string{"/healthz", "/nothing"} {
			request := httptest.NewRequest("GET", target, nil)
			request.Header.Set("X-Forwarded-Proto", proto)
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, request)
			assert.Equal(t, want, answer.Header().Get("Strict-Transport-Security"), "GET %s over %q", target, proto)
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
		assert.Less(t, time.Since(begin), server.ShutdownTimeout, "a shutdown outlasts the handler")
		assert.Equal(t, 503, answer.Code)
		assert.Contains(t, answer.Body.String(), "took too long")
		assert.Equal(t, 1, strings.Count(log.String(), "\n"), "lines: %s", log)
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
	assert.Equal(t, 2, strings.Count(log.String(), "\n"), "lines, one for each panic: %s", log)
	assert.Contains(t, log.String(), "index out of range")
	assert.Contains(t, log.String(), place)
}

func TestAbortReachesNetHTTP(t *testing.T) {
	mux, log := logged()
	mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) })
	defer func() {
		err, _ := recover().(error)
		assert.ErrorIs(t, err, http.ErrAbortHandler, "the panic that net/http gets")
		assert.Empty(t, log.String())
	}()
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
}

func TestCancelledRequestsAreNotLogged(t *testing.T) {
	mux, log := logged()
	mux.Handle("GET /x", func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() })
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(cancelled, "GET", "/x", nil))
	assert.Empty(t, log.String())
}
