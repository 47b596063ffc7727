package region

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/connect"
	"example.com/strangler/test/internal/network"
)

// membership is what Service Connect gives the tasks of one deployment. A nil membership
// is that of a deployment without it: the tasks resolve no name and have none.
type membership struct {
	clock   Clock
	program string
	network network.Network
	// names are the endpoints that the namespace had when the deployment began, by
	// "name:port". Its tasks never learn of one that came later, and neither do those that
	// replace them. The developer guide says so, and in another place that they do.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
	// https://github.com/aws/containers-roadmap/issues/2692
	names map[string]*endpoint
	// own are the endpoints that lead to the tasks.
	own []ownEndpoint
	// connections count what the tasks send.
	connections *connections
}

// ownEndpoint is an endpoint that leads to the tasks of a deployment.
type ownEndpoint struct {
	*endpoint
	task instance // without an address
}

// membership publishes the names of an ECS service, and returns what its next deployment
// knows. It fails on a name for a port that the task definition does not name.
func (r *Region) membership(
	d cloudformation.Deployment, id string, service assembly.Service, container assembly.Container,
) (*membership, error) {
	if service.Connect == nil {
		r.namespaces.withdraw(id)
		return nil, nil
	}
	var tasks []instance
	for _, e := range service.Connect.Endpoints {
		task, err := instanceOf(e, container)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, task)
	}
	own, err := r.namespaces.publish(id, container.Name, service.Connect.Namespace, service.Connect.Endpoints)
	if err != nil {
		return nil, err
	}
	n, err := network.Of(d.Stage)
	if err != nil {
		return nil, err
	}
	m := &membership{
		clock: r.clock, program: container.Name, network: n, names: r.namespaces.known(service.Connect.Namespace),
		connections: r.connections,
	}
	for i, e := range own {
		m.own = append(m.own, ownEndpoint{e, tasks[i]})
	}
	return m, nil
}

// instanceOf returns what tasks of a container are in an endpoint. Their proxies send requests
// to the port of the mapping; here each program listens on a port of its own, and the
// declared ones say whether it would get them.
func instanceOf(e assembly.Endpoint, container assembly.Container) (instance, error) {
	mapped, ok := container.PortNames[e.PortName]
	if !ok {
		return instance{}, fmt.Errorf("the portName %q of Service Connect is that of no port mapping of the container %s",
			e.PortName, container.Name)
	}
	port := e.IngressPort
	if port == 0 {
		port = mapped
	}
	return instance{port: port, listens: container.Environment["PORT"] == strconv.Itoa(mapped)}, nil
}

// join puts a task into the endpoints of its service, and returns what takes it out.
func (m *membership) join(address string) (leave func()) {
	if m == nil {
		return func() {}
	}
	var leaves []func()
	for _, own := range m.own {
		task := own.task
		task.address = address
		leaves = append(leaves, own.join(&task, m.clock.scaled(m.clock.Propagation)))
	}
	return func() {
		for _, leave := range leaves {
			leave()
		}
	}
}

// wayTo is how far connections of the deployment's tasks to a task of an endpoint get:
// through the security groups of both, to the port of the callee's proxy.
func (m *membership) wayTo(e *endpoint, address string) way {
	task := e.instance(address)
	switch {
	case task == nil:
		return closed // it is gone
	case !m.network.Connects(m.program, e.program, task.port):
		return dropped
	case !task.listens:
		return closed
	}
	return open
}

// route returns a route of one task to an endpoint.
func (m *membership) route(name string, e *endpoint) *connect.Route {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return m.wayTo(e, address).dial(ctx, network, address)
	}
	return connect.NewRoute(name, e.addresses, dial, m.settings(e.current()), m.connections.of(m.program, e.program))
}

// settings are the times of a proxy, as they pass here.
func (m *membership) settings(declared assembly.Endpoint) connect.Settings {
	ejection := connect.DefaultEjection
	return connect.Settings{
		RequestTimeout: m.clock.limit(declared.RequestTimeout),
		IdleTimeout:    m.clock.limit(declared.IdleTimeout),
		Ejection: connect.Ejection{
			Window: m.clock.scaled(ejection.Window), Least: m.clock.scaled(ejection.Least), Most: m.clock.scaled(ejection.Most),
		},
	}
}
