package alb

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// TargetGroup spreads requests over its registered targets. It is an [http.Handler]
// for the TargetGroups of a [LoadBalancer], and safe for concurrent use.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
type TargetGroup struct {
	protocolVersion string

	mu       sync.Mutex
	settings Settings
	targets  []*target
	// turn counts requests, for round robin.
	turn int
	// perTarget is the sum of 1 / (number of candidates) over all requests.
	perTarget float64
}

// Settings are the attributes of a target group, and the idle timeout of its load
// balancer.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
type Settings struct {
	// HealthCheck is how the group checks its targets. It has no defaults.
	HealthCheck HealthCheck
	// DeregistrationDelay is how long a draining target may finish the requests in
	// flight. Zero means not at all. The delay always passes in full: AWS ends it
	// early only when no connection to the target is open, and a load balancer keeps
	// idle ones open.
	DeregistrationDelay time.Duration
	// LeastOutstandingRequests chooses the target with the fewest requests in flight.
	// False means round robin.
	LeastOutstandingRequests bool
	// Stickiness is how long a client keeps the target that was chosen for it. Zero means
	// that each request has a target chosen.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
	Stickiness time.Duration
	// IdleTimeout is how long a target may take to begin its response. Zero means
	// DefaultIdleTimeout.
	IdleTimeout time.Duration
	// ProtocolVersion is the version of HTTP that the targets speak: HTTP1, HTTP2 or GRPC.
	// Empty means HTTP1. Requests here are HTTP/1.1, so a group of another version answers
	// 464 to all of them.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version
	ProtocolVersion string
	// Dial connects to a target; its context ends when the load balancer gives up. Nil
	// means the network of this machine.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// http1 is the protocol version of a target group that sets none.
const http1 = "HTTP1"

// DefaultIdleTimeout is the idle timeout of a load balancer that sets none.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
const DefaultIdleTimeout = 60 * time.Second

// Target is a snapshot of a registered target.
type Target struct {
	// Address is "host:port".
	Address string
	// State is never Unused.
	State State
	// Outstanding is the number of requests in flight.
	Outstanding int
}

type target struct {
	Target
	health
	// registered ends with the deregistration: it cancels the requests in flight.
	registered context.Context
	cancel     context.CancelCauseFunc
	// transport has the connections to the target, which the load balancer closes when the
	// deregistration ends.
	transport *http.Transport
}

// end closes the connections to a target that is no longer registered, and cancels its requests.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-502-issues
func (t *target) end() {
	t.cancel(errDeregistered)
	t.transport.CloseIdleConnections()
}

// NewTargetGroup returns a group without targets. [TargetGroup.Close] ends its health
// checks.
func NewTargetGroup(s Settings) *TargetGroup {
	s.IdleTimeout = cmp.Or(s.IdleTimeout, DefaultIdleTimeout)
	s.ProtocolVersion = cmp.Or(s.ProtocolVersion, http1)
	if s.Dial == nil {
		s.Dial = (&net.Dialer{}).DialContext
	}
	return &TargetGroup{settings: s, protocolVersion: s.ProtocolVersion}
}

// Configure changes the attributes of a group under its targets, except for IdleTimeout,
// ProtocolVersion and Dial, which stay. Targets keep their state: checks by the new settings start after the
// current interval. A target that is draining keeps its delay.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyTargetGroup.html
func (g *TargetGroup) Configure(s Settings) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.IdleTimeout, s.ProtocolVersion, s.Dial = g.settings.IdleTimeout, g.settings.ProtocolVersion, g.settings.Dial
	g.settings = s
}

// Register adds the target at an address, "host:port", and begins to check its
// health. It replaces a target of the same address, which may be draining.
func (g *TargetGroup) Register(address string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(address)
	t := &target{Target: Target{Address: address, State: Initial}, transport: newTransport(g.settings.IdleTimeout, g.settings.Dial)}
	t.registered, t.cancel = context.WithCancelCause(context.Background())
	g.targets = append(g.targets, t)
	go g.checkUntilGone(t)
}

var errDeregistered = errors.New("the target has been deregistered")

// Deregister drains a target: it gets no more requests. The returned channel is
// closed when the deregistration delay is over and the requests still in flight are
// canceled, and at once for an address that is not registered.
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

// remove ends the deregistration of a target.
func (g *TargetGroup) remove(t *target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.targets = slices.DeleteFunc(g.targets, func(other *target) bool { return other == t })
	t.end()
}

// drop removes a target without a deregistration delay.
func (g *TargetGroup) drop(address string) {
	if i := g.index(address); i >= 0 {
		g.targets[i].end()
		g.targets = slices.Delete(g.targets, i, i+1)
	}
}

func (g *TargetGroup) index(address string) int {
	return slices.IndexFunc(g.targets, func(t *target) bool { return t.Address == address })
}

// State returns the state of the target at an address, and Unused when it is not
// registered.
func (g *TargetGroup) State(address string) State {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.index(address); i >= 0 {
		return g.targets[i].State
	}
	return Unused
}

// Description says why the target at an address failed its last health check, and "" when it
// passed, or is not registered.
func (g *TargetGroup) Description(address string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := g.index(address); i >= 0 {
		return g.targets[i].description
	}
	return ""
}

// Targets returns the registered and the draining targets, sorted by address.
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

// RequestCountPerTarget returns the average number of requests per target since the
// group was made. A request adds one over the number of targets it could have been
// sent to. Health checks and requests without any such target do not count.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html#target-metric-table
func (g *TargetGroup) RequestCountPerTarget() float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.perTarget
}

// Close removes all targets at once and cancels their requests in flight.
func (g *TargetGroup) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.targets) > 0 {
		g.drop(g.targets[0].Address)
	}
}

// ServeHTTP sends the request to one of the targets. The response is 503 without
// registered targets, 502 when the target breaks the connection or its response header
// is too long, and 504 when it does not respond in time.
func (g *TargetGroup) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.protocolVersion != http1 {
		writeError(w, statusProtocolVersion)
		return
	}
	t, stickiness := g.begin(stuck(r, targetCookie))
	if t == nil {
		unavailable(w)
		return
	}
	if stickiness > 0 {
		stick(w, targetCookie, t.Address, stickiness)
	}
	defer g.end(t)
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	defer context.AfterFunc(t.registered, func() { cancel(context.Cause(t.registered)) })()
	proxyTo(w, r.WithContext(ctx), t.Address, t.transport)
}

// begin chooses a target and counts the request, and returns nil without targets. Where
// clients stick to their targets, the one that a client had goes on as long as it is a
// candidate: "If a target fails or becomes unhealthy, the load balancer stops routing
// requests to that target, and chooses a new healthy target".
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
func (g *TargetGroup) begin(had string) (t *target, stickiness time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	candidates := g.candidates()
	i := slices.IndexFunc(candidates, func(t *target) bool { return t.Address == had })
	if g.settings.Stickiness > 0 && i >= 0 {
		t = candidates[i]
	} else {
		t = g.choose(candidates)
	}
	if t != nil {
		t.Outstanding++
		g.perTarget += 1 / float64(len(candidates))
	}
	return t, g.settings.Stickiness
}

func (g *TargetGroup) end(t *target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t.Outstanding--
}

// candidates returns the healthy targets. When none is healthy the group fails open:
// it returns all targets that are not draining.
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

// choose returns one of the candidates by the routing algorithm, and nil without
// candidates.
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
