package server

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"
)

// A header of X-Ray's is read, in any order of its fields.
func TestXRayIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := trace.TraceID(rapid.SliceOfN(rapid.Byte(), 16, 16).Filter(notZero).Draw(t, "trace"))
		span := trace.SpanID(rapid.SliceOfN(rapid.Byte(), 8, 8).Filter(notZero).Draw(t, "span"))
		sampled := rapid.Bool().Draw(t, "sampled")
		decision := map[bool]string{true: "Sampled=1", false: "Sampled=0"}[sampled]
		fields := []string{"Root=1-" + id.String()[:8] + "-" + id.String()[8:], "Parent=" + span.String(), decision, "Lineage=a:0", "Self=1-x-y"}
		header := strings.Join(rapid.Permutation(fields).Draw(t, "order"), rapid.SampledFrom([]string{";", "; "}).Draw(t, "separator"))
		root, parent := xray(header)
		assert.Equal(t, id, root, header)
		assert.Equal(t, id, parent.TraceID(), header)
		assert.Equal(t, span, parent.SpanID(), header)
		assert.Equal(t, sampled, parent.IsSampled(), header)
	})
}

func notZero(bytes []byte) bool {
	for _, b := range bytes {
		if b != 0 {
			return true
		}
	}
	return false
}

// Any other header has no trace.
func TestXRayIsRefused(t *testing.T) {
	for _, header := range []string{
		"", ";", "Root", "Root=", "Root=1", "Root=1--", "Root=2-67891233-abcdef012345678912345678",
		"Root=1-6789123-3abcdef012345678912345678", "Root=1-67891233-abcdef01234567891234567", "Root=1-67891233-ABCDEF012345678912345678",
		"Root=1-67891233-abcdef012345678912345678-1", "Root=1-00000000-000000000000000000000000", "root=1-67891233-abcdef012345678912345678",
		"Parent=0123456789abcdef;Sampled=1", "1-67891233-abcdef012345678912345678",
	} {
		root, parent := xray(header)
		assert.False(t, root.IsValid(), "the trace of %q: %s", header, root)
		assert.False(t, parent.IsValid(), "the parent of %q: %+v", header, parent)
	}
}

func FuzzXRay(f *testing.F) {
	f.Add("Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678;Parent=0123456789abcdef;Sampled=1")
	f.Fuzz(func(t *testing.T, header string) {
		if root, parent := xray(header); parent.IsValid() {
			assert.Equal(t, root, parent.TraceID(), "%q", header)
		}
	})
}

// Each trace without an id gets another one.
func TestIDsDiffer(t *testing.T) {
	seenTraces, seenSpans := map[trace.TraceID]bool{}, map[trace.SpanID]bool{}
	for range 1000 {
		id, span := ids{}.NewIDs(incoming(httptest.NewRequest("GET", "/", nil)))
		seenTraces[id], seenSpans[span] = true, true
		assert.True(t, id.IsValid(), id)
		assert.True(t, span.IsValid(), span)
	}
	assert.Len(t, seenTraces, 1000)
	assert.Len(t, seenSpans, 1000)
}
