package alb

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// TargetGroup spreads requests over its registered targets. It is the
// [http.Handler] that [LoadBalancer] has for a group, and safe for concurrent use.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
type TargetGroup struct {
	settings  Settings
	codes     codes
	transport *http.Transport

	mu      sync.Mutex
	targets []*target
	// turn counts the requests, for round robin.
	turn int
	// perTarget counts them for each target.
	perTarget float64
}

// Settings are the attributes of a target group, and one of its load balancer.
type Settings struct {
	HealthCheck HealthCheck
	// DeregistrationDelay is how long a target that leaves may finish the requests
	// that it has. It always passes in full: it would be cut short only without
	// connections to the target, and a load balancer keeps some open.
	DeregistrationDelay time.Duration
	// LeastOutstandingRequests prefers the target with the fewest requests in
	// flight. False means round robin.
	LeastOutstandingRequests bool
	// IdleTimeout is how long a target may take to begin its answer. Zero means
	// DefaultIdleTimeout.
	IdleTimeout time.Duration
}

// DefaultIdleTimeout is that of a load balancer which sets none:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
const DefaultIdleTimeout = 60 * time.Second

// Target is a registered target as it is at one moment.
type Target struct {
	// Address is "host:port".
	Address string
	State   State
	// Outstanding are the requests in flight.
	Outstanding int
}

type target struct {
	Target
	health
	// registered ends when the target has left and its last requests are cut.
	registered context.Context
	cut        context.CancelCauseFunc
}

// NewTargetGroup returns a group without targets.
func NewTargetGroup(s Settings) *TargetGroup {
	s.IdleTimeout = cmp.Or(s.IdleTimeout, DefaultIdleTimeout)
	return &TargetGroup{settings: s, codes: parseCodes(s.HealthCheck.Codes), transport: newTransport(s.IdleTimeout)}
}

// Register adds a target, and begins to check its health. A target that was
// leaving is there again.
func (g *TargetGroup) Register(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(address)
	t := &target{Target: Target{Address: address, State: Initial}}
	t.registered, t.cut = context.WithCancelCause(context.Background())
	g.targets = append(g.targets, t)
	go g.watch(t)
}

var errDeregistered = errors.New("the target has been deregistered")

// Deregister sends a target no more requests. The channel is closed when the
// deregistration delay is over and what still ran has been cut; for an address
// that is not registered, at once.
func (g *TargetGroup) Deregister(address string) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.index(address)
	if i < 0 {
		gone := make(chan struct{})
		close(gone)
		return gone
	}
	t := g.targets[i]
	if t.State != Draining {
		t.State = Draining
		time.AfterFunc(g.settings.DeregistrationDelay, func() { g.remove(t) })
	}
	return t.registered.Done()
}

func (g *TargetGroup) remove(t *target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.targets = slices.DeleteFunc(g.targets, func(other *target) bool { return other == t })
	t.cut(errDeregistered)
}

// forget lets a target go at once.
func (g *TargetGroup) forget(address string) {
	if i := g.index(address); i >= 0 {
		g.targets[i].cut(errDeregistered)
		g.targets = slices.Delete(g.targets, i, i+1)
	}
}

func (g *TargetGroup) index(address string) int {
	return slices.IndexFunc(g.targets, func(t *target) bool { return t.Address == address })
}

// State is that of one target, Unused when it is not registered.
func (g *TargetGroup) State(address string) State {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.index(address); i >= 0 {
		return g.targets[i].State
	}
	return Unused
}

// Targets are those that are registered or leaving, by address.
func (g *TargetGroup) Targets() []Target {
	g.mu.Lock()
	defer g.mu.Unlock()
	var targets []Target
	for _, t := range g.targets {
		targets = append(targets, t.Target)
	}
	slices.SortFunc(targets, func(a, b Target) int { return cmp.Compare(a.Address, b.Address) })
	return targets
}

// RequestCountPerTarget is how many requests each target has got on average since
// the group was made: every request counts for its part among the targets that
// could have got it. What nobody could get does not count, nor does a health check.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html#target-metric-table
func (g *TargetGroup) RequestCountPerTarget() float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.perTarget
}

// Close lets all targets go at once.
func (g *TargetGroup) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.targets) > 0 {
		g.forget(g.targets[0].Address)
	}
	g.transport.CloseIdleConnections()
}

// ServeHTTP sends the request to one of the targets.
func (g *TargetGroup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := g.begin()
	if t == nil {
		unavailable(w)
		return
	}
	defer g.end(t)
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(t.registered, func() { cancel(context.Cause(t.registered)) })()
	pass(w, r.WithContext(ctx), t.Address, g.transport)
}

func (g *TargetGroup) begin() *target {
	g.mu.Lock()
	defer g.mu.Unlock()
	candidates := g.candidates()
	t := g.choose(candidates)
	if t != nil {
		t.Outstanding++
		g.perTarget += 1 / float64(len(candidates))
	}
	return t
}

func (g *TargetGroup) end(t *target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.Outstanding--
}

// candidates are the healthy targets, and when there are none all that are not
// leaving: the group then fails open.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (g *TargetGroup) candidates() []*target {
	var healthy, registered []*target
	for _, t := range g.targets {
		if t.State != Draining {
			registered = append(registered, t)
		}
		if t.State == Healthy {
			healthy = append(healthy, t)
		}
	}
	if len(healthy) > 0 {
		return healthy
	}
	return registered
}

// choose is nil without candidates.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#modify-routing-algorithm
func (g *TargetGroup) choose(candidates []*target) *target {
	if len(candidates) == 0 {
		return nil
	}
	if !g.settings.LeastOutstandingRequests {
		g.turn++
		return candidates[g.turn%len(candidates)]
	}
	rand.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	return slices.MinFunc(candidates, func(a, b *target) int { return a.Outstanding - b.Outstanding })
}
