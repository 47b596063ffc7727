package alb

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// settings are those of a group with a short interval of health checks.
func settings() Settings {
	return Settings{
		HealthCheck: HealthCheck{
			Path: "/healthz", Interval: 5 * time.Millisecond, Timeout: 2 * time.Second, Healthy: 3, Unhealthy: 2, Codes: "200",
		},
		LeastOutstandingRequests: true,
	}
}

func newTestGroup(t *testing.T, s Settings) *TargetGroup {
	t.Helper()
	g := NewTargetGroup(s)
	t.Cleanup(g.Close)
	return g
}

// program is a target that counts its requests. Its health can be changed.
type program struct {
	address string
	health  atomic.Int64
	checks  atomic.Int64
	served  atomic.Int64
}

func newProgram(t *testing.T, handler http.HandlerFunc) *program {
	t.Helper()
	p := &program{}
	p.health.Store(http.StatusOK)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			p.checks.Add(1)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(int(p.health.Load()))
			return
		}
		p.served.Add(1)
		if handler != nil {
			handler(w, r)
		}
	}))
	t.Cleanup(s.Close)
	p.address = s.Listener.Addr().String()
	return p
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	require.Eventually(t, done, 20*time.Second, time.Millisecond, what)
}

func (g *TargetGroup) reaches(t *testing.T, p *program, state State) {
	t.Helper()
	eventually(t, string(state), func() bool { return g.State(p.address) == state })
}

// ends waits for the end of a deregistration.
func ends(t *testing.T, drained <-chan struct{}) {
	t.Helper()
	select {
	case <-drained:
	case <-time.After(20 * time.Second):
		require.Fail(t, "the deregistration takes more than 20 s")
	}
}

// front serves a group over a connection, behind a load balancer's listener.
func front(t *testing.T, g *TargetGroup) string {
	t.Helper()
	s := httptest.NewServer(&LoadBalancer{Listener: Listener{Default: ForwardTo("group")}, TargetGroups: map[string]http.Handler{"group": g}})
	t.Cleanup(s.Close)
	return s.URL
}

func status(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		assert.Fail(t, "no response", "%v", err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func TestErrorsOfTheLoadBalancer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed.Close()
	slow := newProgram(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	})
	for name, test := range map[string]struct {
		address string
		want    int
	}{
		"no registered target": {"", 503},
		"refused":              {closed.Addr().String(), 502},
		"cut":                  {newProgram(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).address, 502},
		"too slow":             {slow.address, 504},
		"a response":           {newProgram(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }).address, 418},
	} {
		s := settings()
		s.IdleTimeout = 100 * time.Millisecond
		g := newTestGroup(t, s)
		if test.address != "" {
			g.Register(test.address)
		}
		assert.Equal(t, test.want, status(t, front(t, g)), name)
	}
}

// A response that breaks off does not look complete to the client.
func TestBrokenResponse(t *testing.T) {
	p := newProgram(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	g := newTestGroup(t, settings())
	g.Register(p.address)
	response, err := http.Get(front(t, g))
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	assert.Error(t, err, "the body read is %q", body)
}

// A new target is healthy after one passed check. Later changes take as many checks
// as the thresholds say.
func TestHealth(t *testing.T) {
	s := settings()
	s.HealthCheck.Interval = time.Hour // after the first check, only the test records results
	g := newTestGroup(t, s)
	p := newProgram(t, nil)
	p.health.Store(503)
	g.Register(p.address)
	eventually(t, "a first check", func() bool { return g.targets[0].counted(g) == 1 })
	for i, step := range []struct {
		passed bool
		want   State
	}{
		{false, Unhealthy}, // the second in a row
		{true, Unhealthy}, {true, Unhealthy}, {true, Healthy},
		{false, Healthy}, {true, Healthy}, {false, Healthy}, {false, Unhealthy},
		{true, Unhealthy}, {true, Unhealthy}, {false, Unhealthy}, {true, Unhealthy}, {true, Unhealthy}, {true, Healthy},
	} {
		failure := "request timed out"
		if step.passed {
			failure = ""
		}
		g.recordCheck(g.targets[0], failure)
		assert.Equal(t, step.want, g.State(p.address), "after check %d", i)
		assert.Equal(t, failure, g.Description(p.address), "after check %d", i)
	}
	other := newProgram(t, nil)
	g.Register(other.address)
	g.reaches(t, other, Healthy)
}

func (t *target) counted(g *TargetGroup) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return t.passed + t.failed
}

func TestHealthChecks(t *testing.T) {
	g := newTestGroup(t, settings())
	p := newProgram(t, nil)
	g.Register(p.address)
	g.reaches(t, p, Healthy)
	p.health.Store(http.StatusFound) // to a path that answers 200
	g.reaches(t, p, Unhealthy)
	p.health.Store(http.StatusOK)
	g.reaches(t, p, Healthy)
	ends(t, g.Deregister(p.address))
	eventually(t, "no more checks", func() bool {
		before := p.checks.Load()
		time.Sleep(20 * time.Millisecond)
		return p.checks.Load() == before
	})
}

func TestCodes(t *testing.T) {
	for text, want := range map[string][]int{
		"200": {200}, "200,202": {200, 202}, "200-202": {200, 201, 202}, "200-201,404": {200, 201, 404},
		"": nil, "ok": nil, "200-x": nil, "200ok": nil,
	} {
		var got []int
		for status := 100; status < 600; status++ {
			if parseCodes(text).match(status) {
				got = append(got, status)
			}
		}
		assert.Equal(t, want, got, "%q", text)
	}
}

// Requests go to the healthy targets, and to all targets when none is healthy.
func TestOnlyHealthyTargetsServe(t *testing.T) {
	g := newTestGroup(t, settings())
	good, bad := newProgram(t, nil), newProgram(t, nil)
	bad.health.Store(500)
	g.Register(good.address)
	g.Register(bad.address)
	g.reaches(t, good, Healthy)
	g.reaches(t, bad, Unhealthy)
	url := front(t, g)
	for range 30 {
		status(t, url)
	}
	assert.EqualValues(t, 30, good.served.Load(), "requests of the healthy target")
	assert.Zero(t, bad.served.Load(), "requests of the unhealthy target")
	good.health.Store(500)
	g.reaches(t, good, Unhealthy)
	for range 100 {
		status(t, url)
	}
	assert.Greater(t, good.served.Load(), int64(30), "the group does not fail open")
	assert.Positive(t, bad.served.Load(), "the group does not fail open")
}

// A request adds one over the number of healthy targets, or of all targets when none
// is healthy.
func TestRequestCountPerTarget(t *testing.T) {
	g := newTestGroup(t, settings())
	one, two := newProgram(t, nil), newProgram(t, nil)
	url := front(t, g)
	for _, step := range []struct {
		name   string
		change func()
		want   float64
	}{
		{"no target", func() {}, 0},
		{"one target", func() { g.Register(one.address); g.reaches(t, one, Healthy) }, 20},
		{"two targets", func() { g.Register(two.address); g.reaches(t, two, Healthy) }, 10},
		{"one of two targets", func() { one.health.Store(500); g.reaches(t, one, Unhealthy) }, 20},
		{"none of two targets", func() { two.health.Store(500); g.reaches(t, two, Unhealthy) }, 10},
	} {
		step.change()
		before := g.RequestCountPerTarget()
		for range 20 {
			status(t, url)
		}
		assert.InDelta(t, step.want, g.RequestCountPerTarget()-before, 1e-9, "20 requests with %s healthy", step.name)
	}
}

func TestRoundRobin(t *testing.T) {
	s := settings()
	s.LeastOutstandingRequests = false
	g := newTestGroup(t, s)
	one, two := newProgram(t, nil), newProgram(t, nil)
	g.Register(one.address)
	g.Register(two.address)
	g.reaches(t, one, Healthy)
	g.reaches(t, two, Healthy)
	url := front(t, g)
	for range 20 {
		status(t, url)
	}
	assert.EqualValues(t, 10, one.served.Load())
	assert.EqualValues(t, 10, two.served.Load())
}

// A target with a request in flight gets no other while a target has none.
func TestLeastOutstandingRequests(t *testing.T) {
	release := make(chan struct{})
	stuck := newProgram(t, func(http.ResponseWriter, *http.Request) { <-release })
	quick := newProgram(t, nil)
	g := newTestGroup(t, settings())
	g.Register(stuck.address)
	g.reaches(t, stuck, Healthy)
	url := front(t, g)
	var waiting sync.WaitGroup
	waiting.Go(func() { status(t, url) })
	eventually(t, "a request that hangs", func() bool { return stuck.served.Load() == 1 })
	g.Register(quick.address)
	g.reaches(t, quick, Healthy)
	for range 20 {
		status(t, url)
	}
	assert.EqualValues(t, 1, stuck.served.Load(), "requests of the target that hangs")
	assert.EqualValues(t, 20, quick.served.Load(), "requests of the other target")
	assert.ElementsMatch(t, []Target{{stuck.address, Healthy, 1}, {quick.address, Healthy, 0}}, g.Targets())
	close(release)
	waiting.Wait()
}

// A draining target gets no new request. It finishes the requests in flight, and
// those that outlast the deregistration delay are canceled.
func TestDraining(t *testing.T) {
	answer := make(chan struct{}, 1)
	leaving := newProgram(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	})
	staying := newProgram(t, nil)
	s := settings()
	s.DeregistrationDelay = 500 * time.Millisecond
	g := newTestGroup(t, s)
	g.Register(leaving.address)
	g.reaches(t, leaving, Healthy)
	url := front(t, g)
	statuses := make(chan int, 2)
	for range 2 {
		go func() { statuses <- status(t, url) }()
	}
	eventually(t, "two requests in flight", func() bool { return leaving.served.Load() == 2 })
	drained := g.Deregister(leaving.address)
	checked := leaving.checks.Load()
	eventually(t, "more checks", func() bool { return leaving.checks.Load() > checked+4 })
	assert.Equal(t, Draining, g.State(leaving.address), "a draining target that passes its checks")
	assert.Equal(t, 503, status(t, url), "the group's only target drains")
	g.Register(staying.address)
	g.reaches(t, staying, Healthy)
	assert.Equal(t, 200, status(t, url))
	assert.EqualValues(t, 2, leaving.served.Load(), "requests of the draining target")
	answer <- struct{}{} // ends one of the two requests
	assert.Equal(t, 200, <-statuses, "a request that ends in time")
	ends(t, drained)
	assert.Equal(t, 502, <-statuses, "a request that outlasts the deregistration delay")
	assert.Equal(t, Unused, g.State(leaving.address))
	ends(t, g.Deregister("127.0.0.1:1"))
}

// Settings change under the targets, which keep their state until they are checked.
func TestConfigure(t *testing.T) {
	g := newTestGroup(t, settings())
	p := newProgram(t, nil)
	g.Register(p.address)
	g.reaches(t, p, Healthy)
	changed := settings()
	changed.HealthCheck.Codes, changed.DeregistrationDelay = "204", time.Hour
	g.Configure(changed)
	g.reaches(t, p, Unhealthy)
	changed.HealthCheck.Path, changed.HealthCheck.Codes = "/other", "200"
	g.Configure(changed)
	g.reaches(t, p, Healthy)
	assert.Positive(t, p.served.Load(), "checks of the other path")
	assert.Equal(t, DefaultIdleTimeout, g.settings.IdleTimeout)
	drained := g.Deregister(p.address)
	changed.DeregistrationDelay = 0
	g.Configure(changed)
	select {
	case <-drained:
		t.Error("a target that drains keeps its delay")
	default:
	}
}

// A draining target can be registered again.
func TestRegisterAgain(t *testing.T) {
	s := settings()
	s.DeregistrationDelay = time.Hour
	g := newTestGroup(t, s)
	p := newProgram(t, nil)
	g.Register(p.address)
	drained := g.Deregister(p.address)
	g.Register(p.address)
	ends(t, drained)
	g.reaches(t, p, Healthy)
	assert.Len(t, g.Targets(), 1)
}

func TestForwardedHeaders(t *testing.T) {
	var got *http.Request
	p := newProgram(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	g := newTestGroup(t, settings())
	g.Register(p.address)
	url := front(t, g)
	send := func(header http.Header) http.Header {
		request, err := http.NewRequest("GET", url+"/a%2Fb/%41'?x=1;y=%zz&z", nil)
		require.NoError(t, err)
		request.Host = "shop.example"
		request.Header = header
		response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(request)
		require.NoError(t, err)
		response.Body.Close()
		return got.Header
	}
	port := url[strings.LastIndex(url, ":")+1:]
	header := send(http.Header{})
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Port": port, "X-Forwarded-Host": "", "Accept-Encoding": "",
	} {
		assert.Equal(t, want, header.Get(name), name)
	}
	assert.Equal(t, "shop.example", got.Host)
	assert.Equal(t, "/a%2Fb/%41'?x=1;y=%zz&z", got.RequestURI)
	for _, name := range []string{"Forwarded", "X-Forwarded-Host"} {
		assert.Equal(t, "shop", send(http.Header{name: {"shop"}}).Get(name), "the client's own %s", name)
	}
	assert.Equal(t, "203.0.113.7, 127.0.0.1", send(http.Header{"X-Forwarded-For": {"203.0.113.7"}}).Get("X-Forwarded-For"))
	id := `1-[0-9a-f]{8}-[0-9a-f]{24}`
	for sent, want := range map[string]string{
		"":                             "^Root=" + id + "$",
		"CalledFrom=app":               "^Root=" + id + ";CalledFrom=app$",
		"Root=1-67891233-abc;X=1":      "^Self=" + id + ";Root=1-67891233-abc;X=1$",
		"CalledFrom=a;Root=1-67-abcde": "^Self=" + id + ";CalledFrom=a;Root=1-67-abcde$",
	} {
		header := http.Header{}
		if sent != "" {
			header.Set("X-Amzn-Trace-Id", sent)
		}
		assert.Regexp(t, want, send(header).Get("X-Amzn-Trace-Id"), "the client sends %q", sent)
	}
}

// Go's transport would send a request again when a connection that was open before
// breaks. The load balancer does not.
func TestNoRequestIsSentTwice(t *testing.T) {
	p := newProgram(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/break" {
			panic(http.ErrAbortHandler)
		}
	})
	g := newTestGroup(t, settings())
	g.Register(p.address)
	url := front(t, g)
	status(t, url)
	assert.Equal(t, 502, status(t, url+"/break"))
	assert.EqualValues(t, 2, p.served.Load(), "requests of the target")
}

// The load balancer closes what is open to a target when its deregistration ends, also what it has
// not used: a program that ends would wait for that.
func TestConnectionsEndWithTheRegistration(t *testing.T) {
	var open atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	s.Start()
	defer s.Close()
	idle := settings()
	idle.HealthCheck.Interval = time.Hour
	g := newTestGroup(t, idle)
	address := s.Listener.Addr().String()
	g.Register(address)
	assert.Equal(t, 200, status(t, front(t, g)))
	eventually(t, "an open connection", func() bool { return open.Load() == 1 })
	<-g.Deregister(address)
	eventually(t, "no connection to a target that left", func() bool { return open.Load() == 0 })
}

// A response of the target reaches a client that has not sent its whole body.
func TestResponseBeforeTheWholeBody(t *testing.T) {
	p := newProgram(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestTimeout)
	})
	g := newTestGroup(t, settings())
	g.Register(p.address)
	connection, err := net.Dial("tcp", strings.TrimPrefix(front(t, g), "http://"))
	require.NoError(t, err)
	defer connection.Close()
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\nhalf of it")
	connection.SetReadDeadline(time.Now().Add(20 * time.Second))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestTimeout, response.StatusCode)
}

// BenchmarkTargetGroup measures what the load balancer adds to a request.
func BenchmarkTargetGroup(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") }))
	defer s.Close()
	g := NewTargetGroup(settings())
	defer g.Close()
	g.Register(s.Listener.Addr().String())
	balancer := httptest.NewServer(g)
	defer balancer.Close()
	for name, url := range map[string]string{"direct": s.URL, "through": balancer.URL} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				response, err := http.Get(url)
				require.NoError(b, err)
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
}
