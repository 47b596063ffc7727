package server

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// FlushTimeout is the time for sending the last spans, when no request runs any more.
const FlushTimeout = 2 * time.Second

// ratio is the share of requests that are traced unless OTEL_TRACES_SAMPLER is set. At
// the request rate that scaling aims at that is one a second and task, for which X-Ray
// bills $13 a month. The task costs $7.
//
// https://aws.amazon.com/xray/pricing/
const ratio = 0.01

// traces makes spans of requests and sends them to an OpenTelemetry collector.
// Nil does neither.
//
// A span has no more of a request than a line of the log. OpenTelemetry's own
// instrumentation, otelhttp, would add the path, the host, the client's address and
// browser, and has no option to leave them out.
type traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newTraces returns nil unless the environment names a collector. The SDK itself reads
// further variables of the process, such as those of the sampler.
//
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
func newTraces(name string, getenv func(string) string, log *slog.Logger) (*traces, error) {
	client, err := newOTLP(getenv)
	if client == nil || err != nil {
		return nil, err
	}
	program, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", name)),
		resource.WithFromEnv(), // OTEL_SERVICE_NAME overrides the name
	)
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(&errorHandler{log: log})
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithBatcher(otlptrace.NewUnstarted(client)),
		sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithResource(program),
	}
	if getenv("OTEL_TRACES_SAMPLER") == "" {
		options = append(options, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))))
	}
	provider := sdktrace.NewTracerProvider(options...)
	return &traces{provider, provider.Tracer("example.com/strangler/services/server")}, nil
}

// handler returns a handler that makes a span for each request to the next one, except
// health checks.
func (t *traces) handler(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == HealthPath {
			next.ServeHTTP(w, r)
			return
		}
		ctx, span := t.tracer.Start(incoming(r), method(r), trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		r = r.WithContext(ctx)
		if !span.IsRecording() {
			next.ServeHTTP(w, r)
			return
		}
		recorder := &statusRecorder{ResponseWriter: w}
		next.ServeHTTP(recorder, r)
		describe(span, r, recorder.status)
	})
}

// describe sets a span's attributes, and its name to the route that http.ServeMux has
// found.
func describe(span trace.Span, r *http.Request, status int) {
	if _, route, ok := strings.Cut(r.Pattern, " "); ok {
		span.SetName(r.Pattern)
		span.SetAttributes(attribute.String("http.route", route))
	}
	span.SetAttributes(
		attribute.String("http.request.method", method(r)),
		attribute.Int("http.response.status_code", status),
	)
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

// method returns the request's method, or "_OTHER" for one that HTTP does not define.
func method(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "_OTHER"
}

// statusRecorder is a response that records its status.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap returns the response for http.ResponseController.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// flush sends the spans that are left and stops the provider.
func (t *traces) flush() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), FlushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

// errorInterval is the time between two log lines about lost traces.
const errorInterval = time.Minute

// errorHandler logs errors of tracing, which no client sees, at most one per
// errorInterval.
type errorHandler struct {
	log *slog.Logger

	mu   sync.Mutex
	next time.Time
}

// Handle implements otel.ErrorHandler.
func (h *errorHandler) Handle(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.After(h.next) {
		h.next = now.Add(errorInterval)
		h.log.Warn("tracing failed", "error", truncate(err.Error()))
	}
}
