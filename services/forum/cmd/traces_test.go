package cmd_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// One variable makes a program trace, a caller says what, and a program that is
// told to stop sends what it has first.
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
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
			answer, err := http.DefaultClient.Do(request)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatal(answer, err)
			}
			answer.Body.Close()
			p.Process.Signal(syscall.SIGTERM)
			if err := p.Wait(); err != nil {
				t.Error(err)
			}
			var data tracepb.TracesData
			select {
			case batch := <-batches:
				if err := proto.Unmarshal(batch, &data); err != nil {
					t.Fatal(err)
				}
			default:
				t.Fatal("nothing was sent")
			}
			if text := data.String(); !strings.Contains(text, `"`+name+`"`) || !strings.Contains(text, `"`+request.Method+" "+request.URL.Path+`"`) {
				t.Errorf("%s, want a span of %s by %s", text, request.URL.Path, name)
			}
		})
	}
}
