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

// FlushTimeout is how long it may take to send the last spans, once no request
// runs any more.
const FlushTimeout = 2 * time.Second

// ratio is the share of requests that are traced when nobody says otherwise: at
// the rate that scaling aims at one a second and task. X-Ray bills that $13 a
// month, where the task costs $7.
//
// https://aws.amazon.com/xray/pricing/
const ratio = 0.01

// traces makes spans of requests and sends them to an OpenTelemetry collector.
// Nil does neither.
//
// A span holds what a line of the log may hold, and no more. The instrumentation
// that comes with OpenTelemetry, otelhttp, would add the path, the host, the
// caller's address and browser, and cannot be told not to.
type traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newTraces returns nil unless the environment names a collector. The SDK reads
// further variables of OpenTelemetry's from the process, such as those for the
// sampler.
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
		resource.WithFromEnv(), // OTEL_SERVICE_NAME has the last word
	)
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(&complaint{log: log})
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

// around makes spans of what a handler answers, but for health checks.
func (t *traces) around(next http.Handler) http.Handler {
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
		if !span.IsRecording() {
			next.ServeHTTP(w, r)
			return
		}
		answer := &answer{ResponseWriter: w}
		r = r.WithContext(ctx)
		next.ServeHTTP(answer, r)
		describe(span, r, answer.status)
	})
}

// describe names a span by the route that http.ServeMux has found.
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

// method is that of a request, unless the caller has made it up.
func method(r *http.Request) string {
	if slices.Contains(methods, r.Method) {
		return r.Method
	}
	return "_OTHER"
}

// answer remembers its status.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the rest.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// flush sends what has not been sent yet, and nothing from then on.
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

// pause between two lines of the log that say that traces are lost.
const pause = time.Minute

// complaint logs what goes wrong with traces, which no caller notices, and so a
// line now and then will do.
type complaint struct {
	log *slog.Logger

	mu   sync.Mutex
	next time.Time
}

// Handle implements otel.ErrorHandler.
func (c *complaint) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.After(c.next) {
		c.next = now.Add(pause)
		c.log.Warn("tracing failed", "error", bounded(err.Error()))
	}
}
