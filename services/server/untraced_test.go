package server

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

// Without a collector net/http calls the mux directly.
func TestNoCollectorNoTraces(t *testing.T) {
	for _, variable := range []string{
		"", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_SERVICE_NAME=test", "OTEL_TRACES_SAMPLER=always_on", "OTEL_EXPORTER_OTLP_HEADERS=a=b",
	} {
		s, err := New("test", environment(variable), io.Discard)
		require.NoError(t, err, variable)
		assert.Nil(t, s.traces, variable)
		assert.Same(t, s.Mux, s.http().Handler, variable)
	}
	s, err := New("test", environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"), io.Discard)
	require.NoError(t, err)
	require.NotNil(t, s.traces)
	assert.IsType(t, http.HandlerFunc(nil), s.http().Handler, "the handler that traces")
	s.traces.flush()
}

// transport is the network's double.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestCollectorOutage has collectors that do not take spans, and requests that are all
// traced. No request waits, the log has a line a minute, and the program ends in time.
func TestCollectorOutage(t *testing.T) {
	for name, collector := range map[string]transport{
		"silent": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"closed": func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"busy": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func(before http.RoundTripper) { http.DefaultTransport = before }(http.DefaultTransport)
			http.DefaultTransport = collector
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				traces, err := newTraces("test", environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"),
					slog.New(slog.NewTextHandler(&log, nil)))
				require.NoError(t, err)
				handler := traces.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					assert.True(t, trace.SpanFromContext(r.Context()).IsRecording(), "the request is traced")
				}))
				request := httptest.NewRequest("GET", "/", nil)
				request.Header.Set("Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
				const minutes = 10
				for range minutes {
					begin := time.Now()
					for range 5000 { // more than the queue holds
						handler.ServeHTTP(httptest.NewRecorder(), request)
					}
					assert.Zero(t, time.Since(begin), "the time that requests wait for a collector")
					time.Sleep(time.Minute)
				}
				begin := time.Now()
				traces.flush()
				assert.LessOrEqual(t, time.Since(begin), FlushTimeout)
				time.Sleep(time.Minute) // exports in progress time out
				synctest.Wait()
				lines := strings.Count(log.String(), "\n")
				assert.GreaterOrEqual(t, lines, 1, &log)
				assert.LessOrEqual(t, lines, minutes+2, &log)
				assert.Equal(t, lines, strings.Count(log.String(), `msg="tracing failed"`), &log)
			})
		})
	}
}
