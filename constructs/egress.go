package constructs

import (
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// newWays opens the ways between the tasks and what the catalog names: programs, and what
// else a program needs.
func newWays(scope constructs.Construct, group awsec2.ISecurityGroup, props *ServiceProps) []constructs.IDependable {
	return append(newConnectionRules(scope, group, props), newEgressRules(scope, group, props.Service.Needs.Egress)...)
}

// newEgressRules opens the ways out that the catalog names, from the security group of the
// service alone. Where a way leads to a group, that group admits the service's on the
// port, by a rule that is in this stack and goes with it.
func newEgressRules(scope constructs.Construct, group awsec2.ISecurityGroup, egress []services.Egress) []constructs.IDependable {
	if len(egress) == 0 {
		return nil
	}
	scope = constructs.NewConstruct(scope, jsii.String("Egress"))
	var rules []constructs.IDependable
	for _, e := range egress {
		id, port := egressID(e), jsii.Number(e.Port)
		out := &awsec2.CfnSecurityGroupEgressProps{
			GroupId: group.SecurityGroupId(), IpProtocol: jsii.String("tcp"), FromPort: port, ToPort: port, Description: &e.Reason,
		}
		switch {
		case e.Group():
			out.DestinationSecurityGroupId = &e.To
			rules = append(rules, awsec2.NewCfnSecurityGroupIngress(scope, jsii.String("From"+id), &awsec2.CfnSecurityGroupIngressProps{
				GroupId: &e.To, SourceSecurityGroupId: group.SecurityGroupId(),
				IpProtocol: jsii.String("tcp"), FromPort: port, ToPort: port, Description: &e.Reason,
			}))
		case e.To == services.Internet:
			out.CidrIp = jsii.String("0.0.0.0/0")
		default:
			out.CidrIp = &e.To
		}
		rules = append(rules, awsec2.NewCfnSecurityGroupEgress(scope, jsii.String("To"+id), out))
	}
	return rules
}

// egressID is made of where a way leads, so that a rule stays when others come or go.
func egressID(e services.Egress) string {
	return strings.NewReplacer("/", "-", ".", "-").Replace(e.To) + "-" + strconv.Itoa(e.Port)
}
