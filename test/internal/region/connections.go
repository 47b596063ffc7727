package region

import (
	"cmp"
	"slices"
	"sync"

	"example.com/strangler/test/internal/connect"
)

// Connection is what one program has sent to another since the region was made.
type Connection struct {
	// Caller and Callee are the names of the containers that serve.
	Caller, Callee string
	// Requests are those that the caller's tasks have sent to their proxies. Failures are
	// those of them that got a 5xx or no whole response.
	Requests, Failures int64
	// Attempts are what the callee's tasks got, or would have got if they had listened:
	// the requests, without those for which there was no task, and the retries.
	Attempts int64
	// Ejected is how many tasks the proxies of the caller's tasks avoid now, over all
	// proxies.
	Ejected int
}

// Connections returns the pairs of which a task of the first has had the URL of the second
// and could resolve it, sorted.
func (r *Region) Connections() []Connection { return r.connections.list() }

// connections are the pairs of programs, with what they have sent and the proxies of now.
type connections struct {
	mu  sync.Mutex
	all map[pair]*pairState
}

type pair struct{ caller, callee string }

type pairState struct {
	counts connect.Counts
	routes []*connect.Route
}

func (c *connections) state(p pair) *pairState {
	if c.all[p] == nil {
		c.all[p] = &pairState{}
	}
	return c.all[p]
}

// of returns the counts of a pair.
func (c *connections) of(caller, callee string) *connect.Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &c.state(pair{caller, callee}).counts
}

// add adds a proxy's route to a pair, and returns what takes it out.
func (c *connections) add(caller, callee string, route *connect.Route) (forget func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := c.state(pair{caller, callee})
	state.routes = append(state.routes, route)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		state.routes = slices.DeleteFunc(state.routes, func(other *connect.Route) bool { return other == route })
	}
}

func (c *connections) list() []Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Connection
	for p, state := range c.all {
		one := Connection{
			Caller: p.caller, Callee: p.callee,
			Requests: state.counts.Requests.Load(), Failures: state.counts.Failures.Load(), Attempts: state.counts.Attempts.Load(),
		}
		for _, route := range state.routes {
			one.Ejected += route.Ejected()
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Connection) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
	return list
}
