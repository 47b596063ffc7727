package alb

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// settings are those of a group whose checks come often.
func settings() Settings {
	return Settings{
		HealthCheck:              HealthCheck{Path: "/healthz", Interval: 5 * time.Millisecond, Timeout: 2 * time.Second, Healthy: 3, Unhealthy: 2, Codes: "200"},
		LeastOutstandingRequests: true,
	}
}

func newTestGroup(t *testing.T, s Settings) *TargetGroup {
	t.Helper()
	g := NewTargetGroup(s)
	t.Cleanup(g.Close)
	return g
}

// program is a target that answers with its name. Its health can be changed.
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
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
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
		t.Fatal("a target does not leave within 20 s")
	}
}

// front serves a group over a connection, as the load balancer's listener does.
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
		t.Error(err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func TestErrorsOfTheLoadBalancer(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
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
		"refused":              {nobody.Addr().String(), 502},
		"cut":                  {newProgram(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }).address, 502},
		"too slow":             {slow.address, 504},
		"an answer":            {newProgram(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }).address, 418},
	} {
		s := settings()
		s.IdleTimeout = 100 * time.Millisecond
		g := newTestGroup(t, s)
		if test.address != "" {
			g.Register(test.address)
		}
		if got := status(t, front(t, g)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// An answer that breaks off does not look like one that is complete.
func TestBrokenAnswer(t *testing.T) {
	p := newProgram(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	g := newTestGroup(t, settings())
	g.Register(p.address)
	response, err := http.Get(front(t, g))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%q was taken for the whole answer", body)
	}
}

// A new target needs one passed check; a bad and a recovering one as many as
// their thresholds say.
func TestHealth(t *testing.T) {
	s := settings()
	s.HealthCheck.Interval = time.Hour // the test judges
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
		g.judge(g.targets[0], step.passed)
		if got := g.State(p.address); got != step.want {
			t.Errorf("after check %d: %s, want %s", i, got, step.want)
		}
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
		"200": {200}, "200,202": {200, 202}, "200-202": {200, 201, 202}, "200-201,404": {200, 201, 404}, "": nil, "ok": nil, "200-x": nil, "200ok": nil,
	} {
		var got []int
		for status := 100; status < 600; status++ {
			if parseCodes(text).match(status) {
				got = append(got, status)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q matches %v, want %v", text, got, want)
		}
	}
}

// Requests go to healthy targets while there are any, and to all when there are none.
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
	if good.served.Load() != 30 || bad.served.Load() != 0 {
		t.Errorf("the healthy target served %d, the unhealthy %d", good.served.Load(), bad.served.Load())
	}
	good.health.Store(500)
	g.reaches(t, good, Unhealthy)
	for range 100 {
		status(t, url)
	}
	if good.served.Load() == 30 || bad.served.Load() == 0 {
		t.Errorf("the group did not fail open: %d and %d", good.served.Load(), bad.served.Load())
	}
}

// A request counts for its part among the healthy targets, or among all when none
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
		{"nobody", func() {}, 0},
		{"one", func() { g.Register(one.address); g.reaches(t, one, Healthy) }, 20},
		{"two", func() { g.Register(two.address); g.reaches(t, two, Healthy) }, 10},
		{"one of two", func() { one.health.Store(500); g.reaches(t, one, Unhealthy) }, 20},
		{"none of two", func() { two.health.Store(500); g.reaches(t, two, Unhealthy) }, 10},
	} {
		step.change()
		before := g.RequestCountPerTarget()
		for range 20 {
			status(t, url)
		}
		if got := g.RequestCountPerTarget() - before; got != step.want {
			t.Errorf("20 requests with %s healthy: %g for each, want %g", step.name, got, step.want)
		}
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
	if one.served.Load() != 10 || two.served.Load() != 10 {
		t.Errorf("%d and %d", one.served.Load(), two.served.Load())
	}
}

// A target that does not answer gets one request after the other only while the
// others have as many in flight.
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
	if stuck.served.Load() != 1 || quick.served.Load() != 20 {
		t.Errorf("the target that hangs got %d more, the other %d of 20", stuck.served.Load()-1, quick.served.Load())
	}
	for _, target := range g.Targets() {
		if want := map[string]int{stuck.address: 1, quick.address: 0}[target.Address]; target.Outstanding != want {
			t.Errorf("%+v, want %d outstanding", target, want)
		}
	}
	close(release)
	waiting.Wait()
}

// A target that leaves gets nothing new, finishes what it has, and what it does
// not finish in time is cut.
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
	if got := g.State(leaving.address); got != Draining {
		t.Errorf("a target that leaves, and passes its checks, is %s", got)
	}
	if got := status(t, url); got != 503 {
		t.Errorf("%d from a group whose only target leaves, want 503", got)
	}
	g.Register(staying.address)
	g.reaches(t, staying, Healthy)
	if got := status(t, url); got != 200 || leaving.served.Load() != 2 {
		t.Errorf("%d, and the target that leaves got %d more", got, leaving.served.Load()-2)
	}
	answer <- struct{}{} // one of the two takes it
	if got := <-statuses; got != 200 {
		t.Errorf("%d for a request that ended in time, want 200", got)
	}
	ends(t, drained)
	if got := <-statuses; got != 502 {
		t.Errorf("%d for a request that did not end in time, want 502", got)
	}
	if got := g.State(leaving.address); got != Unused {
		t.Errorf("a target that has left is %s", got)
	}
	ends(t, g.Deregister("127.0.0.1:1"))
}

// A target can come back before it has left.
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
	if targets := g.Targets(); len(targets) != 1 {
		t.Errorf("%v", targets)
	}
}

func TestForwardedHeaders(t *testing.T) {
	var got *http.Request
	p := newProgram(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	g := newTestGroup(t, settings())
	g.Register(p.address)
	url := front(t, g)
	ask := func(header http.Header) http.Header {
		request, err := http.NewRequest("GET", url+"/a%2Fb/%41'?x=1;y=%zz&z", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "forum.example"
		request.Header = header
		response, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return got.Header
	}
	port := url[strings.LastIndex(url, ":")+1:]
	header := ask(http.Header{})
	for name, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Port": port, "X-Forwarded-Host": "", "Accept-Encoding": ""} {
		if header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, header.Get(name), want)
		}
	}
	if got.Host != "forum.example" || got.RequestURI != "/a%2Fb/%41'?x=1;y=%zz&z" {
		t.Errorf("host %q, request %q", got.Host, got.RequestURI)
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-Host"} {
		if got := ask(http.Header{name: {"forum"}}).Get(name); got != "forum" {
			t.Errorf("the client's own %s became %q", name, got)
		}
	}
	if got := ask(http.Header{"X-Forwarded-For": {"203.0.113.7"}}).Get("X-Forwarded-For"); got != "203.0.113.7, 127.0.0.1" {
		t.Errorf("X-Forwarded-For: %q", got)
	}
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
		if got := ask(header).Get("X-Amzn-Trace-Id"); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("a request with %q reached the target with %q", sent, got)
		}
	}
}

// A request that has been sent is not sent again, although Go would repeat it on
// a connection that was open before.
func TestNoRequestIsRepeated(t *testing.T) {
	p := newProgram(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/break" {
			panic(http.ErrAbortHandler)
		}
	})
	g := newTestGroup(t, settings())
	g.Register(p.address)
	url := front(t, g)
	status(t, url)
	if got := status(t, url+"/break"); got != 502 || p.served.Load() != 2 {
		t.Errorf("%d, and the target was asked %d times, want 502 and twice", got, p.served.Load())
	}
}

// The target may answer before it has the whole body, and the client then hears it.
func TestAnswerBeforeTheWholeBody(t *testing.T) {
	p := newProgram(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestTimeout)
	})
	g := newTestGroup(t, settings())
	g.Register(p.address)
	connection, err := net.Dial("tcp", strings.TrimPrefix(front(t, g), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: forum\r\nContent-Length: 100\r\n\r\nhalf of it")
	connection.SetReadDeadline(time.Now().Add(20 * time.Second))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil || response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("%v, %v, want the target's 408", response, err)
	}
}

// BenchmarkTargetGroup is what the load balancer adds to a request.
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
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		})
	}
}
