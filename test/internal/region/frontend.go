package region

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/strangler/test/internal/alb"
)

// frontend is the load balancer. It obeys the current listener rules.
type frontend struct {
	// outsideURL serves callers from anywhere. insideURL serves callers as if their
	// address were one from which X-Route-To works.
	outsideURL, insideURL string
	servers               []*http.Server
	balancer              atomic.Pointer[alb.LoadBalancer]

	mu sync.Mutex
	// listener is the physical id of the current listener, and empty without one.
	listener string
	fallback alb.Action
	// rules and groups are by physical id.
	rules  map[string]alb.Rule
	groups map[string]http.Handler
	// programs are the names of the programs, by target group.
	programs map[string]string
}

// openFrontend listens on two free ports of this machine.
func openFrontend() (*frontend, error) {
	d := &frontend{rules: map[string]alb.Rule{}, groups: map[string]http.Handler{}, programs: map[string]string{}}
	d.balancer.Store(&alb.LoadBalancer{})
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
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(listener) }() // until Close
	return "http://" + listener.Addr().String(), nil
}

func (d *frontend) close() {
	for _, server := range d.servers {
		server.Close()
	}
}

// ServeHTTP routes a request by the current rules.
func (d *frontend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	balancer := d.balancer.Load()
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
		if address, ok := insideAddress(d.balancer.Load().Listener); ok {
			r.RemoteAddr = netip.AddrPortFrom(address, 1024).String()
		}
		d.ServeHTTP(w, r)
	})
}

func insideAddress(listener alb.Listener) (netip.Addr, bool) {
	for _, rule := range listener.Rules {
		for _, condition := range rule.Conditions {
			if blocks, ok := condition.(alb.SourceIP); ok && len(blocks) > 0 {
				return blocks[0].Addr().Next(), true
			}
		}
	}
	return netip.Addr{}, false
}

// change makes a change that applies to all requests from now on.
func (d *frontend) change(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	listener := alb.Listener{Default: d.fallback}
	for _, id := range slices.Sorted(maps.Keys(d.rules)) {
		listener.Rules = append(listener.Rules, d.rules[id])
	}
	d.balancer.Store(&alb.LoadBalancer{Listener: listener, TargetGroups: maps.Clone(d.groups)})
}

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

// setGroup adds a target group, or removes it when it is nil.
func (d *frontend) setGroup(id string, group http.Handler) {
	d.change(func() {
		if group == nil {
			delete(d.groups, id)
		} else {
			d.groups[id] = group
		}
	})
}

func (d *frontend) setProgram(group, name string) { d.change(func() { d.programs[group] = name }) }

// attached reports whether a rule or the default action forwards to the target group.
func (d *frontend) attached(group string) bool {
	listener := d.balancer.Load().Listener
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
	listener := d.balancer.Load().Listener
	rules := slices.SortedFunc(slices.Values(listener.Rules), func(a, b alb.Rule) int { return a.Priority - b.Priority })
	if listener.Default != nil {
		rules = append(rules, alb.Rule{ID: d.listener, Action: listener.Default})
	}
	return rules, maps.Clone(d.programs)
}
