package client

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"example.com/strangler/services/server"
)

// A call makes a span below its request's, and sends it to the service.
func TestCallsAreTraced(t *testing.T) {
	for name, c := range map[string]struct {
		service http.HandlerFunc
		want    string
	}{
		"right":     {func(http.ResponseWriter, *http.Request) {}, " http.response.status_code=200"},
		"not found": {http.NotFound, " http.response.status_code=404 failed: call GET alpha: 404 Not Found"},
		"cut":       {raw(""), " failed: call GET alpha: EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := tracetest.NewSpanRecorder()
			ctx, request := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test").Start(t.Context(), "request")
			var sent string
			err := serve(t, func(w http.ResponseWriter, r *http.Request) {
				sent = r.Header.Get("traceparent")
				c.service(w, r)
			}).Do(ctx, http.MethodGet, "/xyzzy", nil, nil)
			assert.Equal(t, name == "right", err == nil, "%v", err)
			require.Len(t, recorder.Ended(), 1)
			span := recorder.Ended()[0]
			assert.Equal(t, "GET alpha peer.service=alpha http.request.method=GET"+c.want, lineOf(span))
			assert.Equal(t, trace.SpanKindClient, span.SpanKind())
			assert.Equal(t, request.SpanContext().SpanID(), span.Parent().SpanID())
			assert.Equal(t, fmt.Sprintf("00-%s-%s-01", span.SpanContext().TraceID(), span.SpanContext().SpanID()), sent)
		})
	}
}

// lineOf returns a span in one line.
func lineOf(s sdktrace.ReadOnlySpan) string {
	line := s.Name()
	for _, a := range s.Attributes() {
		line += fmt.Sprintf(" %s=%s", a.Key, a.Value.String())
	}
	if s.Status().Code == codes.Error {
		line += " failed: " + s.Status().Description
	}
	return line
}

// A span repeats nothing of a call or a response.
func TestSpansRepeatNothing(t *testing.T) {
	for name, service := range quoting {
		recorder := tracetest.NewSpanRecorder()
		ctx, _ := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test").Start(t.Context(), "request")
		var out struct{ At int }
		serve(t, service).Do(ctx, http.MethodPost, "/xyzzy", map[string]string{marked: marked}, &out)
		require.Len(t, recorder.Ended(), 1, name)
		assert.NotContains(t, lineOf(recorder.Ended()[0]), marked, name)
		assert.Empty(t, recorder.Ended()[0].Events(), name)
	}
}

// A program that does not trace carries on what its client sent.
func TestTraceIsCarriedOn(t *testing.T) {
	const parent, root = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "Root=1-67891233-abcdef012345678912345678"
	var got http.Header
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header })
	mux := server.NewMux("beta", slog.New(slog.NewTextHandler(io.Discard, nil)))
	mux.Handle("GET /x", func(_ http.ResponseWriter, r *http.Request) error {
		return c.Do(r.Context(), http.MethodGet, "/", nil, nil)
	})
	for _, want := range [][2]string{{"", ""}, {parent, ""}, {"", root}, {parent, root}} {
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header.Set("Authorization", "key")
		r.Header.Set("Cookie", "a=b")
		for i, name := range []string{"Traceparent", "X-Amzn-Trace-Id"} {
			if want[i] != "" {
				r.Header.Set(name, want[i])
			}
		}
		mux.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, want, [2]string{got.Get("Traceparent"), got.Get("X-Amzn-Trace-Id")})
		for _, name := range []string{"Authorization", "Cookie"} {
			assert.Empty(t, got.Get(name), "%s of the client is not sent on", name)
		}
	}
}
