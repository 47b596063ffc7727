package server

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traceHeaders are the headers that incoming reads.
var traceHeaders = []string{"Traceparent", "X-Amzn-Trace-Id"}

// headerKey is the context's key of a request's headers.
type headerKey struct{}

// carry returns the context of a request with its headers, for Propagate.
func carry(r *http.Request) context.Context {
	return context.WithValue(r.Context(), headerKey{}, r.Header)
}

// Propagate sets the headers of a call that carry on the trace of the request whose
// context it is: traceparent with the span of the context when the program traces, or
// else what the client sent, as it came. Without either it sets none.
//
// https://www.w3.org/TR/trace-context/
func Propagate(ctx context.Context, header http.Header) {
	if trace.SpanContextFromContext(ctx).IsValid() {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
		return
	}
	came, _ := ctx.Value(headerKey{}).(http.Header)
	for _, name := range traceHeaders {
		if value := came.Get(name); value != "" {
			header.Set(name, value)
		}
	}
}
