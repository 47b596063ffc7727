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

	"go.opentelemetry.io/otel/trace"
)

// Without a collector nothing stands between net/http and the mux.
func TestNothingIsTracedUnasked(t *testing.T) {
	for _, variable := range []string{"", "OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_SERVICE_NAME=test", "OTEL_TRACES_SAMPLER=always_on", "OTEL_EXPORTER_OTLP_HEADERS=a=b"} {
		s, err := New("test", environment(variable), io.Discard)
		if err != nil || s.traces != nil || s.http().Handler != http.Handler(s.Mux) {
			t.Errorf("%s: %+v, %v", variable, s, err)
		}
	}
	s, err := New("test", environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"), io.Discard)
	if err != nil || s.traces == nil || s.http().Handler == http.Handler(s.Mux) {
		t.Errorf("with a collector: %+v, %v", s, err)
	}
	s.traces.flush()
}

// transport stands in for the network.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestNobodyCollects has collectors that are of no use, and requests that are all
// traced: none of them waits, the log says so a few times, and the end comes soon.
func TestNobodyCollects(t *testing.T) {
	for name, collector := range map[string]transport{
		"silent": func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() },
		"gone":   func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"busy": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func(before http.RoundTripper) { http.DefaultTransport = before }(http.DefaultTransport)
			http.DefaultTransport = collector
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				traces, err := newTraces("test", environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"), slog.New(slog.NewTextHandler(&log, nil)))
				if err != nil {
					t.Fatal(err)
				}
				handler := traces.around(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !trace.SpanFromContext(r.Context()).IsRecording() {
						t.Error("a request is not traced")
					}
				}))
				request := httptest.NewRequest("GET", "/", nil)
				request.Header.Set("Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
				const minutes = 10
				for range minutes {
					begin := time.Now()
					for range 5000 { // more than are kept
						handler.ServeHTTP(httptest.NewRecorder(), request)
					}
					if took := time.Since(begin); took > 0 {
						t.Errorf("requests waited %s for a collector", took)
					}
					time.Sleep(time.Minute)
				}
				begin := time.Now()
				traces.flush()
				if took := time.Since(begin); took > FlushTimeout {
					t.Errorf("the end took %s", took)
				}
				time.Sleep(time.Minute) // what is on its way gives up
				synctest.Wait()
				if n := strings.Count(log.String(), "\n"); n < 1 || n > minutes+2 || n != strings.Count(log.String(), `msg="tracing failed"`) {
					t.Errorf("%d lines in %d minutes: %s", n, minutes, &log)
				}
			})
		})
	}
}
