package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/constructs"
	"example.com/forum/services"
)

// Forum is one environment: a CDK stage with all its stacks.
type Forum struct {
	Stage    awscdk.Stage
	Watch    *Watch
	Platform *Platform
	Data     *Data
	Edge     *Edge
	// Monolith is nil once it is retired.
	Monolith *Microservice
	// Services are found by name.
	Services map[string]*Microservice

	environment Environment
	catalog     services.Catalog
	images      *constructs.Images
	rules       []services.Rule
}

// NewForum composes an environment of a complete catalog, as the stage
// forum-<environment>.
func NewForum(app awscdk.App, e Environment, catalog services.Catalog, images *constructs.Images) *Forum {
	f := &Forum{
		Stage: awscdk.NewStage(app, jsii.Sprintf("forum-%s", e.Name), &awscdk.StageProps{
			Env:                 &awscdk.Environment{Region: &e.Region, Account: account(e)},
			PermissionsBoundary: boundary(e),
		}),
		Services:    map[string]*Microservice{},
		environment: e,
		catalog:     catalog,
		images:      images,
		rules:       services.Rules(catalog, e.Migration, e.PreviewFrom),
	}
	f.Watch = NewWatch(f.Stage, e, catalog)
	f.Platform = NewPlatform(f.Stage, e)
	f.Data = NewData(f.Stage, e, catalog)
	f.Edge = NewEdge(f.Stage, e, f.Platform)
	// The CDK lists the outputs of Data in the order of the stacks that read
	// them. The monolith's stack comes last: what it reads changes with the phases.
	var shells []awscdk.Stack
	for _, s := range catalog.Services {
		shells = append(shells, newServiceStack(f.Stage, e, s))
	}
	if e.Migration.Monolith != services.Retired {
		f.Monolith = NewMonolith(f, newServiceStack(f.Stage, e, catalog.Monolith))
	}
	for i, s := range catalog.Services {
		f.Services[s.Name] = NewMicroservice(f, shells[i], s, f.ownTable(s))
	}
	f.order()
	f.tag()
	return f
}

func (f *Forum) ownTable(s services.Service) []*constructs.Table {
	if table := f.Data.Tables[s.Name]; table != nil {
		return []*constructs.Table{table}
	}
	return nil
}

// order makes paths and grants move in the order that always leaves someone
// able to serve. Into strangled, the service's rule moves before the monolith's
// grant goes; on every other way the grant is back before the path is.
func (f *Forum) order() {
	if f.Monolith == nil {
		return
	}
	for _, s := range f.catalog.Services {
		service := f.Services[s.Name]
		if f.environment.Migration.Services[s.Name].Strangled {
			f.Monolith.Stack.AddStackDependency(service.Stack, jsii.String("the path moves before the grant goes"))
		} else {
			service.Stack.AddStackDependency(f.Monolith.Stack, jsii.String("the grant returns before the path does"))
		}
	}
}

// tag says of every resource whose it is. A table is its service's, in a stack that
// all share.
func (f *Forum) tag() {
	set := func(tags awscdk.Tags, service string) {
		for _, tag := range services.Tags(f.environment.Name, service) {
			tags.Add(&tag.Key, &tag.Value, nil)
		}
	}
	set(awscdk.Tags_Of(f.Stage), services.Shared)
	for name, table := range f.Data.Tables {
		set(awscdk.Tags_Of(table.Table), name)
	}
	for name, service := range f.Services {
		set(awscdk.Tags_Of(service.Stack), name)
	}
	if f.Monolith != nil {
		set(awscdk.Tags_Of(f.Monolith.Stack), f.catalog.Monolith.Name)
	}
}

// boundary is nil unless the environment names a policy.
func boundary(e Environment) awscdk.PermissionsBoundary {
	if e.PermissionsBoundary == "" {
		return nil
	}
	return awscdk.PermissionsBoundary_FromName(&e.PermissionsBoundary)
}

// account is nil, the account of whoever deploys, unless the environment names one.
func account(e Environment) *string {
	if e.Account == "" {
		return nil
	}
	return &e.Account
}
