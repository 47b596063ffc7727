package services

import (
	"fmt"
	"slices"
	"strings"
)

// Connection allows one program to call another.
type Connection struct{ Caller, Callee string }

// String returns the caller, an arrow and the callee: "orders → customers".
func (c Connection) String() string { return c.Caller + " → " + c.Callee }

const (
	// ConnectionPort is the TCP port on which the proxy of a task accepts connections
	// from the proxies of its callers. Requests from the load balancer go to the
	// program's own port, and so past the proxy.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectService.html
	ConnectionPort = 12080
	// AliasPort is the port in the URL of a callee. It exists in the caller's tasks only.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectClientAlias.html
	AliasPort = 80
	// ProxyCPU is what a connected task reserves for its proxy, in units of 1/1024 vCPU.
	// It serves 500 requests a second; beyond that 512 are recommended.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
	ProxyCPU = 256
	// ProxyMemory is what a connected task keeps free for its proxy, in MiB.
	ProxyMemory = 64
)

// URLVariable returns the name of the environment variable that holds the URL of a
// program for those that call it: ORDERS_URL for orders.
func URLVariable(program string) string { return variable(program) + "_URL" }

// URL returns the URL of a program for those that call it, such as "http://orders".
func URL(program string) string { return "http://" + program }

// variable returns a program's name as a part of an environment variable's.
func variable(program string) string { return strings.ToUpper(strings.ReplaceAll(program, "-", "_")) }

// Callers returns the names of the programs whose Calls name this one, in the order of
// the catalog. The service is an entry of a complete catalog.
func (s Service) Callers() []string { return s.callers }

// Connected reports whether the service calls another program or is called by one, so
// that each of its tasks has a proxy.
func (s Service) Connected() bool { return len(s.Calls)+len(s.callers) > 0 }

// Connections returns the connections in the order of the callers in the catalog, and of
// their Calls.
func (c Catalog) Connections() []Connection {
	var all []Connection
	for _, caller := range c.All() {
		for _, callee := range caller.Calls {
			all = append(all, Connection{caller.Name, callee})
		}
	}
	return all
}

// callers returns the names of the programs that call one, in the catalog's order.
func (c Catalog) callers(callee string) []string {
	var names []string
	for _, connection := range c.Connections() {
		if connection.Callee == callee {
			names = append(names, connection.Caller)
		}
	}
	return names
}

// Order returns the services so that each comes after those that its stack refers to.
func (c Catalog) Order() []Service {
	var ordered []Service
	var add func(string)
	add = func(name string) {
		if slices.ContainsFunc(ordered, func(o Service) bool { return o.Name == name }) || name == c.Monolith.Name {
			return
		}
		s := *c.Find(name)
		for _, first := range c.before(s) {
			add(first)
		}
		ordered = append(ordered, s)
	}
	for _, s := range c.Services {
		add(s.Name)
	}
	return ordered
}

// before returns the names of the programs to which a service's stack refers: those that
// it calls, for their security groups, and those below its paths, to which its rule may send
// the rest of a share.
func (c Catalog) before(s Service) []string {
	names := slices.Clone(s.Calls)
	if s.Name == c.Monolith.Name {
		return names
	}
	for _, other := range c.Services {
		if other.Priority > s.Priority && s.meets(other) && !slices.Contains(names, other.Name) {
			names = append(names, other.Name)
		}
	}
	return names
}

// checkConnections refuses a call that leads nowhere, and calls in a circle.
func (c Catalog) checkConnections() error {
	for _, s := range c.All() {
		for i, callee := range s.Calls {
			if c.Find(callee) == nil {
				return fmt.Errorf("services: %q calls %q, which is not in the catalog: want one of %s, or remove the call", s.Name, callee,
					strings.Join(c.Names(), ", "))
			}
			if c.Find(callee).IsWorker() {
				return fmt.Errorf("services: %q calls %q, which is a worker and takes no requests: remove the call", s.Name, callee)
			}
			if slices.Contains(s.Calls[:i], callee) {
				return fmt.Errorf("services: %q calls %q twice: remove one", s.Name, callee)
			}
		}
	}
	for _, s := range c.All() {
		if cycle := c.cycle([]string{s.Name}); cycle != nil {
			return fmt.Errorf("services: %s go in a circle, so none of them can be deployed before those that need it: remove a call (a share "+
				"of a path goes to the service whose paths it is below, which counts as one)", strings.Join(cycle, " → "))
		}
	}
	return nil
}

// cycle returns the way from its first program back to it, or nil.
func (c Catalog) cycle(way []string) []string {
	for _, next := range c.before(*c.Find(way[len(way)-1])) {
		if next == way[0] {
			return append(slices.Clone(way), next)
		}
		if slices.Contains(way, next) {
			continue // a circle of others
		}
		if found := c.cycle(append(slices.Clone(way), next)); found != nil {
			return found
		}
	}
	return nil
}

// checkConnected refuses a connected service whose task or port leaves its proxy no room.
func (s Service) checkConnected() error {
	if !s.Connected() {
		return nil
	}
	switch {
	case s.CPU < 2*ProxyCPU:
		return fmt.Errorf("%d CPU units: its calls go through a proxy that takes %d of them; want 512 or more", s.CPU, ProxyCPU)
	case s.Port == ConnectionPort:
		return fmt.Errorf("port %d is its proxy's: choose another Port", s.Port)
	case s.Name == "localhost":
		return fmt.Errorf("the name is that of each task itself: rename the service")
	}
	for _, callee := range s.Calls {
		if name := URLVariable(callee); s.sets(name) {
			return fmt.Errorf("environment variable %s is the URL of %q: remove it", name, callee)
		}
	}
	return nil
}
