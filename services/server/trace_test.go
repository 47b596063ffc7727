package server_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// collector keeps the batches that it receives.
type collector struct {
	mu      sync.Mutex
	batches [][]byte
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	batch, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches = append(c.batches, batch)
}

// collect starts a program, sends it requests, stops it, and returns what its
// collector received. The environment names the sampler.
func collect(t *testing.T, mount func(*server.Mux), requests ...*http.Request) (*tracepb.TracesData, [][]byte) {
	t.Helper()
	c := &collector{}
	there := httptest.NewServer(c)
	defer there.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", there.URL)
	p := start(t, "0s", mount)
	go func() {
		for p.log.Scan() {
		}
	}()
	for _, r := range requests {
		r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(p.url, "http://")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		answer.Body.Close()
	}
	p.stop()
	p.wait(p.done)
	all := &tracepb.TracesData{}
	for _, batch := range c.batches {
		var one tracepb.TracesData
		require.NoError(t, proto.Unmarshal(batch, &one))
		all.ResourceSpans = append(all.ResourceSpans, one.ResourceSpans...)
	}
	return all, c.batches
}

// newRequest returns a request without an address, which collect adds.
func newRequest(target, body string, headers ...string) *http.Request {
	method, path, _ := strings.Cut(target, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RequestURI = ""
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func spansOf(data *tracepb.TracesData) (all []*tracepb.Span) {
	for _, resource := range data.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			all = append(all, scope.Spans...)
		}
	}
	return all
}

// attributesOf returns the attributes of a span, in one line.
func attributesOf(span *tracepb.Span) string {
	var all []string
	for _, a := range span.Attributes {
		all = append(all, a.Key+"="+strings.Trim(a.Value.String(), " "))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestSpans has a request for each kind of response. A health check has no span.
func TestSpans(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	data, _ := collect(t, func(m *server.Mux) {
		m.Handle("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) error {
			switch r.PathValue("id") {
			case "none":
				return table.ErrNotFound
			case "broken":
				return errors.New("broken")
			case "panic":
				panic("panic")
			}
			w.WriteHeader(http.StatusOK)
			return nil
		})
	},
		newRequest("GET /things/1", ""), newRequest("HEAD /things/1", ""), newRequest("GET /things/none", ""),
		newRequest("GET /things/broken", ""), newRequest("GET /things/panic", ""),
		newRequest("GET /nowhere", ""), newRequest("BREW /things/1", ""), newRequest("GET /healthz", ""))
	type summary struct {
		Name, Attributes string
		Failed           bool
	}
	var got []summary
	for _, span := range spansOf(data) {
		assert.Equal(t, tracepb.Span_SPAN_KIND_SERVER, span.Kind, span.Name)
		assert.Empty(t, span.ParentSpanId, span.Name)
		assert.GreaterOrEqual(t, span.EndTimeUnixNano, span.StartTimeUnixNano, span.Name)
		got = append(got,
			summary{
				span.Name, strings.NewReplacer("string_value:", "", "int_value:", "", `"`, "").Replace(attributesOf(span)),
				span.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR,
			})
	}
	assert.Equal(t, []summary{
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=200 http.route=/things/{id}", false},
		{"GET /things/{id}", "http.request.method=HEAD http.response.status_code=200 http.route=/things/{id}", false},
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=404 http.route=/things/{id}", false},
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=500 http.route=/things/{id}", true},
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=500 http.route=/things/{id}", true},
		{"GET", "http.request.method=GET http.response.status_code=404", false},
		{"_OTHER", "http.request.method=_OTHER http.response.status_code=405", false},
	}, got)
}

// TestProgramIsNamed has the program's name, and one that the environment sets.
func TestProgramIsNamed(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	for variable, want := range map[string]string{"": "test", "another": "another"} {
		t.Setenv("OTEL_SERVICE_NAME", variable)
		data, _ := collect(t, func(*server.Mux) {}, newRequest("GET /", ""))
		var got []string
		for _, a := range data.ResourceSpans[0].Resource.Attributes {
			if a.Key == "service.name" {
				got = append(got, a.Value.GetStringValue())
			}
		}
		assert.Equal(t, []string{want}, got, "OTEL_SERVICE_NAME=%s", variable)
	}
}

// TestCallsAreChildren has a request that reads a record from DynamoDB.
func TestCallsAreChildren(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	store := tabletest.New[thing](t, tabletest.Connect(t, tabletest.Embedded(t)), services.Table{PartitionKey: "id"})
	data, _ := collect(t, func(m *server.Mux) { m.Handle("GET /things/{id}", server.Get(store.Get)) }, newRequest("GET /things/1", ""))
	spans := spansOf(data)
	require.Len(t, spans, 2)
	call, request := spans[0], spans[1]
	assert.Equal(t, "DynamoDB.GetItem", call.Name)
	assert.Equal(t, "GET /things/{id}", request.Name)
	assert.Equal(t, request.SpanId, call.ParentSpanId)
	assert.Equal(t, request.TraceId, call.TraceId)
}

// TestSpansRepeatNothing has the mark in every part of a request that a client
// chooses, and the quotingDatabases.
func TestSpansRepeatNothing(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	for name, database := range quotingDatabases {
		t.Run(name, func(t *testing.T) {
			there := httptest.NewServer(database)
			defer there.Close()
			store := table.NewDynamoDB[appointment](tabletest.Connect(t, there.URL), "appointments")
			targets := append(appointmentTargets, "GET /xyzzy", "XYZZY /at", "GET //at/xyzzy", "GET /at/xyzzy/xyzzy?xyzzy")
			_, batches := collect(t, func(m *server.Mux) { appointments(m, store) }, markedRequests(targets)...)
			text := string(bytes.Join(batches, nil))
			assert.Equal(t, len(targets), strings.Count(text, "http.request.method"), "spans, one for each request")
			assert.False(t, leaks(text), "%q has the mark", text)
		})
	}
}

// markedRequests returns requests that have the mark in every part that a client
// chooses.
func markedRequests(targets []string) (all []*http.Request) {
	for _, target := range targets {
		r := newRequest(target, `{"name":"xyzzy"}`,
			"Authorization", marked, "Cookie", marked, "User-Agent", marked, "Referer", marked, "X-Forwarded-For", marked, "Baggage", "xyzzy=xyzzy",
			"Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "Tracestate", "xyzzy=xyzzy",
			"X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678;xyzzy=xyzzy")
		r.Host = marked
		all = append(all, r)
	}
	return all
}

func leaks(text string) bool { return strings.Contains(strings.ToLower(text), marked) }

// Mutants whose spans repeat a part of the request must not pass.
func TestSpanLeaksAreFound(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	for name, leak := range map[string]func(trace.Span, *http.Request){
		"a path as a name": func(s trace.Span, r *http.Request) {
			s.AddLink(trace.Link{Attributes: []attribute.KeyValue{attribute.String("x", r.URL.Path)}})
		},
		"a query":              func(s trace.Span, r *http.Request) { s.SetAttributes(attribute.String("url.query", r.URL.RawQuery)) },
		"a header in an event": func(s trace.Span, r *http.Request) { s.AddEvent(r.UserAgent()) },
		"an error":             func(s trace.Span, r *http.Request) { s.RecordError(errors.New(r.Host)) },
	} {
		_, batches := collect(t, func(m *server.Mux) {
			m.Handle("GET /at/{id}", func(_ http.ResponseWriter, r *http.Request) error {
				leak(trace.SpanFromContext(r.Context()), r)
				return nil
			})
		}, markedRequests([]string{"GET /at/xyzzy?xyzzy"})...)
		assert.True(t, leaks(string(bytes.Join(batches, nil))), "%s: mutant passed the check", name)
	}
}

const (
	// low is the id of a trace that is sampled, high of one that is not.
	low, high = "67891233000000000000000000000000", "67891233ffffffffffffffffffffffff"
	from      = "0123456789abcdef"
)

// root returns an id in X-Ray's form.
func root(id string) string { return "Root=1-" + id[:8] + "-" + id[8:] }

// TestCallerDecidesSampling has clients that trace, and a load balancer that only sets
// the id of a request's trace.
func TestCallerDecidesSampling(t *testing.T) {
	const w3c, amazon = "Traceparent", "X-Amzn-Trace-Id"
	for name, c := range map[string]struct {
		headers       []string
		trace, parent string // of the span, if there is one
	}{
		"a client that traces":              {[]string{w3c, "00-" + high + "-" + from + "-01"}, high, from},
		"a client that does not":            {[]string{w3c, "00-" + low + "-" + from + "-00"}, "", ""},
		"the load balancer, sampled":        {[]string{amazon, root(low)}, low, ""},
		"the load balancer, not sampled":    {[]string{amazon, root(high)}, "", ""},
		"a trace that exists already":       {[]string{amazon, "Self=1-67891234-12456789abcdef0123456780;" + root(low)}, low, ""},
		"X-Ray, traced":                     {[]string{amazon, root(high) + ";Parent=" + from + ";Sampled=1"}, high, from},
		"X-Ray, not traced":                 {[]string{amazon, root(low) + ";Parent=" + from + ";Sampled=0"}, "", ""},
		"X-Ray, undecided":                  {[]string{amazon, root(low) + ";Parent=" + from + ";Sampled=?"}, low, ""},
		"X-Ray, undecided and not sampled":  {[]string{amazon, root(high) + ";Parent=" + from}, "", ""},
		"a client behind the load balancer": {[]string{w3c, "00-" + high + "-" + from + "-01", amazon, root(low)}, high, from},
	} {
		data, _ := collect(t, func(*server.Mux) {}, newRequest("GET /", "", c.headers...))
		var got []string
		for _, span := range spansOf(data) {
			got = append(got, hex.EncodeToString(span.TraceId), hex.EncodeToString(span.ParentSpanId))
		}
		var want []string
		if c.trace != "" {
			want = []string{c.trace, c.parent}
		}
		assert.Equal(t, want, got, name)
	}
}
