package page_test

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"example.com/strangler/test/rehearsal/page"
)

// fake is a rehearsal in memory, whose deployments take until they are finished.
type fake struct {
	mu    sync.Mutex
	state page.State
	// refuse is the answer to every move, unless it is nil.
	refuse error
	finish func()
}

// newFake is in the middle of a migration: users live, threads at a quarter,
// posts dark.
func newFake() *fake {
	phases := []string{"dark", "10%", "25%", "50%", "75%", "90%", "live", "strangled"}
	path := func(name string) []string { return []string{"/api/" + name, "/api/" + name + "/*"} }
	preview := func(stack, id, name string, priority int) page.Rule {
		return page.Rule{Stack: stack, ID: id, Priority: priority,
			Conditions: []string{"X-Route-To: " + name, "from 10.0.0.0/16"}, Shares: []page.Share{{Program: name, Percent: 100}}}
	}
	return &fake{
		state: page.State{
			Services: []page.Service{
				{Name: "users", Phase: "live", Phases: phases, Paths: path("users"), Deployed: true, RequestsPerSecond: 61.2,
					Tasks: []page.Task{{Address: "127.0.0.1:41873", State: "healthy"}, {Address: "127.0.0.1:38211", State: "healthy"}}},
				{Name: "threads", Phase: "25%", Phases: phases, Paths: path("threads"), Deployed: true, RequestsPerSecond: 15.4, ErrorsPerSecond: 0.4,
					Tasks: []page.Task{{Address: "127.0.0.1:40022", State: "healthy"}, {Address: "127.0.0.1:35519", State: "unhealthy"}, {Address: "127.0.0.1:33207", State: "initial"}}},
				{Name: "posts", Phase: "dark", Phases: phases, Paths: path("posts"), Deployed: true,
					Tasks: []page.Task{{Address: "127.0.0.1:37604", State: "healthy"}, {Address: "127.0.0.1:44190", State: "starting"}}},
				{Name: "monolith", Phase: "serving", Phases: []string{"serving", "drained", "retired"}, Paths: []string{"/*"}, Deployed: true, RequestsPerSecond: 106.4,
					Tasks: []page.Task{{Address: "127.0.0.1:36001", State: "healthy"}, {Address: "127.0.0.1:42555", State: "draining"}}},
			},
			Rules: []page.Rule{
				preview("Users", "UsersPreviewRule", "users", 100),
				preview("Threads", "ThreadsPreviewRule", "threads", 200),
				preview("Posts", "PostsPreviewRule", "posts", 300),
				preview("Monolith", "MonolithPreviewRule", "monolith", 25000),
				{Stack: "Users", ID: "UsersLiveRule", Priority: 25100, Live: true, Conditions: path("users"), Shares: []page.Share{{Program: "users", Percent: 100}}},
				{Stack: "Threads", ID: "ThreadsLiveRule", Priority: 25200, Live: true, Conditions: path("threads"), Shares: []page.Share{{Program: "threads", Percent: 25}, {Program: "monolith", Percent: 75}}},
				{Stack: "Monolith", ID: "MonolithLiveRule", Priority: 50000, Live: true, Conditions: []string{"/*"}, Shares: []page.Share{{Program: "monolith", Percent: 100}}},
				{Stack: "Edge", ID: "Listener", Answer: "404", Live: true},
			},
			Traffic: page.Traffic{Series: []page.Series{
				wave("users", 61, 0), wave("threads", 15, 1), wave("posts", 0, 0), wave("monolith", 106, 0), wave(page.LoadBalancer, 2, 0),
			}},
			Answers: []page.Answer{
				{Method: "GET", Path: "/api/users/u-19", Status: 200, Program: "users", Milliseconds: 1.4},
				{Method: "GET", Path: "/api/threads", Status: 200, Program: "monolith", Milliseconds: 2.2},
				{Method: "POST", Path: "/api/threads", Status: 201, Program: "threads", Milliseconds: 3.1},
				{Method: "GET", Path: "/api/posts?thread=t-1027&after=p-88", Status: 200, Program: "monolith", Milliseconds: 2.6},
				{Method: "GET", Path: "/api/threads/t-1027", Status: 503, Program: "threads", Milliseconds: 12.9},
				{Method: "GET", Path: "/api/users", Status: 200, Program: "users", Milliseconds: 1.1},
				{Method: "POST", Path: "/api/posts", Status: 201, Program: "monolith", Milliseconds: 3.8},
				{Method: "GET", Path: "/api/search", Status: 404, Program: page.LoadBalancer, Milliseconds: 0.2},
				{Method: "GET", Path: "/api/users/u-7", Status: 200, Program: "users", Milliseconds: 1.2},
				{Method: "GET", Path: "/api/threads/t-4", Status: 200, Program: "monolith", Milliseconds: 2.0},
			},
			Deployment: page.Deployment{
				Asked: "threads: 10% → 25%",
				Changes: []page.Change{
					{Stack: "Threads", Resource: "ThreadsLiveRule", Action: "update", Detail: "/api/threads → monolith 75 %, threads 25 %"},
				},
				Log: []string{"Threads update in progress", "Threads ThreadsLiveRule update in progress", "Threads ThreadsLiveRule update complete", "Threads update complete"},
			},
		},
	}
}

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
		Asked:   fmt.Sprintf("%s: %s → %s", name, f.state.Services[i].Phase, phase),
		Changes: []page.Change{{Stack: "Posts", Resource: "PostsLiveRule", Action: "create", Detail: "/api/posts → monolith 90 %, posts 10 %"}},
		Log:     []string{"Posts PostsLiveRule create in progress"},
	}
	f.finish = func() {
		f.change(func(s *page.State) {
			s.Services[i].Phase = phase
			s.Deployment.Running = false
			s.Deployment.Log = append(s.Deployment.Log, "Posts PostsLiveRule create complete")
		})
	}
	return nil
}
