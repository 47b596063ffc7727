package controls

import (
	"slices"
	"strings"

	"example.com/strangler/stacks/template"
)

// Choice is a safeguard that an environment leaves out.
type Choice string

// The choices that a field of an environment in cdk.json makes.
const (
	// NoDomain is made by an environment without "domain".
	NoDomain Choice = "no domain"
	// NoFirewall is made by "waf": false.
	NoFirewall Choice = "no firewall"
	// NotProtected is made by "protected": false.
	NotProtected Choice = "not protected"
	// Internet is made by "natGateways" above 0, or by a VPC with "internet".
	Internet Choice = "internet"
)

// Choices are the choices of each stage, by its name.
type Choices map[string][]Choice

// Exception lets resources break a control, for a reason.
type Exception struct {
	// Control is the ID of a control.
	Control string
	// Choice is the cause: the exception holds only for stages that make it. Empty
	// means for all stages.
	Choice Choice
	// Resource is a prefix of the resources' logical ids.
	Resource string
	// Reason says why the resources may break the control.
	Reason string
}

// Exceptions returns all exceptions.
func Exceptions() []Exception {
	return []Exception{
		{"ELB.1", NoDomain, "LoadBalancerHttp",
			"an environment without a domain has no certificate; synthesis warns of it"},
		{"ELB.6", NotProtected, "LoadBalancer",
			"an environment for trying things out can be destroyed"},
		{"ELB.16", NoFirewall, "LoadBalancer",
			"a firewall costs $9 a month, too much for an environment for trying things out"},
		{"HOUSE.IAM.2", NotProtected, "CustomS3AutoDeleteObjectsCustomResourceProviderRole",
			"the CDK makes this role for the function that empties the bucket of access logs before it is deleted"},
		{"HOUSE.EC2.3", Internet, "VpcS3",
			"tasks that reach the internet through a NAT gateway read buckets of others there too, and the endpoint only shortens the way to " +
				"those of the region"},
		{"HOUSE.IAM.2", "", "CustomVpcRestrictDefaultSGCustomResourceProviderRole",
			"the CDK makes this role for the function that closes the default security group, and lets no app choose its policies"},
	}
}

// holds reports whether the exception's cause is among the choices.
func (e Exception) holds(made []Choice) bool {
	return e.Choice == "" || slices.Contains(made, e.Choice)
}

func (e Exception) covers(c Control, r template.Resource) bool {
	return e.Control == c.ID && strings.HasPrefix(r.LogicalID, e.Resource)
}
