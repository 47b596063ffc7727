package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
)

// EnvironmentStage is one environment: a CDK stage with all its stacks.
type EnvironmentStage struct {
	Stage    awscdk.Stage
	Watch    *Watch
	Platform *Platform
	Data     *Data
	Edge     *Edge
	// Monolith is nil once it is retired, and where it runs outside.
	Monolith *Microservice
	// Services are found by name, the workers among them.
	Services map[string]*Microservice
}

// EnvironmentStageProps say what an environment runs.
type EnvironmentStageProps struct {
	Environment Environment
	// Catalog is complete.
	Catalog services.Catalog
	// Images are those of the catalog, staged.
	Images *constructs.Images
}

// NewEnvironmentStage composes the stacks of an environment.
func NewEnvironmentStage(scope awscdk.App, id string, props *EnvironmentStageProps) *EnvironmentStage {
	e := props.Environment
	stage := awscdk.NewStage(scope, &id, &awscdk.StageProps{
		Env:                 &awscdk.Environment{Region: &e.Region, Account: account(e)},
		PermissionsBoundary: boundary(e),
	})
	s := &EnvironmentStage{Stage: stage, Services: map[string]*Microservice{}}
	s.Watch = NewWatch(stage, "Watch", &WatchProps{Environment: e, Catalog: props.Catalog})
	s.Platform = NewPlatform(stage, "Platform", &PlatformProps{Environment: e})
	s.Data = NewData(stage, "Data", &DataProps{Environment: e, Catalog: props.Catalog})
	s.Edge = NewEdge(stage, "Edge", &EdgeProps{Environment: e, VPC: s.Platform.VPC})
	s.addPrograms(props)
	s.order(props.Catalog, e.Migration)
	s.tag(e, props.Catalog)
	return s
}

// addPrograms adds the stack of each program that the migration runs: the monolith's,
// then those of the services in an order in which each finds what it refers to, then
// those of the workers.
func (s *EnvironmentStage) addPrograms(props *EnvironmentStageProps) {
	e, catalog := props.Environment, props.Catalog
	rules := e.listener().Plan(catalog, e.Migration)
	program := func(service services.Service, tables []*constructs.Table) *Microservice {
		service.Needs.Egress = e.waysOf(service.Needs)
		return NewMicroservice(s.Stage, service.ID(), &MicroserviceProps{
			Environment: e, Service: service, Rules: rules[service.Name], Tables: tables, Images: props.Images,
			Platform: s.Platform, Edge: s.Edge, Watch: s.Watch, Rest: s.rest(e, rules[service.Name], catalog),
			Connections: s.connections(service, catalog.Monolith.Name),
		})
	}
	if e.Migration.Monolith != services.Retired && e.external() == "" {
		s.Monolith = program(services.MonolithIn(catalog, e.Migration), s.Data.ofMonolith(catalog, e.Migration))
	}
	for _, service := range catalog.Order() {
		s.Services[service.Name] = program(service, s.Data.of(service))
	}
	for _, worker := range catalog.Workers {
		s.Services[worker.Name] = program(worker, s.Data.of(worker))
	}
}

// connections returns what joins a program to those that it calls and that call it, or
// nil. A connection's rules are in the stack of the caller, which depends on that of the
// callee; those of a connection of the monolith are in the stack of the service.
func (s *EnvironmentStage) connections(service services.Service, monolith string) *constructs.Connections {
	if !service.Connected() {
		return nil
	}
	c := &constructs.Connections{Namespace: s.Platform.Namespace.NamespaceArn()}
	if service.Name == monolith {
		c.Group = s.Platform.Monolith
		return c
	}
	for _, callee := range service.Calls {
		group := awsec2.ISecurityGroup(s.Platform.Monolith)
		if callee != monolith {
			group = s.Services[callee].Service.SecurityGroup
		}
		c.Peers = append(c.Peers, constructs.Peer{Name: callee, Group: group})
	}
	if slices.Contains(service.Callers(), monolith) {
		c.Peers = append(c.Peers, constructs.Peer{Name: monolith, Group: s.Platform.Monolith, Calls: true})
	}
	return c
}

// rest returns the ARNs of the target groups, by program, to which the rules of another
// send the rest of a shared path.
func (s *EnvironmentStage) rest(e Environment, rules services.ServiceRules, catalog services.Catalog) map[string]*string {
	groups := map[string]*string{}
	for _, rule := range rules.Live {
		for _, forward := range rule.Forward {
			switch external := e.external(); {
			case forward.Service == rule.Service:
			case forward.Service != catalog.Monolith.Name:
				groups[forward.Service] = s.Services[forward.Service].Service.TargetGroup.TargetGroupArn()
			case external != "":
				groups[forward.Service] = &external
			default:
				groups[forward.Service] = s.Monolith.Service.TargetGroup.TargetGroupArn()
			}
		}
	}
	return groups
}

// order adds the dependencies between the monolith's stack and the services', so that
// some program can always serve a path. In strangled the service's rule changes before
// the monolith's grant is removed; in every other phase the monolith's grant returns
// before the service's rule changes.
//
// A strangled service that calls one in another phase comes after that, and so after the
// monolith. No path moves then: it was live before.
func (s *EnvironmentStage) order(catalog services.Catalog, m services.Migration) {
	if s.Monolith == nil {
		return
	}
	for _, service := range catalog.Services {
		stack := s.Services[service.Name].Stack
		if !m.Services[service.Name].Strangled {
			stack.AddStackDependency(s.Monolith.Stack, jsii.String("the grant returns before the path does"))
		} else if !followsMonolith(catalog, m, service) {
			s.Monolith.Stack.AddStackDependency(stack, jsii.String("the path moves before the grant goes"))
		}
	}
}

// followsMonolith reports whether a service, or one that it calls, is not strangled, so
// that its stack comes after the monolith's.
func followsMonolith(catalog services.Catalog, m services.Migration, service services.Service) bool {
	return !m.Services[service.Name].Strangled || slices.ContainsFunc(service.Calls, func(callee string) bool {
		return callee != catalog.Monolith.Name && followsMonolith(catalog, m, *catalog.Find(callee))
	})
}

// tag puts the tags app, environment and service on every resource. A table has its
// service's tag, although it is in a shared stack.
func (s *EnvironmentStage) tag(e Environment, catalog services.Catalog) {
	shared := services.Tags(e.App, e.Name, services.Shared)
	for _, tag := range shared {
		awscdk.Tags_Of(s.Stage).Add(&tag.Key, &tag.Value, nil)
	}
	set := func(tags awscdk.Tags, service string) {
		for i, tag := range services.Tags(e.App, e.Name, service) {
			if tag != shared[i] {
				tags.Add(&tag.Key, &tag.Value, nil)
			}
		}
	}
	for name, table := range s.Data.Tables {
		set(awscdk.Tags_Of(table.Table), name)
	}
	for name, service := range s.Services {
		set(awscdk.Tags_Of(service.Stack), name)
	}
	if s.Monolith != nil {
		set(awscdk.Tags_Of(s.Monolith.Stack), catalog.Monolith.Name)
	}
}

// boundary is nil unless the environment names a policy.
func boundary(e Environment) awscdk.PermissionsBoundary {
	if e.PermissionsBoundary == "" {
		return nil
	}
	return awscdk.PermissionsBoundary_FromName(&e.PermissionsBoundary)
}

// account is nil, the account of the person who deploys, unless the environment
// names one.
func account(e Environment) *string {
	if e.Account == "" {
		return nil
	}
	return &e.Account
}
