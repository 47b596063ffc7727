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
	// Times are how long targets took to begin an answer, ascending, in elapsed time.
	Times []time.Duration
	// Healthy and Unhealthy are the most targets of that state. Like AWS they are not known
	// without requests.
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
	// groups are the counts by target group and tick.
	groups map[string]map[int64]*Counts
}

func tickOf(at time.Time) int64 { return at.UnixNano() / int64(tick) }

// watch counts the requests to one node's view of a group.
func (m *meter) watch(id string, group http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		answer := &answer{ResponseWriter: w}
		defer func() { m.note(id, group, answer, began) }()
		group.ServeHTTP(answer, r)
	})
}

// note counts one request, with the states of the targets when it is the first of its tick.
func (m *meter) note(id string, group http.Handler, a *answer, began time.Time) {
	ofLoadBalancer := alb.IsOwn(a.Header())
	if ofLoadBalancer && a.status == http.StatusServiceUnavailable {
		return // there was no target to choose
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups[id] == nil {
		m.groups[id] = map[int64]*Counts{}
	}
	at := tickOf(time.Now())
	counts := m.groups[id][at]
	if counts == nil {
		counts = states(group)
		m.groups[id][at] = counts
		m.forget(id, at)
	}
	counts.Requests++
	if a.status > 0 && !ofLoadBalancer {
		counts.Classes[min(a.status/100, len(counts.Classes)-1)]++
		counts.Times = append(counts.Times, a.began.Sub(began))
	}
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

// states are the states of a group's targets.
func states(group http.Handler) *Counts {
	c := &Counts{}
	targets, ok := group.(*alb.TargetGroup)
	if !ok {
		return c
	}
	for _, t := range targets.Targets() {
		switch t.State {
		case alb.Healthy:
			c.Healthy++
		case alb.Unhealthy:
			c.Unhealthy++
		}
	}
	return c
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
		all.Requests += c.Requests
		for class, n := range c.Classes {
			all.Classes[class] += n
		}
		all.Times = append(all.Times, c.Times...)
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
