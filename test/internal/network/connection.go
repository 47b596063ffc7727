package network

import (
	"slices"

	"example.com/strangler/test/internal/assembly"
)

// Connection is a program that can call another through their proxies.
type Connection struct {
	Caller, Callee string
	// Port is that of the callee's proxies.
	Port int
	// URL is what the proxies of the caller resolve, such as "http://orders", and Variable
	// the caller's environment variable that holds it. Variable is empty when none does.
	URL, Variable string
}

// Connections returns the pairs of which one program's proxies know a name of the other, and
// the security groups of both let it connect to the port of that name. Names resolve for
// every proxy of a namespace, so the security groups decide. The pairs are in the order of
// the services of the stage.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
func Connections(stage *assembly.Stage) []Connection {
	n := Network{groups: stage.SecurityGroups}
	tasksOf := func(s assembly.Service) node { return node{groups: s.SecurityGroups}.in(stage, s.Subnets) }
	var all []Connection
	for _, caller := range stage.Services {
		for _, callee := range stage.Services {
			for _, e := range endpoints(caller, callee) {
				port := portOf(stage, callee, e)
				if n.passes(tasksOf(caller), tasksOf(callee), port) {
					all = append(all, Connection{caller.Program(), callee.Program(), port, e.URL(), variable(stage, caller, e.URL())})
				}
			}
		}
	}
	return all
}

// endpoints are the names of the callee that the caller's proxies know.
func endpoints(caller, callee assembly.Service) []assembly.Endpoint {
	if caller.Identity() == callee.Identity() || caller.Connect == nil || callee.Connect == nil ||
		caller.Connect.Namespace != callee.Connect.Namespace {
		return nil
	}
	return callee.Connect.Endpoints
}

// portOf is where the proxies of a program accept connections: the endpoint's own port, or
// else that of the port mapping.
func portOf(stage *assembly.Stage, s assembly.Service, e assembly.Endpoint) int {
	if e.IngressPort != 0 {
		return e.IngressPort
	}
	task, _ := assembly.Find(stage.TaskDefinitions, s.TaskDefinition)
	for _, container := range task.Containers {
		if port, ok := container.PortNames[e.PortName]; ok {
			return port
		}
	}
	return 0
}

// variable is the name of a program's environment variable that holds a URL, or empty.
func variable(stage *assembly.Stage, s assembly.Service, url string) string {
	task, _ := assembly.Find(stage.TaskDefinitions, s.TaskDefinition)
	var names []string
	for _, container := range task.Containers {
		for name, value := range container.Environment {
			if value == url && url != "" {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}
