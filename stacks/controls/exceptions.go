package controls

import (
	"slices"
	"strings"
)

// Exception lets resources break a control, for a reason.
type Exception struct {
	// Control is the ID of one.
	Control string
	// Stage is the name of the CDK stage, such as "forum-dev". Empty means all.
	Stage string
	// Resource is what the logical ids begin with.
	Resource string
	// Reason is why that is right.
	Reason string
}

// Exceptions are all that there are.
func Exceptions() []Exception {
	return []Exception{
		{"ELB.1", "forum-dev", "LoadBalancerHttp",
			"an environment without a domain has no certificate; synthesis warns of it"},
		{"ELB.6", "forum-dev", "LoadBalancer",
			"what people try out they also take down"},
		{"ELB.16", "forum-dev", "LoadBalancer",
			"a firewall costs $9 a month, which what people try out is not worth"},
		{"HOUSE.IAM.2", "forum-dev", "CustomS3AutoDeleteObjectsCustomResourceProviderRole",
			"the CDK makes this role for the function that empties the bucket of access logs before it goes"},
		{"HOUSE.IAM.2", "", "CustomVpcRestrictDefaultSGCustomResourceProviderRole",
			"the CDK makes this role for the function that closes the default security group, and lets nobody choose its policies"},
	}
}

func (e Exception) covers(c Control, r Resource, t Template) bool {
	return e.Control == c.ID && (e.Stage == "" || e.Stage == t.Stage) && strings.HasPrefix(r.LogicalID, e.Resource)
}

// applies reports whether any of the templates is of the exception's stage. One
// that is not synthesized proves nothing.
func (e Exception) applies(templates []Template) bool {
	return e.Stage == "" || slices.ContainsFunc(templates, func(t Template) bool { return t.Stage == e.Stage })
}
