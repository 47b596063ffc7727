// Package region simulates an AWS region: it runs the resources of templates on this
// machine. Tables are in an embedded DynamoDB, the tasks of ECS services are
// processes, listener rules and target groups make up a load balancer that takes
// requests, and Service Connect joins tasks to those that they may call.
package region

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// Region implements [cloudformation.Provider] for tables, target groups,
// listeners, listener rules, ECS services, and their scalable targets with policies
// that track a target. Every other resource is complete at once.
type Region struct {
	clock    Clock
	onLog    func(line string)
	observe  func(TaskEvent)
	programs programs
	values   Values
	database *database
	frontend *frontend
	// namespaces have the names of ECS services, and connections what they are used for.
	namespaces  *namespaces
	connections *connections

	mu sync.Mutex
	// groups, services and targets are by physical id.
	groups   map[string]*group
	services map[string]*service
	targets  map[string]*scalable
	// journals are by the names of programs.
	journals map[string]*journal
	// idleTimeout is the idle time-out of the load balancer, in template time.
	idleTimeout time.Duration
}

var _ cloudformation.Provider = (*Region)(nil)

// New returns an empty region. Root is the folder of the module whose programs it
// runs. Programs log to onLog, a line at a time and from several goroutines. It fails
// when no port is free on this machine. The caller closes the region.
func New(root string, clock Clock, onLog func(line string)) (*Region, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	database, err := startDatabase()
	if err != nil {
		return nil, err
	}
	frontend, err := openFrontend(clock.scaled(clock.Propagation))
	if err != nil {
		database.close()
		return nil, err
	}
	return &Region{
		clock:       clock,
		onLog:       onLog,
		observe:     func(TaskEvent) {},
		programs:    programs{root: root, built: map[string]func() (string, error){}, fetched: map[string]func() (*Image, error){}},
		database:    database,
		frontend:    frontend,
		namespaces:  &namespaces{all: map[entry]*published{}},
		connections: &connections{all: map[pair]*pairState{}},
		groups:      map[string]*group{},
		services:    map[string]*service{},
		targets:     map[string]*scalable{},
		journals:    map[string]*journal{},
		idleTimeout: alb.DefaultIdleTimeout,
	}, nil
}

// Close ends all programs, the database and the load balancer.
func (r *Region) Close() {
	r.frontend.close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.services {
		s.close()
	}
	for _, g := range r.groups {
		g.close()
	}
	r.database.close()
}

const (
	loadBalancerType   = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listenerType       = "AWS::ElasticLoadBalancingV2::Listener"
	listenerRuleType   = "AWS::ElasticLoadBalancingV2::ListenerRule"
	targetGroupType    = "AWS::ElasticLoadBalancingV2::TargetGroup"
	serviceType        = "AWS::ECS::Service"
	scalableTargetType = "AWS::ApplicationAutoScaling::ScalableTarget"
	scalingPolicyType  = "AWS::ApplicationAutoScaling::ScalingPolicy"
	globalTableType    = "AWS::DynamoDB::GlobalTable"
	tableType          = "AWS::DynamoDB::Table"
)

// Create implements [cloudformation.Provider].
func (r *Region) Create(ctx context.Context, d cloudformation.Deployment, resource cloudformation.Resource) error {
	if resource.Type == targetGroupType {
		return r.createTargetGroup(resource.ID, declared(d.TargetGroups, resource))
	}
	return r.set(ctx, d, resource)
}

// set makes a resource, or changes it where that is the same.
func (r *Region) set(ctx context.Context, d cloudformation.Deployment, resource cloudformation.Resource) error {
	switch resource.Type {
	case globalTableType, tableType:
		return r.database.create(ctx, resource.ID, declared(d.Tables, resource))
	case loadBalancerType:
		return r.configure(declared(d.LoadBalancers, resource))
	case listenerType:
		return r.frontend.setListener(resource.ID, physical(declared(d.Listeners, resource).Routing.Default, d))
	case listenerRuleType:
		rule := declared(d.ListenerRules, resource).Rule
		rule.Action = physical(rule.Action, d)
		rule.GroupStickiness = r.clock.scaled(rule.GroupStickiness)
		if err := r.checkStickiness(rule); err != nil {
			return err
		}
		return r.frontend.setRule(resource.ID, rule)
	case serviceType:
		return r.deployService(ctx, d, resource.ID, declared(d.Services, resource))
	case scalableTargetType:
		return r.register(d, declared(d.ScalableTargets, resource))
	case scalingPolicyType:
		// A policy is registered with its target, but can change without it.
		return r.registerTargetOf(d, resource.Identity())
	}
	return nil
}

// Update implements [cloudformation.Provider].
func (r *Region) Update(ctx context.Context, d cloudformation.Deployment, _, to cloudformation.Resource) error {
	switch to.Type {
	case globalTableType, tableType:
		return fmt.Errorf("the rehearsal cannot change a %s: start it anew with the changed templates", to.Type)
	case targetGroupType:
		return r.updateTargetGroup(to.ID, declared(d.TargetGroups, to))
	}
	return r.set(ctx, d, to)
}

// Delete implements [cloudformation.Provider].
func (r *Region) Delete(ctx context.Context, resource cloudformation.Resource) error {
	id := resource.ID
	switch resource.Type {
	case globalTableType, tableType:
		return r.database.delete(ctx, id)
	case targetGroupType:
		return r.deleteTargetGroup(id)
	case listenerType:
		r.frontend.deleteListener(id)
	case listenerRuleType:
		r.frontend.deleteRule(id)
	case serviceType:
		return r.deleteService(ctx, id)
	case scalableTargetType:
		r.deregister(id) // with its policies
	}
	return nil
}

// declared returns the view of a resource, which the stage has.
func declared[T interface{ Identity() string }](views []T, r cloudformation.Resource) T {
	return views[slices.IndexFunc(views, func(v T) bool { return v.Identity() == r.Identity() })]
}

// physical returns an action with the physical ids of its target groups.
func physical(action alb.Action, d cloudformation.Deployment) alb.Action {
	forward, ok := action.(alb.Forward)
	if !ok {
		return action
	}
	forward = slices.Clone(forward)
	for i := range forward {
		forward[i].TargetGroup = d.ID(forward[i].TargetGroup)
	}
	return forward
}

// configure sets the attributes of the load balancer. Its idle time-out applies to the
// target groups that are created from now on.
func (r *Region) configure(lb assembly.LoadBalancer) error {
	attributes, err := alb.ParseAttributes(lb.Attributes)
	if err != nil {
		return err
	}
	r.frontend.setAttributes(attributes)
	seconds, ok := lb.Attributes["idle_timeout.timeout_seconds"]
	if !ok {
		return nil
	}
	timeout, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return fmt.Errorf("idle_timeout.timeout_seconds: %q is not a number of seconds", seconds)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idleTimeout = timeout
	return nil
}

// URL is the load balancer's address for callers from anywhere, without a slash at the
// end.
func (r *Region) URL() string { return r.frontend.outsideURL }

// InsideURL is the load balancer's address for callers whose preview header works,
// without a slash at the end.
func (r *Region) InsideURL() string { return r.frontend.insideURL }

// ServeHTTP serves a request as the load balancer at URL does.
func (r *Region) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.frontend.ServeHTTP(w, request)
}

// Rules returns the rules of the listener by priority, its default action last, and the
// names of the programs by target group.
func (r *Region) Rules() (rules []alb.Rule, programs map[string]string) {
	return r.frontend.list()
}

// Task is a running copy of a service's program.
type Task struct {
	// Service is the name of the container that serves.
	Service string
	// Address is the program's host and port, and empty until it runs.
	Address string
	// State is the target's, or Starting. It is Unused once the target is drained, while
	// the program ends.
	State alb.State
}

// Starting is the state of a task whose program does not run yet.
const Starting alb.State = "starting"

// Tasks returns all tasks, by service and in the order of their start.
func (r *Region) Tasks() []Task {
	var tasks []Task
	services := r.byName()
	for _, name := range slices.Sorted(maps.Keys(services)) {
		tasks = append(tasks, services[name].list()...)
	}
	return tasks
}

func (s *service) list() []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	var tasks []Task
	for _, t := range s.tasks {
		if t.process == nil {
			tasks = append(tasks, Task{Service: s.name, State: Starting})
			continue
		}
		tasks = append(tasks, Task{s.name, t.process.address, t.state()})
	}
	return tasks
}

func (r *Region) byName() map[string]*service {
	r.mu.Lock()
	defer r.mu.Unlock()
	services := map[string]*service{}
	for _, s := range r.services {
		services[s.name] = s
	}
	return services
}

// Kill ends all tasks of a service with SIGKILL. An unknown service is ignored.
func (r *Region) Kill(name string) { r.with(name, func(s *service) { s.each(all, (*process).abort) }) }

// Hang stops the program of the oldest task of a service with SIGSTOP, without ending
// it. An unknown service is ignored.
func (r *Region) Hang(name string) { r.with(name, func(s *service) { s.each(1, (*process).hang) }) }

// Interrupt ends the oldest task of a service as Fargate does when it reclaims a host:
// the program gets SIGTERM while its target is deregistered. An unknown service is
// ignored.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
func (r *Region) Interrupt(name string) { r.with(name, (*service).interrupt) }

// Ending is how a program ended that got SIGTERM.
type Ending struct {
	// After is how long it ran on, on the clock of this machine.
	After time.Duration
	// Killed is whether it did not end by itself within its stop timeout.
	Killed bool
}

// Ending returns how the last task of a service ended that got SIGTERM. It is zero where none
// has, and for an unknown service.
func (r *Region) Ending(name string) (last Ending) {
	r.with(name, func(s *service) {
		s.mu.Lock()
		defer s.mu.Unlock()
		last = s.lastEnding
	})
	return last
}

// Doom kills each n-th task of a service that starts from now on, as it starts. Zero ends
// that. An unknown service is ignored.
func (r *Region) Doom(name string, n int) { r.with(name, func(s *service) { s.doom(n) }) }

// all is more tasks than a service has.
const all = 1 << 30

func (r *Region) with(name string, do func(*service)) {
	if s := r.byName()[name]; s != nil {
		do(s)
	}
}

// Break makes the database fail until the next call, which ends the outage when it is
// for the zero Outage. Throttled holds the identities of tables.
func (r *Region) Break(o Outage) {
	throttled := make([]string, len(o.Throttled))
	for i, identity := range o.Throttled {
		throttled[i] = tableName(identity)
	}
	r.database.outage.Store(&Outage{Down: o.Down, Throttled: throttled})
}
