package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
)

// Microservice is one program's stack: all that is its own but the table.
type Microservice struct {
	Stack   awscdk.Stack
	Service *constructs.Service
}

// MicroserviceProps are the catalog's entry and the stacks that it builds on.
type MicroserviceProps struct {
	Environment Environment
	// Service is an entry of a complete catalog, or its monolith.
	Service services.Service
	// Rules are the service's in the environment's plan.
	Rules services.ServiceRules
	// Tables are those that the program may use.
	Tables []*constructs.Table
	// Images are those of the catalog, staged.
	Images   *constructs.Images
	Platform *Platform
	Edge     *Edge
	Watch    *Watch
	// Connections are nil for a service without calls and callers.
	Connections *constructs.Connections
	// Rest are the ARNs of the target groups, by program, that receive what a shared path
	// does not send to the service. Empty means that no rule shares a path.
	Rest map[string]*string
}

// NewMicroservice creates a program's stack. Its target group is always exported,
// whether a rule of another stack names it or not, so that a change of phase never
// meets an export that cannot be added or removed.
func NewMicroservice(scope awscdk.Stage, id string, props *MicroserviceProps) *Microservice {
	e := props.Environment
	stack := newStack(scope, id, e, "Service "+props.Service.Name)
	service := &constructs.ServiceProps{
		Service:      props.Service,
		App:          e.App,
		Environment:  e.Name,
		Stage:        e.StageName(),
		Images:       props.Images,
		Tables:       props.Tables,
		Cluster:      props.Platform.Cluster,
		Subnets:      props.Platform.Tasks,
		Listener:     props.Edge.Listener,
		LoadBalancer: props.Edge.SecurityGroup,
		Rules:        props.Rules,
		Connections:  props.Connections,
		AlarmAction:  props.Watch.AlarmAction,
		Topic:        props.Watch.Topic,
		Rest:         props.Rest,
		Budget:       *e.Budgets,
	}
	warnOfFloating(stack, props.Service)
	m := &Microservice{Stack: stack, Service: constructs.NewService(stack, id, service)}
	if group := m.Service.TargetGroup; group != nil {
		pin(stack, group.TargetGroupArn())
	}
	return m
}

// warnOfFloating warns of images whose reference may lead to another image tomorrow.
func warnOfFloating(stack awscdk.Stack, s services.Service) {
	for _, image := range []services.Image{s.Image, {Registry: s.Collector}} {
		if image.Floats() {
			awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("strangler:floating-image"),
				jsii.Sprintf("%s runs %s, which has no version: tasks that start later may run another program, and a rollback may not bring the old "+
					"one back: name a tag or a digest", s.Name, image.Registry))
		}
	}
}
