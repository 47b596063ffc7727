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

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// collector keeps the batches that it is sent.
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

// collect has a program answer requests and stop, and returns what a collector
// was sent. The environment names the sampler.
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
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	p.stop()
	p.soon(p.done)
	all := &tracepb.TracesData{}
	for _, batch := range c.batches {
		var one tracepb.TracesData
		if err := proto.Unmarshal(batch, &one); err != nil {
			t.Fatal(err)
		}
		all.ResourceSpans = append(all.ResourceSpans, one.ResourceSpans...)
	}
	return all, c.batches
}

// ask is a request to a program, which knows its own address.
func ask(target, body string, headers ...string) *http.Request {
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

// attributesOf are those of a span, in a line.
func attributesOf(span *tracepb.Span) string {
	var all []string
	for _, a := range span.Attributes {
		all = append(all, a.Key+"="+strings.Trim(a.Value.String(), " "))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestSpans has a request of each kind. A health check makes no span.
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
	}, ask("GET /things/1", ""), ask("HEAD /things/1", ""), ask("GET /things/none", ""), ask("GET /things/broken", ""), ask("GET /things/panic", ""),
		ask("GET /nowhere", ""), ask("BREW /things/1", ""), ask("GET /healthz", ""))
	type seen struct {
		Name, Attributes string
		Failed           bool
	}
	var got []seen
	for _, span := range spansOf(data) {
		if span.Kind != tracepb.Span_SPAN_KIND_SERVER || len(span.ParentSpanId) > 0 || span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%v", span)
		}
		got = append(got, seen{span.Name, strings.NewReplacer("string_value:", "", "int_value:", "", `"`, "").Replace(attributesOf(span)), span.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR})
	}
	want := []seen{
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=200 http.route=/things/{id}", false},
		{"GET /things/{id}", "http.request.method=HEAD http.response.status_code=200 http.route=/things/{id}", false},
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=404 http.route=/things/{id}", false},
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=500 http.route=/things/{id}", true},
		{"GET /things/{id}", "http.request.method=GET http.response.status_code=500 http.route=/things/{id}", true},
		{"GET", "http.request.method=GET http.response.status_code=404", false},
		{"_OTHER", "http.request.method=_OTHER http.response.status_code=405", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestProgramIsNamed has the name of the program, and one that the environment
// prefers.
func TestProgramIsNamed(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	for variable, want := range map[string]string{"": "test", "another": "another"} {
		t.Setenv("OTEL_SERVICE_NAME", variable)
		data, _ := collect(t, func(*server.Mux) {}, ask("GET /", ""))
		var got []string
		for _, a := range data.ResourceSpans[0].Resource.Attributes {
			if a.Key == "service.name" {
				got = append(got, a.Value.GetStringValue())
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("with OTEL_SERVICE_NAME=%s the program is called %q, want %s", variable, got, want)
		}
	}
}

// TestCallsAreChildren has a record read from DynamoDB in the trace of a request.
func TestCallsAreChildren(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	store := tabletest.New[thing](t, tabletest.Connect(t, tabletest.Embedded(t)), services.Table{PartitionKey: "id"})
	data, _ := collect(t, func(m *server.Mux) { m.Handle("GET /things/{id}", server.Get(store.Get)) }, ask("GET /things/1", ""))
	spans := spansOf(data)
	if len(spans) != 2 || spans[0].Name != "DynamoDB.GetItem" || spans[1].Name != "GET /things/{id}" ||
		!bytes.Equal(spans[0].ParentSpanId, spans[1].SpanId) || !bytes.Equal(spans[0].TraceId, spans[1].TraceId) {
		t.Errorf("%v", spans)
	}
}

// TestSpansRepeatNothing puts the mark wherever a caller can, and has databases
// that repeat it.
func TestSpansRepeatNothing(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	for name, database := range indiscreet {
		t.Run(name, func(t *testing.T) {
			there := httptest.NewServer(database)
			defer there.Close()
			store := table.NewDynamoDB[appointment](tabletest.Connect(t, there.URL), "appointments")
			targets := append(appointed, "GET /xyzzy", "XYZZY /at", "GET //at/xyzzy", "GET /at/xyzzy/xyzzy?xyzzy")
			_, batches := collect(t, func(m *server.Mux) { appointments(m, store) }, marks(targets)...)
			if text := string(bytes.Join(batches, nil)); strings.Count(text, "http.request.method") != len(targets) || leaks(text) {
				t.Errorf("%q, want a span for each of %d requests and nothing of what was asked or stored", text, len(targets))
			}
		})
	}
}

// marks are requests that have the mark in all that a caller chooses.
func marks(targets []string) (all []*http.Request) {
	for _, target := range targets {
		r := ask(target, `{"name":"xyzzy"}`,
			"Authorization", marked, "Cookie", marked, "User-Agent", marked, "Referer", marked, "X-Forwarded-For", marked, "Baggage", "xyzzy=xyzzy",
			"Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "Tracestate", "xyzzy=xyzzy",
			"X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678;xyzzy=xyzzy")
		r.Host = marked
		all = append(all, r)
	}
	return all
}

func leaks(text string) bool { return strings.Contains(strings.ToLower(text), marked) }

// A program that does tell is found out.
func TestSpanLeaksAreNoticed(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "always_on")
	for name, tell := range map[string]func(trace.Span, *http.Request){
		"a path as a name": func(s trace.Span, r *http.Request) {
			s.AddLink(trace.Link{Attributes: []attribute.KeyValue{attribute.String("x", r.URL.Path)}})
		},
		"a query":              func(s trace.Span, r *http.Request) { s.SetAttributes(attribute.String("url.query", r.URL.RawQuery)) },
		"a header in an event": func(s trace.Span, r *http.Request) { s.AddEvent(r.UserAgent()) },
		"an error":             func(s trace.Span, r *http.Request) { s.RecordError(errors.New(r.Host)) },
	} {
		_, batches := collect(t, func(m *server.Mux) {
			m.Handle("GET /at/{id}", func(_ http.ResponseWriter, r *http.Request) error {
				tell(trace.SpanFromContext(r.Context()), r)
				return nil
			})
		}, marks([]string{"GET /at/xyzzy?xyzzy"})...)
		if !leaks(string(bytes.Join(batches, nil))) {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

const (
	// low and high are numbers of traces that are among the sampled and are not.
	low, high = "67891233000000000000000000000000", "67891233ffffffffffffffffffffffff"
	from      = "0123456789abcdef"
)

// root is an id as X-Ray writes it.
func root(id string) string { return "Root=1-" + id[:8] + "-" + id[8:] }

// TestTheCallerDecides has callers who trace, and a load balancer that only says
// which trace a request would be in.
func TestTheCallerDecides(t *testing.T) {
	const w3c, amazon = "Traceparent", "X-Amzn-Trace-Id"
	for name, c := range map[string]struct {
		headers       []string
		trace, parent string // of the span, if there is one
	}{
		"a caller who traces":               {[]string{w3c, "00-" + high + "-" + from + "-01"}, high, from},
		"a caller who does not":             {[]string{w3c, "00-" + low + "-" + from + "-00"}, "", ""},
		"the load balancer, sampled":        {[]string{amazon, root(low)}, low, ""},
		"the load balancer, not sampled":    {[]string{amazon, root(high)}, "", ""},
		"a trace that was there before":     {[]string{amazon, "Self=1-67891234-12456789abcdef0123456780;" + root(low)}, low, ""},
		"X-Ray, traced":                     {[]string{amazon, root(high) + ";Parent=" + from + ";Sampled=1"}, high, from},
		"X-Ray, not traced":                 {[]string{amazon, root(low) + ";Parent=" + from + ";Sampled=0"}, "", ""},
		"X-Ray, undecided":                  {[]string{amazon, root(low) + ";Parent=" + from + ";Sampled=?"}, low, ""},
		"X-Ray, undecided and not sampled":  {[]string{amazon, root(high) + ";Parent=" + from}, "", ""},
		"a caller behind the load balancer": {[]string{w3c, "00-" + high + "-" + from + "-01", amazon, root(low)}, high, from},
	} {
		data, _ := collect(t, func(*server.Mux) {}, ask("GET /", "", c.headers...))
		var got []string
		for _, span := range spansOf(data) {
			got = append(got, hex.EncodeToString(span.TraceId), hex.EncodeToString(span.ParentSpanId))
		}
		var want []string
		if c.trace != "" {
			want = []string{c.trace, c.parent}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
