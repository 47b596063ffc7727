package controls

import (
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/stacks/template"
)

// Choice is a safeguard that an environment leaves out.
type Choice string

// The choices that a field of an environment in cdk.json makes.
const (
	// NoDomain is made by an environment without "domains".
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
	// Stages are those for which the exception holds, by their names. Empty means all.
	Stages []string
	// Resource is a prefix of the resources' logical ids, or with Exact the logical id of
	// one without the hash that the CDK adds.
	Resource string
	Exact    bool
	// Reason says why the resources may break the control.
	Reason string
}

// Exceptions returns those of every app.
func Exceptions() []Exception {
	return []Exception{
		{Control: "ELB.1", Choice: NoDomain, Resource: "LoadBalancerHttp",
			Reason: "an environment without a domain has no certificate; synthesis warns of it"},
		{Control: "ELB.6", Choice: NotProtected, Resource: "LoadBalancer",
			Reason: "an environment for trying things out can be destroyed"},
		{Control: "ELB.16", Choice: NoFirewall, Resource: "LoadBalancer",
			Reason: "a firewall costs $9 a month, too much for an environment for trying things out"},
		{Control: "HOUSE.IAM.2", Choice: NotProtected, Resource: "CustomS3AutoDeleteObjectsCustomResourceProviderRole",
			Reason: "the CDK makes this role for the function that empties the bucket of access logs before it is deleted"},
		{Control: "HOUSE.EC2.3", Choice: Internet, Resource: "VpcS3",
			Reason: "tasks that reach the internet through a NAT gateway read buckets of others there too, and the endpoint only shortens " +
				"the way to those of the region"},
		{Control: "HOUSE.IAM.2", Resource: "CustomVpcRestrictDefaultSGCustomResourceProviderRole",
			Reason: "the CDK makes this role for the function that closes the default security group, and lets no app choose its policies"},
	}
}

// holds reports whether the exception is for a stage that makes the choices.
func (e Exception) holds(stage string, made []Choice) bool {
	return (e.Choice == "" || slices.Contains(made, e.Choice)) && (len(e.Stages) == 0 || slices.Contains(e.Stages, stage))
}

// idHash is what the CDK adds to a logical id.
var idHash = regexp.MustCompile(`^[0-9A-F]{8}$`)

func (e Exception) covers(c Control, r template.Resource) bool {
	rest, found := strings.CutPrefix(r.LogicalID, e.Resource)
	return e.Control == c.ID && found && (!e.Exact || idHash.MatchString(rest))
}
