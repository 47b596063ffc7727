package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/constructs"
	"example.com/forum/services"
)

// Microservice is one service's stack: all that is its own but the table.
type Microservice struct {
	Stack   awscdk.Stack
	Service *constructs.Service
}

// newServiceStack creates the stack that NewMicroservice fills.
func newServiceStack(stage awscdk.Stage, e Environment, s services.Service) awscdk.Stack {
	return awscdk.NewStack(stage, jsii.String(s.ID()), &awscdk.StackProps{
		Description: jsii.Sprintf("Service %s of %s", s.Name, e.Name),
	})
}

// NewMicroservice fills a service's stack with a service that may use the tables given.
func NewMicroservice(f *Forum, stack awscdk.Stack, s services.Service, tables []*constructs.Table) *Microservice {
	props := &constructs.ServiceProps{
		Service:      s,
		Stage:        *f.Stage.StageName(),
		Environment:  f.environment.Name,
		Images:       f.images,
		Tables:       tables,
		Cluster:      f.Platform.Cluster,
		Subnets:      f.Platform.Tasks,
		Listener:     f.Edge.Listener,
		LoadBalancer: f.Edge.SecurityGroup,
		Preview:      *services.FindRule(f.rules, s.Name, services.PreviewRule),
		Live:         services.FindRule(f.rules, s.Name, services.LiveRule),
		Topic:        f.Watch.Topic,
	}
	if f.Monolith != nil {
		props.Monolith = f.Monolith.Service.TargetGroup
	}
	return &Microservice{Stack: stack, Service: constructs.NewService(stack, s.ID(), props)}
}
