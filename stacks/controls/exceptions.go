package controls

import (
	"slices"
	"strings"
)

// Choice is something that an environment does without.
type Choice string

// The choices that a field of an environment in cdk.json makes.
const (
	// NoDomain is an environment without "domain".
	NoDomain Choice = "no domain"
	// NoFirewall is one with "waf": false.
	NoFirewall Choice = "no firewall"
	// NotProtected is one with "protected": false.
	NotProtected Choice = "not protected"
)

// Choices are those of each stage, by its name.
type Choices map[string][]Choice

// Exception lets resources break a control, for a reason.
type Exception struct {
	// Control is the ID of one.
	Control string
	// Choice is the cause: the exception holds only where it was made. Empty means
	// everywhere.
	Choice Choice
	// Resource is what the logical ids begin with.
	Resource string
	// Reason is why that is right.
	Reason string
}

// Exceptions are all that there are.
func Exceptions() []Exception {
	return []Exception{
		{"ELB.1", NoDomain, "LoadBalancerHttp",
			"an environment without a domain has no certificate; synthesis warns of it"},
		{"ELB.6", NotProtected, "LoadBalancer",
			"what people try out they also take down"},
		{"ELB.16", NoFirewall, "LoadBalancer",
			"a firewall costs $9 a month, which what people try out is not worth"},
		{"HOUSE.IAM.2", NotProtected, "CustomS3AutoDeleteObjectsCustomResourceProviderRole",
			"the CDK makes this role for the function that empties the bucket of access logs before it goes"},
		{"HOUSE.IAM.2", "", "CustomVpcRestrictDefaultSGCustomResourceProviderRole",
			"the CDK makes this role for the function that closes the default security group, and lets no app choose its policies"},
	}
}

// holds reports whether the exception's cause is among the choices.
func (e Exception) holds(made []Choice) bool {
	return e.Choice == "" || slices.Contains(made, e.Choice)
}

func (e Exception) covers(c Control, r Resource) bool {
	return e.Control == c.ID && strings.HasPrefix(r.LogicalID, e.Resource)
}
