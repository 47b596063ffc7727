package server

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// incoming returns the context of a request with the client's span, if the client is
// traced, or else with the id of the trace that the load balancer has set.
func incoming(r *http.Request) context.Context {
	// Without tracestate, which may hold any text.
	w3c := propagation.MapCarrier{"traceparent": r.Header.Get("traceparent")}
	ctx := propagation.TraceContext{}.Extract(r.Context(), w3c)
	if trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	id, parent := xray(r.Header.Get("X-Amzn-Trace-Id"))
	if parent.IsValid() {
		return trace.ContextWithRemoteSpanContext(ctx, parent)
	}
	return context.WithValue(ctx, traceKey{}, id)
}

// xray reads the tracing header of the load balancer and of X-Ray. It returns the id of
// the request's trace and, if the client has decided whether to sample it, the client's
// span. A part that is missing or invalid is zero.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func xray(header string) (trace.TraceID, trace.SpanContext) {
	var c trace.SpanContextConfig
	decided := false
	for field := range strings.SplitSeq(header, ";") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(field), "="); name {
		case "Root":
			c.TraceID = xrayTraceID(value)
		case "Parent":
			c.SpanID, _ = trace.SpanIDFromHex(value)
		case "Sampled":
			decided = value == "0" || value == "1"
			c.TraceFlags = c.TraceFlags.WithSampled(value == "1")
		}
	}
	if !decided {
		return c.TraceID, trace.SpanContext{}
	}
	return c.TraceID, trace.NewSpanContext(c)
}

// xrayTraceID reads an id such as 1-67891233-abcdef012345678912345678: a version, a
// time and a number. OpenTelemetry's id is the time and the number.
func xrayTraceID(text string) trace.TraceID {
	parts := strings.Split(text, "-")
	if len(parts) != 3 || parts[0] != "1" || len(parts[1]) != 8 {
		return trace.TraceID{}
	}
	id, _ := trace.TraceIDFromHex(parts[1] + parts[2])
	return id
}

// traceKey is the context's key of the id for a new trace.
type traceKey struct{}

// ids generates random ids, except for a trace whose id is in the context. So the id
// in the load balancer's access log finds the trace.
type ids struct{}

// NewIDs implements sdktrace.IDGenerator.
func (g ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(traceKey{}).(trace.TraceID)
	if !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements sdktrace.IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	return id
}
