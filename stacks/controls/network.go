package controls

import "slices"

const (
	vpc           = "AWS::EC2::VPC"
	subnet        = "AWS::EC2::Subnet"
	securityGroup = "AWS::EC2::SecurityGroup"
	endpoint      = "AWS::EC2::VPCEndpoint"
)

func network() []Control {
	return []Control{
		{"EC2.2", vpc, "The default security group lets nothing in or out",
			"keep the feature flag @aws-cdk/aws-ec2:restrictDefaultSecurityGroup",
			func(r Resource, t Template) bool {
				return slices.ContainsFunc(t.of("Custom::VpcRestrictDefaultSG"), func(c Resource) bool {
					return refersTo(c.at("DefaultSecurityGroupId"), r.LogicalID)
				})
			}},
		{"EC2.6", vpc, "What the network refuses is on record",
			"add a flow log",
			func(r Resource, t Template) bool {
				return slices.ContainsFunc(t.of("AWS::EC2::FlowLog"), func(l Resource) bool { return refersTo(l.at("ResourceId"), r.LogicalID) })
			}},
		{"EC2.15", subnet, "Nothing in a subnet gets a public address by itself",
			"set MapPublicIpOnLaunch to false",
			func(r Resource, _ Template) bool { return r.at("MapPublicIpOnLaunch") == false }},
		{"EC2.18", securityGroup, "From anywhere only HTTP and HTTPS come in",
			"let in from a security group or a range, or on port 80 or 443",
			func(r Resource, _ Template) bool {
				return !slices.ContainsFunc(list(r.at("SecurityGroupIngress")), func(rule any) bool {
					return anywhere(rule) && !onPort(rule, 80) && !onPort(rule, 443)
				})
			}},
		{"HOUSE.EC2.1", securityGroup, "To anywhere only HTTPS goes out",
			"let out to a range, or on port 443",
			func(r Resource, _ Template) bool {
				return every(list(r.at("SecurityGroupEgress")), func(rule any) bool { return !anywhere(rule) || onPort(rule, 443) })
			}},
		{"HOUSE.EC2.2", securityGroup, "Security groups and their rules say what they are for",
			"describe the group and each rule",
			func(r Resource, _ Template) bool {
				rules := slices.Concat(list(r.at("SecurityGroupIngress")), list(r.at("SecurityGroupEgress")))
				return r.at("GroupDescription") != nil && !slices.ContainsFunc(rules, func(rule any) bool { return at(rule, "Description") == nil })
			}},
		{"HOUSE.EC2.3", endpoint, "Endpoints pass requests for resources by their names, but for the registry's login and traces",
			"limit the endpoint's policy to what the app has",
			func(r Resource, _ Template) bool {
				return every(statements(r.at("PolicyDocument")), func(s any) bool {
					return nameless(s) || every(list(at(s, "Resource")), func(r any) bool { return r != "*" })
				})
			}},
	}
}

func anywhere(rule any) bool {
	return at(rule, "CidrIp") == "0.0.0.0/0" || at(rule, "CidrIpv6") == "::/0"
}

func onPort(rule any, port float64) bool {
	return at(rule, "IpProtocol") == "tcp" && at(rule, "FromPort") == port && at(rule, "ToPort") == port
}
