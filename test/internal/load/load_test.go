package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// plain requests one URL. Every response but 200 is a failure.
type plain string

func (p plain) Next() vegeta.Target { return vegeta.Target{Method: "GET", URL: string(p) + "#plain"} }

func (p plain) Judge(r *vegeta.Result) Judgement {
	judged := Judgement{Path: r.URL[len(p):], Needs: []string{"/other"}}
	if r.Code != http.StatusOK {
		judged.Failure = fmt.Sprintf("status %d", r.Code)
	}
	return judged
}

func serve(t *testing.T, handler http.HandlerFunc) plain {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return plain(s.URL)
}

func TestEveryRequestIsRecorded(t *testing.T) {
	var served atomic.Int64
	l := Start(1000, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(ProgramHeader, "alpha")
		w.Header().Set("Retry-After", "7")
		if served.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	for served.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	l.Stop()
	all := l.Between(time.Time{}, time.Now())
	answered, failed := l.Count()
	n := int(served.Load())
	assert.Len(t, all, n)
	assert.Equal(t, n, answered)
	assert.Equal(t, n/2, failed)
	l.Forget()
	again, _ := l.Count()
	assert.Equal(t, answered, again, "count after the records are forgotten")
	assert.Empty(t, l.Between(time.Time{}, time.Now()))
	for _, r := range all {
		require.Equal(t, "#plain", r.Path)
		require.Equal(t, []string{"/other"}, r.Needs)
		require.Equal(t, "alpha", r.Program)
		require.Equal(t, "7", r.RetryAfter)
		require.Equal(t, r.Status == 200, r.Failure == "", "%+v", r)
		require.Positive(t, r.Latency)
	}
}

// In an open loop requests continue while none is answered.
func TestLoopIsOpen(t *testing.T) {
	arrived, release := make(chan struct{}, 1000), make(chan struct{})
	l := Start(500, serve(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	deadline := time.After(20 * time.Second)
	for n := range 50 {
		select {
		case <-arrived:
			continue
		case <-deadline:
			assert.Fail(t, "the loop is not open", "%d requests in 20 s while none is answered, want 50", n)
		}
		break
	}
	close(release)
	l.Stop()
}

// Between returns only when all requests of the time range are complete.
func TestBetweenWaitsForTheLast(t *testing.T) {
	var served atomic.Int64
	release := make(chan struct{})
	l := Start(200, serve(t, func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 3 {
			<-release
		}
	}))
	defer l.Stop()
	for served.Load() < 20 {
		time.Sleep(time.Millisecond)
	}
	between := make(chan []Record, 1)
	go func() { between <- l.Between(time.Time{}, time.Now()) }()
	time.Sleep(50 * time.Millisecond)
	assert.Empty(t, between, "records while a request is not complete")
	close(release)
	assert.GreaterOrEqual(t, len(<-between), 19, "records of all requests")
}

func TestRequestWithoutResponseIsRecorded(t *testing.T) {
	l := Start(100, serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	for answered := 0; answered == 0; answered, _ = l.Count() {
		time.Sleep(time.Millisecond)
	}
	l.Stop()
	for _, r := range l.Between(time.Time{}, time.Now()) {
		assert.Zero(t, r.Status)
		assert.NotEmpty(t, r.Failure)
	}
}

// Who has answered is what the load balancer did, and not what a program says.
func TestProgram(t *testing.T) {
	for name, test := range map[string]struct {
		header http.Header
		want   string
	}{
		"a program":         {http.Header{ProgramHeader: {"alpha"}}, "alpha"},
		"behind its server": {http.Header{ProgramHeader: {"alpha"}, "Server": {"nginx"}}, "alpha"},
		"what it claims":    {http.Header{ProgramHeader: {"alpha"}, "X-Served-By": {"beta"}}, "alpha"},
		"the load balancer": {http.Header{"Server": {"awselb/2.0"}}, ""},
	} {
		assert.Equal(t, test.want, Program(test.header), name)
	}
}
