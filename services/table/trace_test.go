package table_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// recorded runs calls for a request and returns their spans, one line each.
func recorded(t *testing.T, sampler sdktrace.Sampler, calls func(context.Context)) []string {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(recorder))
	ctx, request := provider.Tracer("test").Start(t.Context(), "request")
	calls(ctx)
	var spans []string
	for _, s := range recorder.Ended() {
		assert.Equal(t, request.SpanContext().SpanID(), s.Parent().SpanID(), "the parent of %s", s.Name())
		assert.Empty(t, s.Events(), "the events of %s", s.Name())
		line := s.Name()
		for _, a := range s.Attributes() {
			line += fmt.Sprintf(" %s=%s", a.Key, a.Value.String())
		}
		if s.Status().Code == codes.Error {
			line += " failed: " + s.Status().Description
		}
		spans = append(spans, line)
	}
	return spans
}

// Each call makes a span below its request's that names the table.
func TestCallsAreTraced(t *testing.T) {
	there := httptest.NewServer(refuse(http.StatusBadRequest, "AccessDeniedException"))
	defer there.Close()
	store := table.NewDynamoDB[note](tabletest.Connect(t, there.URL), "notes")
	all := func(ctx context.Context) {
		store.Create(ctx, note{ID: "a"})
		store.Get(ctx, "a")
		store.Query(ctx, table.Query{Index: table.All, Value: "note", Limit: 1})
	}
	var want []string
	for _, operation := range []string{"PutItem", "GetItem", "Query"} {
		want = append(want,
			fmt.Sprintf(`DynamoDB.%[1]s rpc.system=aws-api rpc.service=DynamoDB rpc.method=%[1]s aws.dynamodb.table_names=["notes"] `+
				`http.response.status_code=400 failed: AccessDeniedException (status 400, request )`, operation))
	}
	assert.Equal(t, want, recorded(t, sdktrace.AlwaysSample(), all))
	assert.Empty(t, recorded(t, sdktrace.NeverSample(), all), "a request that is not traced")
}

// A span repeats nothing of a record or a query, whatever DynamoDB answers.
func TestSpansOfCallsRepeatNothing(t *testing.T) {
	const marked = "xyzzy"
	for name, answer := range map[string]http.HandlerFunc{
		"stores": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"Items":[{"id":{"S":"xyzzy"}}]}`) },
		"quotes": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"__type":"ValidationException","message":"xyzzy"}`, http.StatusBadRequest)
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "xyzzy") },
		"closes":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		there := httptest.NewServer(answer)
		store := table.NewDynamoDB[note](tabletest.Connect(t, there.URL), "notes")
		got := recorded(t, sdktrace.AlwaysSample(), func(ctx context.Context) {
			store.Create(ctx, note{ID: marked, Author: marked, Shelf: marked, Body: marked})
			store.Get(ctx, marked)
			store.Query(ctx, table.Query{Index: table.All, Value: marked, After: marked, Limit: 1})
		})
		there.Close()
		assert.GreaterOrEqual(t, len(got), 3, "%s: spans of three calls", name)
		assert.NotContains(t, strings.Join(got, ""), marked, name)
	}
}
