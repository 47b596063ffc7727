package connect

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// backend is a task of the callee.
type backend struct {
	address string
	// status is what it answers. Zero breaks the connection.
	status atomic.Int64
	// got are the bodies of its requests, with their hosts.
	mu  sync.Mutex
	got []string
}

func newBackend(t *testing.T, status int64) *backend {
	t.Helper()
	b := &backend{}
	b.status.Store(status)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		b.got = append(b.got, r.Host+r.URL.RequestURI()+" "+string(body))
		b.mu.Unlock()
		if b.status.Load() == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(int(b.status.Load()))
	}))
	t.Cleanup(s.Close)
	b.address = strings.TrimPrefix(s.URL, "http://")
	return b
}

// refusing is the address of a task whose program does not listen.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func (b *backend) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// patient are times that no test waits for.
var patient = Settings{RequestTimeout: time.Minute, Ejection: Ejection{Window: time.Hour, Least: time.Hour, Most: time.Hour}}

func routeTo(s Settings, addresses ...string) *Route {
	return NewRoute("beta", func() []string { return addresses }, (&net.Dialer{}).DialContext, s, &Counts{})
}

func send(r *Route, method, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1:1/things?a;b", strings.NewReader(body)))
	return w
}

func TestRoundRobin(t *testing.T) {
	a, b := newBackend(t, 200), newBackend(t, 200)
	r := routeTo(patient, a.address, b.address)
	for range 6 {
		assert.Equal(t, http.StatusOK, send(r, "POST", "x").Code)
	}
	assert.Len(t, a.requests(), 3)
	assert.Len(t, b.requests(), 3)
	assert.Equal(t, "beta/things?a;b x", a.requests()[0], "the name that the caller has used, the query and the body")
}

// A request is sent again, with its body, to tasks that have not had it: after 503, and
// when no connection is made.
func TestRetries(t *testing.T) {
	busy, other, good := newBackend(t, 503), newBackend(t, 503), newBackend(t, 200)
	for name, test := range map[string]struct {
		hosts            []string
		status, attempts int
	}{
		"one":                     {[]string{busy.address, good.address}, 200, 2},
		"two":                     {[]string{busy.address, other.address, good.address}, 200, 3},
		"not three":               {[]string{busy.address, other.address, refusing(t), good.address}, 503, 3},
		"a refused connection":    {[]string{refusing(t), good.address}, 200, 2},
		"no other task":           {[]string{busy.address}, 503, 1},
		"none that can be dialed": {[]string{refusing(t)}, 503, 1},
		"no task":                 {nil, 503, 0},
	} {
		r := routeTo(patient, test.hosts...)
		assert.Equal(t, test.status, send(r, "POST", "body").Code, name)
		assert.EqualValues(t, test.attempts, r.counts.Attempts.Load(), name)
		assert.EqualValues(t, 1, r.counts.Requests.Load(), name)
		assert.EqualValues(t, map[bool]int{true: 1}[test.status >= 500], r.counts.Failures.Load(), name)
	}
	for _, request := range good.requests() {
		assert.Equal(t, "beta/things?a;b body", request)
	}
	assert.Equal(t, "7", send(routeTo(patient, busy.address), "GET", "").Header().Get("Retry-After"), "the callee's own answer")
}

// What has side effects or is not documented is not sent again.
func TestNoRetry(t *testing.T) {
	good := newBackend(t, 200)
	for status, want := range map[int64]int{500: 500, 502: 502, 504: 504, 404: 404, 0: 503} {
		bad := newBackend(t, status)
		for _, method := range []string{"GET", "POST"} {
			assert.Equal(t, want, send(routeTo(patient, bad.address, good.address), method, "").Code, "%s, %d", method, status)
		}
	}
	large := newBackend(t, 503)
	assert.Equal(t, 503, send(routeTo(patient, large.address, good.address), "POST", strings.Repeat("x", maxBuffered+1)).Code)
	assert.Len(t, large.requests()[0], len("beta/things?a;b ")+maxBuffered+1, "a body that is not kept arrives whole")
	assert.Empty(t, good.requests())
}

// A connection that is not answered, and a program that is not, end with the time.
func TestRequestTimeout(t *testing.T) {
	s := patient
	s.RequestTimeout = 30 * time.Millisecond
	dropped := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := NewRoute("beta", func() []string { return []string{"10.0.0.1:1", "10.0.0.2:1"} }, dropped, s, &Counts{})
	assert.Equal(t, http.StatusGatewayTimeout, send(r, "GET", "").Code, "dropped")
	assert.EqualValues(t, 1, r.counts.Attempts.Load(), "dropped")
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	r = routeTo(s, strings.TrimPrefix(slow.URL, "http://"))
	assert.Equal(t, http.StatusGatewayTimeout, send(r, "GET", "").Code, "slow")
	assert.EqualValues(t, 1, r.counts.Failures.Load())
}

// After five failures no request reaches a task until its time is over, and without
// another one the caller gets 503.
func TestEjection(t *testing.T) {
	s := patient
	s.Ejection.Least = 100 * time.Millisecond
	bad := newBackend(t, 500)
	r := routeTo(s, bad.address)
	for range 4 {
		assert.Equal(t, 500, send(r, "GET", "").Code)
	}
	assert.Zero(t, r.Ejected(), "after four failures")
	assert.Equal(t, 500, send(r, "GET", "").Code)
	assert.Equal(t, 1, r.Ejected(), "after five")
	bad.status.Store(200)
	assert.Equal(t, 503, send(r, "GET", "").Code)
	assert.Len(t, bad.requests(), 5)
	assert.Eventually(t, func() bool { return send(r, "GET", "").Code == 200 }, 5*time.Second, 5*time.Millisecond)
	assert.Zero(t, r.Ejected())
}

// A response that breaks off has failed, whatever its status.
func TestBrokenResponse(t *testing.T) {
	callee := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5")
		_, _ = io.WriteString(w, "abc")
	}))
	defer callee.Close()
	r := routeTo(patient, strings.TrimPrefix(callee.URL, "http://"))
	proxy := httptest.NewServer(r)
	response, err := http.Get(proxy.URL)
	if err == nil { // with the status, when that was sent before the rest was missed
		_, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	require.Error(t, err)
	proxy.Close()
	assert.EqualValues(t, 1, r.counts.Failures.Load())
}

// A caller who gives up says nothing about the task, and what is gone is forgotten.
func TestWhatIsNoFailureOfATask(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	hosts := []string{strings.TrimPrefix(slow.URL, "http://")}
	r := NewRoute("beta", func() []string { return hosts }, (&net.Dialer{}).DialContext, patient, &Counts{})
	for range failuresToEject {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Millisecond, cancel)
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		cancel()
	}
	assert.Zero(t, r.Ejected())
	assert.EqualValues(t, failuresToEject, r.counts.Failures.Load(), "for the caller it is one")
	for range failuresToEject {
		r.note(hosts[0], true)
	}
	require.Equal(t, 1, r.Ejected())
	hosts = nil
	assert.Equal(t, 503, send(r, "GET", "").Code)
	assert.Empty(t, r.outliers)
}

func TestOutlier(t *testing.T) {
	now := time.Now()
	o := &outlier{}
	fail := func(times int, after time.Duration) {
		for range times {
			now = now.Add(after)
			o.fail(now, DefaultEjection)
		}
	}
	fail(20, 8*time.Second)
	assert.False(t, o.ejected(now), "at most four within 30 s")
	for i, want := range []float64{30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300} {
		now = now.Add(time.Hour)
		fail(failuresToEject, time.Second)
		require.True(t, o.ejected(now), "ejection %d", i+1)
		assert.InDelta(t, want, o.until.Sub(now).Seconds(), 0, "ejection %d", i+1)
		fail(failuresToEject, time.Second)
		assert.Equal(t, i+1, o.ejections, "failures of requests that were in flight")
	}
}
