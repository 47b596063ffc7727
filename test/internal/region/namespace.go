package region

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// endpoint is a name of an ECS service in a namespace, with the tasks that it leads to.
type endpoint struct {
	// program is the name of the container that serves.
	program string

	mu       sync.Mutex
	declared assembly.Endpoint
	tasks    []*instance
}

// instance is a task in an endpoint.
type instance struct {
	address string
	// port is the one on which the task's proxy accepts requests.
	port int
	// listens is whether the program listens where the proxy sends them.
	listens bool
}

// join adds a task, as soon as its program runs: Service Connect waits for no health
// check. The function that it returns takes the task out again, once the callers' proxies
// have learned of it.
//
// https://github.com/aws/containers-roadmap/issues/2334
func (e *endpoint) join(i *instance, propagation time.Duration) (leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tasks = append(e.tasks, i)
	return func() { time.AfterFunc(propagation, func() { e.remove(i) }) }
}

func (e *endpoint) remove(i *instance) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tasks = slices.DeleteFunc(e.tasks, func(other *instance) bool { return other == i })
}

// addresses are those of the tasks that callers know of.
func (e *endpoint) addresses() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, i := range e.tasks {
		all = append(all, i.address)
	}
	return all
}

// instance returns the task with an address, or nil once it is gone.
func (e *endpoint) instance(address string) *instance {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range e.tasks {
		if i.address == address {
			return i
		}
	}
	return nil
}

func (e *endpoint) declare(d assembly.Endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.declared = d
}

func (e *endpoint) current() assembly.Endpoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.declared
}

// namespaces have the names of the region's ECS services.
type namespaces struct {
	mu  sync.Mutex
	all map[entry]*published
}

// entry is the place of an endpoint: it is unique in its namespace.
type entry struct{ namespace, discoveryName string }

// published is an endpoint and the physical id of its ECS service.
type published struct {
	*endpoint
	service string
}

// publish gives an ECS service the names that it declares, and takes from it those that it
// no longer does. The names are there before its first task, and as long as the service.
// It fails on a name that another service has.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
func (n *namespaces) publish(service, program, namespace string, declared []assembly.Endpoint) ([]*endpoint, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var own []*endpoint
	kept := map[entry]*published{}
	for _, d := range declared {
		at := entry{namespace, d.DiscoveryName}
		e := n.all[at]
		switch {
		case e == nil:
			e = &published{&endpoint{program: program}, service}
		case e.service != service:
			return nil, fmt.Errorf("the name %s is another service's in the namespace %s", d.DiscoveryName, namespace)
		}
		e.declare(d)
		kept[at] = e
		own = append(own, e.endpoint)
	}
	n.remove(service)
	maps.Copy(n.all, kept)
	return own, nil
}

// withdraw takes all names from an ECS service. A task that has resolved one finds no task
// under it.
func (n *namespaces) withdraw(service string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.remove(service)
}

func (n *namespaces) remove(service string) {
	maps.DeleteFunc(n.all, func(_ entry, p *published) bool { return p.service == service })
}

// known are the endpoints that a namespace has now, by the name and port of their
// aliases: "orders:80". One without an alias has no name that the rehearsal knows.
func (n *namespaces) known(namespace string) map[string]*endpoint {
	n.mu.Lock()
	defer n.mu.Unlock()
	names := map[string]*endpoint{}
	for at, p := range n.all {
		if alias := p.current(); at.namespace == namespace && alias.AliasName != "" {
			names[fmt.Sprintf("%s:%d", alias.AliasName, alias.AliasPort)] = p.endpoint
		}
	}
	return names
}
