package region

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/load"
)

// frontend is the load balancer: its API, and nodes that learn from it which rules and
// targets to obey.
type frontend struct {
	// outsideURL serves callers from anywhere. insideURL serves callers as if their
	// address were one from which X-Route-To works.
	outsideURL, insideURL string
	servers               []*http.Server
	nodes                 []*node
	// meter counts the requests to target groups.
	meter meter

	mu         sync.Mutex
	attributes alb.Attributes
	// listener is the physical id of the current listener, and empty without one.
	listener string
	fallback alb.Action
	// rules and groups are by physical id.
	rules map[string]alb.Rule
	// groups are the handlers of a group, by node.
	groups map[string][]http.Handler
	// programs are the names of the programs, by target group.
	programs map[string]string
}

// openFrontend listens on two free ports of this machine.
func openFrontend(propagation time.Duration) (*frontend, error) {
	d := &frontend{
		nodes: newNodes(propagation), rules: map[string]alb.Rule{}, groups: map[string][]http.Handler{}, programs: map[string]string{},
		meter: newMeter(),
	}
	var err error
	if d.outsideURL, err = d.listen(d); err != nil {
		return nil, err
	}
	if d.insideURL, err = d.listen(d.inside()); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *frontend) listen(handler http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: errorLog}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(listener) }() // until Close
	return "http://" + listener.Addr().String(), nil
}

func (d *frontend) close() {
	for _, server := range d.servers {
		server.Close()
	}
	for _, node := range d.nodes {
		node.close()
	}
}

// ServeHTTP sends a request to one of the nodes, as the load balancer's name resolves to
// each of them.
func (d *frontend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	balancer := d.nodes[rand.IntN(len(d.nodes))].balancer.Load()
	if balancer.Listener.Default == nil {
		// Without a listener a client would get no connection.
		panic(http.ErrAbortHandler)
	}
	balancer.ServeHTTP(w, r)
}

// inside serves callers as if their address were in the first block that the preview
// rules allow.
func (d *frontend) inside() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if address, ok := d.insideAddress(); ok {
			r.RemoteAddr = netip.AddrPortFrom(address, 1024).String()
		}
		d.ServeHTTP(w, r)
	})
}

func (d *frontend) insideAddress() (netip.Addr, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(d.rules)) {
		for _, condition := range d.rules[id].Conditions {
			if blocks, ok := condition.(alb.SourceIP); ok && len(blocks) > 0 {
				return blocks[0].Addr(), true
			}
		}
	}
	return netip.Addr{}, false
}

// change makes a change, of which each node learns in its time.
func (d *frontend) change(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	listener, attributes := d.current(), d.attributes
	for i, node := range d.nodes {
		groups := map[string]http.Handler{}
		for id, views := range d.groups {
			groups[id] = d.named(d.meter.watch(id, views[i]), id)
		}
		balancer := &alb.LoadBalancer{Listener: listener, TargetGroups: groups, Attributes: attributes}
		node.rules.learn(func() { node.balancer.Store(balancer) })
	}
}

// named tells in the response to which program a request was sent. The program of a group is
// known at once, as it is no setting of the load balancer's.
func (d *frontend) named(group http.Handler, id string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(load.ProgramHeader, d.program(id))
		group.ServeHTTP(w, r)
	})
}

func (d *frontend) program(group string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.programs[group]
}

// current is the listener as the API has it.
func (d *frontend) current() alb.Listener {
	listener := alb.Listener{Default: d.fallback}
	for _, id := range slices.Sorted(maps.Keys(d.rules)) {
		listener.Rules = append(listener.Rules, d.rules[id])
	}
	return listener
}

func (d *frontend) setAttributes(a alb.Attributes) { d.change(func() { d.attributes = a }) }

// setListener sets the listener and its default action. It ignores one that redirects
// every request, because the listener that the redirect leads to is the one under test.
func (d *frontend) setListener(id string, fallback alb.Action) error {
	if _, redirects := fallback.(alb.Redirect); redirects {
		return nil
	}
	var err error
	d.change(func() {
		if d.listener != "" && d.listener != id {
			err = fmt.Errorf("there is %s already: the rehearsal has one listener", d.listener)
			return
		}
		d.listener, d.fallback = id, fallback
	})
	return err
}

func (d *frontend) deleteListener(id string) {
	if id == d.listener {
		d.change(func() { d.listener, d.fallback = "", nil })
	}
}

// setRule adds or changes a rule. As on AWS it refuses the priority of another rule.
func (d *frontend) setRule(id string, rule alb.Rule) error {
	var err error
	d.change(func() {
		for other := range d.rules {
			if other != id && d.rules[other].Priority == rule.Priority {
				err = fmt.Errorf("priority %d is in use by %s", rule.Priority, other)
				return
			}
		}
		d.rules[id] = rule
	})
	return err
}

func (d *frontend) deleteRule(id string) { d.change(func() { delete(d.rules, id) }) }

// setGroup adds a target group by what handles its requests at each node.
func (d *frontend) setGroup(id string, views ...http.Handler) {
	d.change(func() { d.groups[id] = views })
}

func (d *frontend) deleteGroup(id string) {
	d.change(func() { delete(d.groups, id) })
	d.meter.unwatch(id)
}

func (d *frontend) setProgram(group, name string) { d.change(func() { d.programs[group] = name }) }

// attached reports whether a rule or the default action forwards to the target group.
func (d *frontend) attached(group string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	listener := d.current()
	actions := []alb.Action{listener.Default}
	for _, rule := range listener.Rules {
		actions = append(actions, rule.Action)
	}
	return slices.ContainsFunc(actions, func(action alb.Action) bool {
		forward, _ := action.(alb.Forward)
		return slices.ContainsFunc(forward, func(w alb.WeightedTargetGroup) bool { return w.TargetGroup == group })
	})
}

// list returns the rules by priority, with the default action last under the identity
// of the listener, and the names of the programs by target group.
func (d *frontend) list() ([]alb.Rule, map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	listener := d.current()
	rules := slices.SortedFunc(slices.Values(listener.Rules), func(a, b alb.Rule) int { return a.Priority - b.Priority })
	if listener.Default != nil {
		rules = append(rules, alb.Rule{ID: d.listener, Action: listener.Default})
	}
	return rules, maps.Clone(d.programs)
}
