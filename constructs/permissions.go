package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/strangler/services"
)

// addPermissions allows a role what the catalog says besides the tables.
func addPermissions(to *grants, permissions []services.Permission) {
	if len(permissions) == 0 {
		return
	}
	place := placeOf(awscdk.Stack_Of(to.role))
	for _, p := range permissions {
		var resources []string
		for _, resource := range p.Resources {
			resources = append(resources, place.Resolve(resource))
		}
		to.allow("Permission", p.Actions, resources)
	}
}

// placeOf is where a stack is deployed.
func placeOf(stack awscdk.Stack) services.Place {
	return services.Place{Partition: *stack.Partition(), Region: *stack.Region(), Account: *stack.Account()}
}
