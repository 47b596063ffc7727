package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
)

// TestErrors has the statuses of a service, and what a handler makes of them.
func TestErrors(t *testing.T) {
	const problem = "application/problem+json"
	down := `This needs "alpha", which is out of reach: try again soon.`
	for name, c := range map[string]struct {
		status  int
		media   string
		kind    error // nil means neither
		text    string
		becomes int
		detail  string
	}{
		"not found":              {404, problem, ErrNotFound, "404 Not Found", 500, "failed"},
		"not found, with a set":  {404, problem + "; charset=utf-8", ErrNotFound, "404 Not Found", 500, "failed"},
		"a proxy's 404":          {404, "text/plain", nil, "404 Not Found", 500, "failed"},
		"a 404 without a type":   {404, "", nil, "404 Not Found", 500, "failed"},
		"down":                   {503, problem, ErrUnavailable, "503 Service Unavailable", 503, down},
		"down, says a proxy":     {503, "text/plain", ErrUnavailable, "503 Service Unavailable", 503, down},
		"a proxy without tasks":  {502, "", ErrUnavailable, "502 Bad Gateway", 503, down},
		"a proxy's time-out":     {504, "", ErrUnavailable, "504 Gateway Timeout", 503, down},
		"the call is wrong":      {422, problem, nil, "422 Unprocessable Entity", 500, "failed"},
		"the service fails":      {500, problem, nil, "500 Internal Server Error", 500, "failed"},
		"a redirect":             {302, "", nil, "302 Found", 500, "failed"},
		"a status of no meaning": {599, problem, nil, "599 ", 500, "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			service := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.media)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
			})
			err := service.Do(t.Context(), http.MethodGet, "/", nil, nil)
			assert.EqualError(t, err, "call GET alpha: "+c.text)
			for _, kind := range []error{ErrNotFound, ErrUnavailable} {
				assert.Equal(t, errors.Is(c.kind, kind), errors.Is(err, kind), "%s", kind)
			}
			failed, ok := errors.AsType[*Error](err)
			require.True(t, ok)
			assert.Equal(t, c.status, failed.Status)
			assert.Equal(t, "alpha", failed.Service)

			mux := server.NewMux("beta", slog.New(slog.DiscardHandler))
			mux.Handle("GET /x", func(http.ResponseWriter, *http.Request) error { return fmt.Errorf("get x: %w", err) })
			again := map[bool]string{true: "1", false: ""}[c.becomes == 503]
			servertest.Run(t, mux, servertest.Exchange{
				Request: "GET /x", Status: c.becomes, Header: map[string]string{"Retry-After": again}, Contains: c.detail,
			})
		})
	}
}

// A service that is not there is unavailable.
func TestUnreachable(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	err := to(t, s.URL).Do(t.Context(), http.MethodGet, "/", nil, nil)
	assert.ErrorIs(t, err, ErrUnavailable)
	assert.ErrorContains(t, err, "call GET alpha: dial tcp "+strings.TrimPrefix(s.URL, "http://")+": ")
}

// marked is a text that calls and responses have in every part. Errors and logs may not
// repeat it.
const marked = "xyzzy"

// quoting are services that put the mark into all that they answer.
var quoting = map[string]http.HandlerFunc{
	"problem": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("X-Reason", marked)
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, `{"type":"xyzzy","title":"xyzzy","status":409,"detail":"xyzzy"}`)
	},
	"down":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, marked, http.StatusServiceUnavailable) },
	"no JSON":     func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, marked) },
	"other JSON":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"at":"xyzzy"}`) },
	"bad header":  raw("HTTP/1.1 200 OK\r\nxyzzy\r\n\r\n"),
	"bad length":  raw("HTTP/1.1 200 OK\r\nContent-Length: xyzzy\r\n\r\n"),
	"bad chunk":   raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyzzy\r\n"),
	"bad coding":  raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: xyzzy\r\n\r\n"),
	"bad status":  raw("HTTP/1.1 xyzzy xyzzy\r\n\r\n"),
	"no HTTP":     raw("xyzzy xyzzy\r\n\r\n"),
	"big header":  raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat(marked, server.MaxHeaderBytes) + "\r\n\r\n"),
	"cut":         raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxyzzy"),
	"cut at once": raw(""),
}

func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, _ := http.NewResponseController(w).Hijack()
		io.WriteString(connection, text)
		connection.Close()
	}
}

func TestErrorsRepeatNothing(t *testing.T) {
	for name, service := range quoting {
		t.Run(name, func(t *testing.T) {
			c := serve(t, service)
			for _, path := range []string{"/xyzzy?xyzzy=xyzzy", "/xyzzy\x7f", "/%zzxyzzy"} {
				var log bytes.Buffer
				mux := server.NewMux("beta", slog.New(slog.NewJSONHandler(&log, nil)))
				mux.Handle("POST /x", func(_ http.ResponseWriter, r *http.Request) error {
					var out struct{ At int }
					return c.Do(r.Context(), http.MethodPost, path, map[string]string{marked: marked}, &out)
				})
				answer := httptest.NewRecorder()
				mux.ServeHTTP(answer, httptest.NewRequest("POST", "/x", nil))
				assert.GreaterOrEqual(t, answer.Code, 500)
				assert.Contains(t, log.String(), "call POST alpha: ")
				assert.NotContains(t, log.String()+answer.Body.String(), marked)
			}
		})
	}
	err := to(t, "http://alpha").Do(t.Context(), "xyzzy xyzzy", "/", nil, nil)
	assert.NotContains(t, strings.TrimPrefix(err.Error(), "call xyzzy xyzzy alpha"), marked)
	assert.ErrorContains(t, to(t, "http://alpha").Do(t.Context(), "POST", "/", func() {}, nil), "UnsupportedTypeError")
}
