package client

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// startSpan starts a span of a call in the trace of the context, if that is sampled. It
// has no path. X-Ray shows the service by the attribute peer.service.
//
// https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter
func startSpan(ctx context.Context, service, method string) (context.Context, trace.Span) {
	request := trace.SpanFromContext(ctx)
	if !request.IsRecording() {
		return ctx, nil
	}
	tracer := request.TracerProvider().Tracer("example.com/strangler/services/client")
	return tracer.Start(ctx, method+" "+service, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("peer.service", service),
		attribute.String("http.request.method", method),
	))
}

// endSpan ends the span of a call, if there is one.
func endSpan(span trace.Span, status int, err error) {
	if span == nil {
		return
	}
	defer span.End()
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
}
