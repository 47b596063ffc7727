package page_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/rehearsal/page"
)

// fake is a rehearsal in memory, whose deployments take until they are finished.
type fake struct {
	mu    sync.Mutex
	state page.State
	// logs are by program.
	logs map[string][]page.Log
	// refuse is the answer to every move, unless it is nil.
	refuse error
	finish func()
}

// newFake is in the middle of a migration: alpha live, beta at a quarter,
// gamma dark.
func newFake() *fake {
	phases := []string{"dark", "10%", "25%", "50%", "75%", "90%", "live", "strangled"}
	path := func(name string) []string { return []string{"/api/" + name, "/api/" + name + "/*"} }
	onPath := func(name string) []page.Condition { return []page.Condition{{Kind: "path", Values: path(name)}} }
	preview := func(stack, id, name string, priority int) page.Rule {
		return page.Rule{Stack: stack, ID: id, Priority: priority,
			Conditions: []page.Condition{
				{Kind: "header", Name: "X-Route-To", Values: []string{name}}, {Kind: "source", Values: []string{"10.0.0.0/16"}},
			}, Shares: []page.Share{{Program: name, Percent: 100}}}
	}
	return &fake{
		logs: map[string][]page.Log{
			"alpha": nil,
			"beta": {
				{Task: 3, Address: "127.0.0.1:40022", Lines: []string{`{"level":"INFO","msg":"serving"}`, `<b onclick="alert(1)">bold</b>`}},
				{Task: 2, Address: "127.0.0.1:35519", Ended: true, Lines: []string{"no database"}},
			},
			"gamma": nil, "legacy": nil,
		},
		state: page.State{
			Name: "fixture",
			Services: []page.Service{
				{Name: "alpha", Phase: "live", Phases: phases, Paths: path("alpha"), Deployed: true, RequestsPerSecond: 61.2,
					Routes: []page.Route{{
						Name: "alpha.reads", Phase: "50%", Phases: phases[:7], Paths: path("alpha"), Only: []string{"GET", "HEAD", "*.example.com"},
					}},
					Tasks: []page.Task{{Address: "127.0.0.1:41873", State: "healthy"}, {Address: "127.0.0.1:38211", State: "healthy"}}},
				{Name: "beta", Phase: "25%", Phases: phases, Paths: path("beta"), Deployed: true, RequestsPerSecond: 15.4, ErrorsPerSecond: 0.4,
					Tasks: []page.Task{
						{Address: "127.0.0.1:40022", State: "healthy"}, {Address: "127.0.0.1:35519", State: "unhealthy"},
						{Address: "127.0.0.1:33207", State: "initial"},
					}},
				{Name: "gamma", Phase: "dark", Phases: phases, Paths: path("gamma"), Deployed: true,
					Tasks: []page.Task{{Address: "127.0.0.1:37604", State: "healthy"}, {Address: "127.0.0.1:44190", State: "starting"}}},
				{Name: "legacy", Phase: "serving", Phases: []string{
					"serving", "drained", "retired",
				}, Paths: []string{"/*"}, Deployed: true, RequestsPerSecond: 106.4,
					Tasks: []page.Task{{Address: "127.0.0.1:36001", State: "healthy"}, {Address: "127.0.0.1:42555", State: "draining"}}},
			},
			Connections: []page.Connection{
				{Caller: "beta", Callee: "alpha", RequestsPerSecond: 6.5, ErrorsPerSecond: 0.2}, {Caller: "gamma", Callee: "alpha"},
			},
			Rules: []page.Rule{
				preview("Alpha", "AlphaPreviewRule", "alpha", 100),
				preview("Beta", "BetaPreviewRule", "beta", 200),
				preview("Gamma", "GammaPreviewRule", "gamma", 300),
				preview("Legacy", "LegacyPreviewRule", "legacy", 25000),
				{
					Stack: "Alpha", ID: "AlphaLiveRule", Priority: 25100, Live: true, Rewrite: "^/api/(.*)$ → /$1",
					Conditions: []page.Condition{
						{Kind: "path", Values: path("alpha")}, {Kind: "host", Values: []string{"*.example.com"}},
						{Kind: "verb", Values: []string{"GET", "HEAD"}},
					},
					Shares: []page.Share{{Program: "alpha", Percent: 50}, {Program: "legacy", Percent: 50}},
				},
				{
					Stack: "Alpha", ID: "AlphaLiveRule2", Priority: 25101, Live: true, Conditions: onPath("alpha"),
					Shares: []page.Share{{Program: "alpha", Percent: 100}},
				},
				{
					Stack: "Beta", ID: "BetaLiveRule", Priority: 25200, Live: true, Conditions: onPath("beta"),
					Shares: []page.Share{{Program: "beta", Percent: 25}, {Program: "legacy", Percent: 75}},
				},
				{
					Stack: "Legacy", ID: "LegacyLiveRule", Priority: 50000, Live: true,
					Conditions: []page.Condition{{Kind: "path", Values: []string{"/*"}}},
					Shares:     []page.Share{{Program: "legacy", Percent: 100}},
				},
				{Stack: "Edge", ID: "Listener", Answer: "404", Live: true},
			},
			Traffic: page.Traffic{Series: []page.Series{
				wave("alpha", 61, 0), wave("beta", 15, 1), wave("gamma", 0, 0), wave("legacy", 106, 0), wave(page.LoadBalancer, 2, 0),
			}},
			Answers: []page.Answer{
				{Method: "GET", Path: "/api/alpha/a-19", Status: 200, Program: "alpha", Milliseconds: 1.4},
				{Method: "GET", Path: "/api/beta", Status: 200, Program: "legacy", Milliseconds: 2.2},
				{Method: "POST", Path: "/api/beta", Status: 201, Program: "beta", Milliseconds: 3.1},
				{Method: "GET", Path: "/api/gamma?of=b-1027&after=c-88", Status: 200, Program: "legacy", Milliseconds: 2.6},
				{Method: "GET", Path: "/api/beta/b-1027", Status: 503, Program: "beta", Milliseconds: 12.9},
				{Method: "GET", Path: "/api/alpha", Status: 200, Program: "alpha", Milliseconds: 1.1},
				{Method: "POST", Path: "/api/gamma", Status: 201, Program: "legacy", Milliseconds: 3.8},
				{Method: "GET", Path: "/api/search", Status: 404, Program: page.LoadBalancer, Milliseconds: 0.2},
				{Method: "GET", Path: "/api/alpha/a-7", Status: 200, Program: "alpha", Milliseconds: 1.2},
				{Method: "GET", Path: "/api/beta/b-4", Status: 200, Program: "legacy", Milliseconds: 2.0},
			},
			Deployment: page.Deployment{
				Move: "beta: 10% → 25%",
				Changes: []page.Change{
					{Stack: "Beta", Resource: "BetaLiveRule", Action: "update", Detail: "/api/beta → legacy 75 %, beta 25 %"},
				},
				Log: []string{
					"Beta update in progress", "Beta BetaLiveRule update in progress", "Beta BetaLiveRule update complete", "Beta update complete",
				},
			},
			Timeline: []page.Event{
				{Number: 5, Time: at(4), Kind: "scaling", Program: "alpha", Text: "scales from 2 to 3 tasks: CPU is 81, its target 60"},
				{Number: 4, Time: at(3), Kind: "deployment", Text: "beta: 10% → 25% is complete after 2.1 s"},
				{Number: 3, Time: at(2), Kind: "task", Program: "beta", Text: "task 2 has ended: exit status 1: no database", Failed: true},
				{Number: 2, Time: at(1), Kind: "task", Program: "beta", Text: "task 3 is healthy"},
				{Number: 1, Time: at(0), Kind: "deployment", Text: "beta: 10% → 25% begins"},
			},
		},
	}
}

// at is a second of the time line, in the browser's time zone.
func at(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, second, 0, time.Local) }

// wave is a minute of traffic around a rate.
func wave(program string, rate, errors float64) page.Series {
	s := page.Series{Program: program}
	for i := range 60 {
		at := float64(i)
		s.Requests = append(s.Requests, math.Round(rate*(1+0.08*math.Sin(at/3)+0.05*math.Cos(at*1.7))))
		s.Errors = append(s.Errors, errors*math.Max(0, math.Round(4*math.Sin(at/9-4))))
	}
	return s
}

func (f *fake) State() page.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Services = slices.Clone(s.Services)
	return s
}

func (f *fake) Logs(program string) ([]page.Log, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	logs, ok := f.logs[program]
	return slices.Clone(logs), ok
}

// change lets a test make something happen.
func (f *fake) change(event func(*page.State)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	event(&f.state)
}

func (f *fake) Move(name, phase string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.Deployment.Running {
		return page.ErrBusy
	}
	if f.refuse != nil {
		return f.refuse
	}
	i := slices.IndexFunc(f.state.Services, func(s page.Service) bool { return s.Name == name })
	f.state.Deployment = page.Deployment{
		Running: true,
		Move:    fmt.Sprintf("%s: %s → %s", name, f.state.Services[i].Phase, phase),
		Changes: []page.Change{{Stack: "Gamma", Resource: "GammaLiveRule", Action: "create", Detail: "/api/gamma → legacy 90 %, gamma 10 %"}},
		Log:     []string{"Gamma GammaLiveRule create in progress"},
	}
	f.finish = func() {
		f.change(func(s *page.State) {
			s.Services[i].Phase = phase
			s.Deployment.Running = false
			s.Deployment.Log = append(s.Deployment.Log, "Gamma GammaLiveRule create complete")
		})
	}
	return nil
}

// newFakeOf is a rehearsal of n services, in a migration that has begun.
func newFakeOf(n int) *fake {
	f := newFake()
	legacy := f.state.Services[3]
	names := []string{
		"accounts", "baskets", "catalog", "delivery-notes", "exchange-rates", "favourites", "gift-certificates", "help", "invoices", "jobs",
		"knowledge", "loyalty", "messages", "notifications",
	}
	service := f.state.Services[1]
	f.state.Services, f.state.Rules = nil, nil
	f.state.Connections, f.state.Traffic.Series = nil, []page.Series{wave("legacy", 106, 0)}
	for i, name := range names[:n] {
		service.Name, service.Paths = name, []string{"/api/" + name, "/api/" + name + "/*"}
		service.Tasks = service.Tasks[:2]
		f.logs[name] = nil
		f.state.Services = append(f.state.Services, service)
		f.state.Traffic.Series = append(f.state.Traffic.Series, wave(name, float64(5*i), 0))
		if i > 0 {
			f.state.Connections = append(f.state.Connections, page.Connection{Caller: name, Callee: names[i/2], RequestsPerSecond: float64(i)})
		}
		f.state.Rules = append(f.state.Rules, page.Rule{
			Stack: name, ID: "LiveRule", Priority: 25000 + i, Live: true,
			Conditions: []page.Condition{{Kind: "path", Values: service.Paths}},
			Shares:     []page.Share{{Program: name, Percent: 25}, {Program: "legacy", Percent: 75}},
		})
	}
	f.state.Services = append(f.state.Services, legacy)
	f.state.Rules = append(f.state.Rules, page.Rule{
		Stack: "Legacy", ID: "LiveRule", Priority: 50000, Live: true, Conditions: []page.Condition{{Kind: "path", Values: []string{"/*"}}},
		Shares: []page.Share{{Program: "legacy", Percent: 100}},
	})
	return f
}
