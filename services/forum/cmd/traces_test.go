//go:build unix

package cmd_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// One variable makes a program trace. The client's header decides which request is
// sampled, and a program sends its spans before it stops.
func TestProgramsTrace(t *testing.T) {
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			batches := make(chan []byte, 10)
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				batch, _ := io.ReadAll(r.Body)
				batches <- batch
			}))
			defer collector.Close()
			p := start(t, name, "STORE=memory", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
			request, err := http.NewRequest("GET", p.url+"/api/"+strings.Replace(name, "monolith", "posts", 1), nil)
			require.NoError(t, err)
			request.Header.Set("Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
			answer, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			answer.Body.Close()
			require.Equal(t, http.StatusOK, answer.StatusCode)
			require.NoError(t, p.Process.Signal(syscall.SIGTERM))
			require.NoError(t, p.Wait())
			var data tracepb.TracesData
			select {
			case batch := <-batches:
				require.NoError(t, proto.Unmarshal(batch, &data))
			default:
				require.FailNow(t, "the collector received nothing")
			}
			assert.Contains(t, data.String(), `"`+name+`"`)
			assert.Contains(t, data.String(), `"`+request.Method+" "+request.URL.Path+`"`)
		})
	}
}
