package table

import (
	"context"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	otelattribute "go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// traced adds a span for each call to the trace of the call's context, if that is
// sampled. A span has no key and no value, and of an error only what discreet shows.
//
// OpenTelemetry's own module for this, otelaws, is no longer supported.
func traced(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Trace", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		request := trace.SpanFromContext(ctx)
		if !request.IsRecording() {
			return next.HandleInitialize(ctx, in)
		}
		operation := awsmiddleware.GetOperationName(ctx)
		tracer := request.TracerProvider().Tracer("example.com/strangler/services/table")
		ctx, span := tracer.Start(ctx, dynamodb.ServiceID+"."+operation,
			trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes(operation, in.Parameters)...))
		defer span.End()
		out, metadata, err := next.HandleInitialize(ctx, in)
		fail(span, err)
		return out, metadata, err
	}), middleware.After)
}

// fail records the error of a call in its span. X-Ray tells the client's errors, such
// as an id that is taken, from DynamoDB's by the status code.
func fail(span trace.Span, err error) {
	if err == nil {
		return
	}
	span.SetStatus(codes.Error, discreet{err}.Error())
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		span.SetAttributes(otelattribute.Int("http.response.status_code", e.HTTPStatusCode()))
	}
}

// attributes returns the attributes from which X-Ray shows a table, by the names that
// its exporter reads.
//
// https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/awsxrayexporter
func attributes(operation string, input any) []otelattribute.KeyValue {
	all := []otelattribute.KeyValue{
		otelattribute.String("rpc.system", "aws-api"),
		otelattribute.String("rpc.service", dynamodb.ServiceID),
		otelattribute.String("rpc.method", operation),
	}
	var table *string
	switch in := input.(type) {
	case *dynamodb.GetItemInput:
		table = in.TableName
	case *dynamodb.PutItemInput:
		table = in.TableName
	case *dynamodb.QueryInput:
		table = in.TableName
	}
	if table != nil {
		all = append(all, otelattribute.StringSlice("aws.dynamodb.table_names", []string{*table}))
	}
	return all
}
