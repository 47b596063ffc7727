package controls

import "slices"

const (
	vpc           = "AWS::EC2::VPC"
	subnet        = "AWS::EC2::Subnet"
	securityGroup = "AWS::EC2::SecurityGroup"
	endpoint      = "AWS::EC2::VPCEndpoint"
	ingressRule   = "AWS::EC2::SecurityGroupIngress"
	egressRule    = "AWS::EC2::SecurityGroupEgress"
)

func network() []Control {
	return []Control{
		{"EC2.2", vpc, "The default security group lets nothing in or out",
			"keep the feature flag @aws-cdk/aws-ec2:restrictDefaultSecurityGroup",
			referredToBy("Custom::VpcRestrictDefaultSG", "DefaultSecurityGroupId", nil)},
		{"EC2.6", vpc, "The VPC has a flow log",
			"add a flow log",
			referredToBy("AWS::EC2::FlowLog", "ResourceId", nil)},
		{"EC2.15", subnet, "Subnets assign no public addresses",
			"set MapPublicIpOnLaunch to false",
			property(false, "MapPublicIpOnLaunch")},
		{"EC2.18", securityGroup, "Inbound traffic from anywhere is HTTP or HTTPS",
			"let in from a security group or a range, or on port 80 or 443",
			properties(func(p any) bool {
				return !slices.ContainsFunc(list(at(p, "SecurityGroupIngress")), func(rule any) bool {
					return anywhere(rule) && !onPort(rule, 80) && !onPort(rule, 443)
				})
			})},
		{"HOUSE.EC2.1", securityGroup, "Outbound traffic to anywhere is HTTPS",
			"let out to a range, or on port 443",
			properties(func(p any) bool {
				return every(list(at(p, "SecurityGroupEgress")), func(rule any) bool { return !anywhere(rule) || onPort(rule, 443) })
			})},
		{"HOUSE.EC2.2", securityGroup, "Security groups and their rules have descriptions",
			"describe the group and each rule",
			properties(func(p any) bool {
				rules := slices.Concat(list(at(p, "SecurityGroupIngress")), list(at(p, "SecurityGroupEgress")))
				return at(p, "GroupDescription") != nil && !slices.ContainsFunc(rules, func(rule any) bool { return at(rule, "Description") == nil })
			})},
		{"HOUSE.EC2.4", ingressRule, "Inbound rules beside a security group are described and admit another group",
			"describe the rule, and let in from a security group",
			properties(func(p any) bool { return at(p, "Description") != nil && at(p, "SourceSecurityGroupId") != nil })},
		{"HOUSE.EC2.5", egressRule, "Outbound rules beside a security group are described, and to anywhere are HTTPS",
			"describe the rule, and let out to a range, on port 443, or by an Egress to the internet in the catalog",
			properties(func(p any) bool { return at(p, "Description") != nil && (!anywhere(p) || onPort(p, 443)) })},
		{"HOUSE.EC2.3", endpoint, "Endpoint policies name each resource, except for actions that have none",
			"limit the endpoint's policy to what the app has",
			properties(func(p any) bool {
				return every(statements(at(p, "PolicyDocument")), func(s any) bool { return hasNoResources(s) || namesResources(s) })
			})},
	}
}

func anywhere(rule any) bool {
	return at(rule, "CidrIp") == "0.0.0.0/0" || at(rule, "CidrIpv6") == "::/0"
}

func onPort(rule any, port float64) bool {
	return at(rule, "IpProtocol") == "tcp" && at(rule, "FromPort") == port && at(rule, "ToPort") == port
}
