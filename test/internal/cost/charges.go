package cost

import (
	"errors"
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// charge adds the cost of a resource to an estimate.
type charge func(*estimator, assembly.Resource) error

// charges are the costs of every type of resource. A type that is missing here is an
// error, so that a new one does not count as free.
var charges = map[string]charge{
	"AWS::ApplicationAutoScaling::ScalableTarget":   free,
	"AWS::ApplicationAutoScaling::ScalingPolicy":    chargeScalingPolicy,
	"AWS::Budgets::Budget":                          free,
	"AWS::CertificateManager::Certificate":          free,
	"AWS::CloudWatch::Alarm":                        chargeAlarm,
	"AWS::CloudWatch::Dashboard":                    each(Dashboard),
	"AWS::DynamoDB::GlobalTable":                    chargeTable,
	"AWS::EC2::EIP":                                 each(PublicAddress),
	"AWS::EC2::FlowLog":                             byUse("flow logs"),
	"AWS::EC2::InternetGateway":                     free,
	"AWS::EC2::NatGateway":                          chargeNATGateway,
	"AWS::EC2::Route":                               free,
	"AWS::EC2::RouteTable":                          free,
	"AWS::EC2::SecurityGroup":                       free,
	"AWS::EC2::SecurityGroupEgress":                 free,
	"AWS::EC2::SecurityGroupIngress":                free,
	"AWS::EC2::Subnet":                              free,
	"AWS::EC2::SubnetRouteTableAssociation":         free,
	"AWS::EC2::VPC":                                 free,
	"AWS::EC2::VPCEndpoint":                         chargeEndpoint,
	"AWS::EC2::VPCGatewayAttachment":                free,
	"AWS::ECS::Cluster":                             chargeContainerInsights,
	"AWS::ECS::ClusterCapacityProviderAssociations": free,
	"AWS::ECS::Service":                             chargeTasks,
	"AWS::ECS::TaskDefinition":                      free,
	"AWS::ElasticLoadBalancingV2::Listener":         free,
	"AWS::ElasticLoadBalancingV2::ListenerRule":     free,
	"AWS::ElasticLoadBalancingV2::LoadBalancer":     chargeLoadBalancer,
	"AWS::ElasticLoadBalancingV2::TargetGroup":      free,
	"AWS::IAM::ManagedPolicy":                       free,
	"AWS::IAM::OIDCProvider":                        free,
	"AWS::IAM::Policy":                              free,
	"AWS::IAM::Role":                                free,
	"AWS::KMS::Alias":                               free,
	"AWS::KMS::Key":                                 each(CustomerKey),
	"AWS::Lambda::Function":                         byUse("functions"),
	"AWS::Logs::LogGroup":                           byUse("logs"),
	"AWS::Logs::QueryDefinition":                    free,
	"AWS::Route53::RecordSet":                       free,
	"AWS::S3::Bucket":                               byUse("buckets"),
	"AWS::S3::BucketPolicy":                         free,
	"AWS::SNS::Subscription":                        free,
	"AWS::SNS::Topic":                               byUse("notifications"),
	"AWS::SNS::TopicPolicy":                         free,
	"AWS::SecretsManager::Secret":                   each(Secret),
	"AWS::ServiceDiscovery::HttpNamespace":          free,
	"AWS::WAFv2::LoggingConfiguration":              free,
	"AWS::WAFv2::WebACL":                            chargeWebACL,
	"AWS::WAFv2::WebACLAssociation":                 free,
	"Custom::S3AutoDeleteObjects":                   free,
	"Custom::VpcRestrictDefaultSG":                  free,
}

// free is the charge of a resource that costs nothing, or that is paid for with
// another one: a task definition with the service that runs it, the firewall's log
// with its log group.
func free(*estimator, assembly.Resource) error { return nil }

// each charges for one item per resource.
func each(item Item) charge {
	return func(e *estimator, r assembly.Resource) error { return e.add(r, item, "", 1, whole) }
}

// byUse charges nothing, and notes a cost that depends on use.
func byUse(what string) charge {
	return func(e *estimator, r assembly.Resource) error {
		e.use(r, what)
		return nil
	}
}

func chargeTable(e *estimator, r assembly.Resource) error {
	if r.Properties["BillingMode"] != "PAY_PER_REQUEST" {
		return errors.New("only tables that are billed by request are priced: add provisioned capacity to test/internal/cost")
	}
	return byUse("tables")(e, r)
}

// chargeNATGateway leaves out the address of the gateway, which is a resource of its own.
func chargeNATGateway(e *estimator, r assembly.Resource) error {
	e.use(r, "data through NAT gateways")
	return each(NATGateway)(e, r)
}

// chargeEndpoint charges for an interface endpoint in each of its subnets, each of
// which is in a zone of its own. A gateway endpoint costs nothing.
//
// https://aws.amazon.com/privatelink/pricing/
func chargeEndpoint(e *estimator, r assembly.Resource) error {
	endpoint, _ := assembly.Find(e.stage.VPCEndpoints, r.Identity())
	switch endpoint.Kind {
	case "Gateway":
		return nil
	case "Interface":
		e.use(r, "data through endpoints")
		return e.add(r, InterfaceEndpoint, "", 1, len(endpoint.Subnets)*whole)
	}
	return fmt.Errorf("an endpoint of the kind %s has no price: add it to test/internal/cost", endpoint.Kind)
}

// chargeLoadBalancer leaves out capacity units, which depend on traffic. It adds the
// public addresses of an internet-facing load balancer, one in each subnet.
//
// https://aws.amazon.com/elasticloadbalancing/pricing/
func chargeLoadBalancer(e *estimator, r assembly.Resource) error {
	balancer, _ := assembly.Find(e.stage.LoadBalancers, r.Identity())
	if kind := r.Properties["Type"]; kind != nil && kind != "application" {
		return fmt.Errorf("a %v load balancer has no price: add it to test/internal/cost", kind)
	}
	e.use(r, "load balancer capacity")
	e.use(r, "data out")
	if balancer.Scheme == "internal" {
		return each(LoadBalancer)(e, r)
	}
	return errors.Join(each(LoadBalancer)(e, r), e.add(r, PublicAddress, "", len(balancer.Subnets), whole))
}

// paidRuleGroups are the AWS managed rule groups that cost more than a rule.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
var paidRuleGroups = map[string]bool{
	"AWSManagedRulesACFPRuleSet":       true,
	"AWSManagedRulesATPRuleSet":        true,
	"AWSManagedRulesAntiDDoSRuleSet":   true,
	"AWSManagedRulesBotControlRuleSet": true,
}

// chargeWebACL counts a managed rule group as the one rule that names it.
func chargeWebACL(e *estimator, r assembly.Resource) error {
	var acl struct {
		Rules []struct {
			Statement struct {
				ManagedRuleGroupStatement struct{ VendorName, Name string }
			}
		}
	}
	if err := r.Decode(&acl); err != nil {
		return err
	}
	for _, rule := range acl.Rules {
		if group := rule.Statement.ManagedRuleGroupStatement; paidRuleGroups[group.Name] || group.Name != "" && group.VendorName != "AWS" {
			return fmt.Errorf("the rule group %s of %s has a price of its own: add it to test/internal/cost", group.Name, group.VendorName)
		}
	}
	e.use(r, "requests through the firewall")
	return errors.Join(each(WebACL)(e, r), e.add(r, WebACLRule, "", len(acl.Rules), whole))
}
