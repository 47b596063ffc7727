package server_test

import (
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services/server"
)

// A program that traces sends its own span on, and of a request that is not sampled the
// decision, so that no service begins a trace in the middle of it.
func TestPropagate(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		sampled bool
		trace   string // of what is sent
	}{
		"a client that traces":           {[]string{"Traceparent", "00-" + high + "-" + from + "-01"}, true, high},
		"a client that does not":         {[]string{"Traceparent", "00-" + low + "-" + from + "-00"}, false, low},
		"the load balancer, sampled":     {[]string{"X-Amzn-Trace-Id", root(low)}, true, low},
		"the load balancer, not sampled": {[]string{"X-Amzn-Trace-Id", root(high)}, false, high},
	} {
		sent := http.Header{}
		data, _ := collect(t, func(m *server.Mux) {
			m.Handle("GET /", func(_ http.ResponseWriter, r *http.Request) error {
				server.Propagate(r.Context(), sent)
				return nil
			})
		}, newRequest("GET /", "", c.headers...))
		assert.Len(t, sent, 1, "%s: %s", name, sent)
		traceparent := sent.Get("Traceparent")
		assert.Contains(t, traceparent, "00-"+c.trace+"-", name)
		assert.NotContains(t, traceparent, from, "%s: the program's own span", name)
		if !c.sampled {
			assert.Regexp(t, "-00$", traceparent, name)
			assert.Empty(t, spansOf(data), name)
			continue
		}
		assert.Regexp(t, "-01$", traceparent, name)
		assert.Contains(t, traceparent, "-"+hex.EncodeToString(spansOf(data)[0].SpanId)+"-", name)
	}
}
