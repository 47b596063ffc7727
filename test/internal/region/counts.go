package region

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/alb"
)

// Counts is what a load balancer counts of the requests to one target group in some time.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
type Counts struct {
	// Requests are those for which a target was chosen.
	Requests int
	// Classes are the answers of targets by the first digit of their status. An answer of the
	// load balancer in the place of a target's is in none.
	Classes [6]int
	// Balancer are the answers of the load balancer in the place of a target's, 502 and 504.
	Balancer int
	// Times are how long targets took to begin an answer, ascending, in elapsed time.
	Times []time.Duration
	// Seen is whether the states of the targets were looked at, which they are as long as the
	// load balancer has requests to any group. Healthy and Unhealthy are the most targets of that
	// state.
	Seen               bool
	Healthy, Unhealthy int
}

// Percentile is the time that a part of the answers, 0 to 1, began within, and 0 without any.
func (c Counts) Percentile(part float64) time.Duration {
	if len(c.Times) == 0 {
		return 0
	}
	return c.Times[min(len(c.Times)-1, int(part*float64(len(c.Times))))]
}

// Counts returns what was counted of a target group, by its physical id, from a time on and
// before another, of the last hour at most. Its resolution is 100 ms.
func (r *Region) Counts(group string, from, to time.Time) Counts {
	return r.frontend.meter.counts(group, from, to)
}

// The resolution of the counts, and for how long they are kept.
const (
	tick = 100 * time.Millisecond
	kept = time.Hour
)

// meter counts the requests to target groups.
type meter struct {
	mu sync.Mutex
	// watched are the target groups, and groups the counts of each by tick.
	watched map[string]http.Handler
	groups  map[string]map[int64]*Counts
	// last is the tick in which the states of all targets were looked at last.
	last int64
}

func newMeter() meter {
	return meter{watched: map[string]http.Handler{}, groups: map[string]map[int64]*Counts{}}
}

func tickOf(at time.Time) int64 { return at.UnixNano() / int64(tick) }

// watch counts the requests to one node's view of a group.
func (m *meter) watch(id string, group http.Handler) http.Handler {
	m.mu.Lock()
	m.watched[id] = group
	m.mu.Unlock()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &answer{ResponseWriter: w}
		defer func() { m.note(id, answer, began) }()
		group.ServeHTTP(answer, r)
	})
}

// unwatch forgets a group that is deleted; what was counted of it stays.
func (m *meter) unwatch(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.watched, id)
}

// note counts one request, and looks at all targets when it is the first of its tick.
func (m *meter) note(id string, a *answer, began time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := tickOf(time.Now())
	if at != m.last {
		m.last = at
		for id, group := range m.watched {
			m.at(id, at).see(group)
		}
	}
	ofLoadBalancer := alb.IsOwn(a.Header())
	if ofLoadBalancer && a.status == http.StatusServiceUnavailable {
		return // there was no target to choose
	}
	counts := m.at(id, at)
	counts.Requests++
	if ofLoadBalancer && a.status >= http.StatusInternalServerError {
		counts.Balancer++
	}
	if a.status > 0 && !ofLoadBalancer {
		counts.Classes[min(a.status/100, len(counts.Classes)-1)]++
		counts.Times = append(counts.Times, a.began.Sub(began))
	}
}

// at are the counts of a group in a tick.
func (m *meter) at(id string, tick int64) *Counts {
	if m.groups[id] == nil {
		m.groups[id] = map[int64]*Counts{}
	}
	if m.groups[id][tick] == nil {
		m.groups[id][tick] = &Counts{}
		m.forget(id, tick)
	}
	return m.groups[id][tick]
}

// forget drops what is too old, from time to time.
func (m *meter) forget(id string, at int64) {
	if len(m.groups[id]) < 2*int(kept/tick) {
		return
	}
	for old := range m.groups[id] {
		if old < at-int64(kept/tick) {
			delete(m.groups[id], old)
		}
	}
}

// see looks at the states of a group's targets.
func (c *Counts) see(group http.Handler) {
	targets, ok := group.(*alb.TargetGroup)
	if !ok {
		return
	}
	c.Seen = true
	for _, t := range targets.Targets() {
		switch t.State {
		case alb.Healthy:
			c.Healthy++
		case alb.Unhealthy:
			c.Unhealthy++
		}
	}
}

func (m *meter) counts(id string, from, to time.Time) Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all Counts
	for at := tickOf(from); at < tickOf(to); at++ {
		c := m.groups[id][at]
		if c == nil {
			continue
		}
		all.Requests, all.Balancer = all.Requests+c.Requests, all.Balancer+c.Balancer
		for class, n := range c.Classes {
			all.Classes[class] += n
		}
		all.Times = append(all.Times, c.Times...)
		all.Seen = all.Seen || c.Seen
		all.Healthy, all.Unhealthy = max(all.Healthy, c.Healthy), max(all.Unhealthy, c.Unhealthy)
	}
	slices.Sort(all.Times)
	return all
}

// answer is an http.ResponseWriter that keeps the status and when the answer began.
type answer struct {
	http.ResponseWriter
	status int
	began  time.Time
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status, a.began = status, time.Now()
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status, a.began = http.StatusOK, time.Now()
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets an [http.ResponseController] reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
