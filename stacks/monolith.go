package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/forum/constructs"
	"example.com/forum/services"
)

// NewMonolith fills the stack of the service that serves every path no other has taken.
// It may use the table of each service that is not yet strangled, and scales
// within what those leave to it.
//
// Its target group is always exported, used or not, so that a change of phase
// never meets an export that cannot be added or removed. The reference is a
// strong one: CloudFormation refuses to delete the monolith while a weighted
// rule still forwards to it.
func NewMonolith(f *Forum, stack awscdk.Stack) *Microservice {
	var tables []*constructs.Table
	for _, s := range f.catalog.All() {
		table := f.Data.Tables[s.Name]
		if table != nil && !f.environment.Migration.Services[s.Name].Strangled {
			tables = append(tables, table)
		}
	}
	service := f.catalog.Monolith
	service.Scaling = services.MonolithScaling(f.catalog, f.environment.Migration)
	monolith := NewMicroservice(f, stack, service, tables)
	group := monolith.Service.TargetGroup
	awscdk.CrossStackReferences_Of(group).Produce(awscdk.ReferenceStrength_STRONG)
	monolith.Stack.ExportValue(group.TargetGroupArn(), nil)
	return monolith
}
