package region

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// group is a target group. Each node of the load balancer checks and chooses among the
// targets that it knows of.
type group struct {
	// name is the group's, if the template names it.
	name  string
	nodes []*node
	// views are the group as each node has it.
	views []*alb.TargetGroup

	mu       sync.Mutex
	settings alb.Settings
	targets  map[string]*registration
}

// registration is a target in a group.
type registration struct {
	// way is how far connections to the target get.
	way way
	// gone is closed at the end of the deregistration, and nil before that begins.
	gone chan struct{}
}

func newGroup(name string, nodes []*node, settings alb.Settings) *group {
	g := &group{name: name, nodes: nodes, targets: map[string]*registration{}}
	settings.Dial = g.dial
	g.settings = settings
	for range nodes {
		g.views = append(g.views, alb.NewTargetGroup(settings))
	}
	return g
}

// sticky reports whether clients keep their targets.
func (g *group) sticky() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.settings.Stickiness > 0
}

// handlers are what serves the group's requests at each node.
func (g *group) handlers() []http.Handler {
	var handlers []http.Handler
	for _, view := range g.views {
		handlers = append(handlers, view)
	}
	return handlers
}

// register adds the target at an address, "host:port". The tasks of a worker have no group:
// a nil one has no targets, and finds every task healthy that runs.
func (g *group) register(address string, way way) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.targets[address] = &registration{way: way}
	for i, view := range g.views {
		g.nodes[i].targets.learn(func() { view.Register(address) })
	}
}

// dial connects to a target as far as its way leads.
func (g *group) dial(ctx context.Context, network, address string) (net.Conn, error) {
	g.mu.Lock()
	way := open
	if r := g.targets[address]; r != nil {
		way = r.way
	}
	g.mu.Unlock()
	return way.dial(ctx, network, address)
}

// deregister drains a target. The returned channel is closed when the deregistration
// delay is over, and at once for an address that is not registered.
func (g *group) deregister(address string) <-chan struct{} {
	if g == nil {
		return closedChannel()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.targets[address]
	if r == nil {
		return closedChannel()
	}
	if r.gone == nil {
		r.gone = make(chan struct{})
		for i, view := range g.views {
			g.nodes[i].targets.learn(func() { view.Deregister(address) })
		}
		time.AfterFunc(g.settings.DeregistrationDelay, func() { g.remove(address, r) })
	}
	return r.gone
}

func closedChannel() <-chan struct{} {
	closed := make(chan struct{})
	close(closed)
	return closed
}

// remove ends the deregistration of a target, which may be registered again by now.
func (g *group) remove(address string, r *registration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(r.gone)
	if g.targets[address] == r {
		delete(g.targets, address)
	}
}

// description says why a target fails its health checks, as one of the nodes has it, and what they
// ask.
func (g *group) description(address string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	failure := "health checks failed"
	for _, view := range g.views {
		failure = cmp.Or(view.Description(address), failure)
	}
	check := g.settings.HealthCheck
	return fmt.Sprintf("%s: GET %s wants %s, as Health in the catalog says", failure, check.Path, check.Codes)
}

// state returns the state of the target at an address, and Unused when it is not
// registered. Every node must find a target healthy, and one suffices to find it
// unhealthy: AWS does not document how it merges what the nodes find.
func (g *group) state(address string) alb.State {
	if g == nil {
		return alb.Healthy
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch r := g.targets[address]; {
	case r == nil:
		return alb.Unused
	case r.gone != nil:
		return alb.Draining
	}
	state := alb.Healthy
	for _, view := range g.views {
		switch view.State(address) {
		case alb.Unhealthy:
			return alb.Unhealthy
		case alb.Healthy:
		default:
			state = alb.Initial
		}
	}
	return state
}

// requestCountPerTarget is the average number of requests per target since the group was
// made, over all nodes.
func (g *group) requestCountPerTarget() float64 {
	sum := 0.0
	for _, view := range g.views {
		sum += view.RequestCountPerTarget()
	}
	return sum
}

func (g *group) configure(settings alb.Settings) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settings = settings
	for i, view := range g.views {
		g.nodes[i].targets.learn(func() { view.Configure(settings) })
	}
}

// close removes the group from each node once that has no rule for it.
func (g *group) close() {
	for i, view := range g.views {
		g.nodes[i].rules.learn(view.Close)
	}
}

// createTargetGroup fails when another target group has the name, as one has that it
// replaces under the same name. It makes no exception for one of the same settings, which
// CloudFormation would not ask for.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func (r *Region) createTargetGroup(id string, declared assembly.TargetGroup) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, _ := declared.Properties["Name"].(string)
	for _, other := range r.groups {
		if name != "" && name == other.name {
			return fmt.Errorf("a target group with the same name %q exists, but with different settings", name)
		}
	}
	settings, err := r.settings(declared)
	if err != nil {
		return err
	}
	g := newGroup(name, r.frontend.nodes, settings)
	r.groups[id] = g
	r.frontend.setGroup(id, g.handlers()...)
	return nil
}

// updateTargetGroup changes a target group under its targets.
func (r *Region) updateTargetGroup(id string, declared assembly.TargetGroup) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	settings, err := r.settings(declared)
	if err != nil {
		return err
	}
	if settings.Stickiness > 0 {
		rules, _ := r.frontend.list()
		for _, rule := range rules {
			if forward, ok := rule.Action.(alb.Forward); ok && forward.Shares()[id] > 0 && dividesAnew(rule) {
				return errGroupStickiness(rule.ID)
			}
		}
	}
	r.groups[id].configure(settings)
	return nil
}

// dividesAnew reports whether a rule chooses a target group for each request.
func dividesAnew(rule alb.Rule) bool {
	forward, _ := rule.Action.(alb.Forward)
	return len(forward) > 1 && rule.GroupStickiness == 0
}

func errGroupStickiness(rule string) error {
	return fmt.Errorf("you must enable group stickiness on rule %s if you enabled target stickiness on one of its target groups", rule)
}

// checkStickiness fails on a rule that divides the requests of clients who stick to their
// targets in one of its groups. AWS refuses such a rule, and does not say whether it refuses
// such an attribute of a group that has the rule already: here it does.
//
// https://github.com/argoproj/argo-rollouts/issues/1577
func (r *Region) checkStickiness(rule alb.Rule) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	forward, _ := rule.Action.(alb.Forward)
	for _, weighted := range forward {
		if group := r.groups[weighted.TargetGroup]; group != nil && group.sticky() && dividesAnew(rule) {
			return errGroupStickiness(rule.ID)
		}
	}
	return nil
}

// checkTargetGroup fails on a target group that the load balancer here does not serve as
// AWS would.
func checkTargetGroup(declared assembly.TargetGroup) error {
	if declared.Protocol != "HTTP" || declared.HealthCheck.Port != "traffic-port" {
		return fmt.Errorf("a target group of protocol %s with health checks on port %s: the rehearsal has HTTP on one port only",
			declared.Protocol, declared.HealthCheck.Port)
	}
	return alb.CheckTargetGroupAttributes(declared.Attributes)
}

// settings fails on what the load balancer here does not obey.
func (r *Region) settings(declared assembly.TargetGroup) (alb.Settings, error) {
	check := declared.HealthCheck
	stickiness, _ := alb.Stickiness(declared.Attributes) // checked below
	return alb.Settings{
		Stickiness: r.clock.scaled(stickiness),
		HealthCheck: alb.HealthCheck{
			Path:      check.Path,
			Interval:  r.clock.scaled(check.Interval),
			Timeout:   r.clock.limit(check.Timeout),
			Healthy:   check.Healthy,
			Unhealthy: check.Unhealthy,
			Codes:     check.Codes,
		},
		DeregistrationDelay:      r.clock.scaled(declared.DeregistrationDelay),
		LeastOutstandingRequests: declared.Attributes["load_balancing.algorithm.type"] == "least_outstanding_requests",
		IdleTimeout:              r.clock.limit(r.idleTimeout),
		ProtocolVersion:          declared.ProtocolVersion,
	}, checkTargetGroup(declared)
}

// deleteTargetGroup fails while a rule or the listener's default action forwards to the
// group.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html
func (r *Region) deleteTargetGroup(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.frontend.attached(id) {
		return fmt.Errorf("target group %s is in use by a listener or a rule", id)
	}
	r.frontend.deleteGroup(id)
	if group := r.groups[id]; group != nil {
		group.close()
		delete(r.groups, id)
	}
	return nil
}
