package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"
	"github.com/aws/jsii-runtime-go"
)

// Platform is what every task runs on: the network and the cluster.
type Platform struct {
	Stack   awscdk.Stack
	VPC     awsec2.IVpc
	Cluster awsecs.Cluster
	// Namespace has the names of the programs that others call.
	Namespace awsservicediscovery.HttpNamespace
	// Monolith is a security group that the monolith's tasks have besides their own, once
	// they have connections. It is here so that their rules can be in the stacks of the
	// services, which the monolith's comes before in some phases and after in others.
	Monolith awsec2.SecurityGroup
	// Tasks are the subnets that tasks run in, without a route in from the internet.
	Tasks *awsec2.SubnetSelection
}

// PlatformProps say what the network is like.
type PlatformProps struct {
	Environment Environment
}

// NewPlatform creates the network and the cluster.
func NewPlatform(scope awscdk.Stage, id string, props *PlatformProps) *Platform {
	e := props.Environment
	stack := newStack(scope, id, e, "Network and cluster")
	vpc := newNetwork(stack, e)
	p := &Platform{
		Stack:     stack,
		VPC:       vpc,
		Cluster:   newCluster(stack, vpc),
		Namespace: newNamespace(stack, e),
		Monolith:  newMonolithSecurityGroup(stack, vpc),
		Tasks:     e.tasks(),
	}
	if e.Listener != nil {
		e.Listener.describe(stack, e.Name)
	}
	p.pin(e)
	return p
}

// newNetwork is a VPC with its endpoints and its flow log, or the one that is there
// already, with those that it asks for.
func newNetwork(stack awscdk.Stack, e Environment) awsec2.IVpc {
	if e.VPC == nil {
		vpc := newVPC(stack, e)
		addEndpoints(stack, vpc, e)
		logRejected(stack, vpc)
		ownLogGroup(stack, e, "Custom::VpcRestrictDefaultSGCustomResourceProvider", "DefaultSecurityGroupLogs")
		return vpc
	}
	vpc := e.VPC.reference(stack)
	if e.VPC.Endpoints {
		addEndpoints(stack, vpc, e)
	}
	if e.VPC.FlowLog {
		logRejected(stack, vpc)
	}
	return vpc
}

func newVPC(stack awscdk.Stack, e Environment) awsec2.Vpc {
	return awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsii.String(VPCRange)),
		AvailabilityZones: zones(stack, e),
		NatGateways:       jsii.Number(e.NATGateways),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: jsii.String("Public"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: jsii.Number(24), MapPublicIpOnLaunch: jsii.Bool(false)},
			{Name: jsii.String("Tasks"), SubnetType: e.tasks().SubnetType, CidrMask: jsii.Number(20)},
		},
	})
}

// tasks selects the subnets that tasks run in.
func (e Environment) tasks() *awsec2.SubnetSelection {
	if e.internet() {
		return &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}
	}
	return &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}
}

// pin exports what load balancers and services are put into. The ids of a VPC that is
// there already are text in every stack.
func (p *Platform) pin(e Environment) {
	if e.VPC == nil {
		pin(p.Stack, p.VPC.VpcId())
	}
	pin(p.Stack, p.Cluster.ClusterName())
	if e.VPC == nil {
		for _, subnets := range []*awsec2.SubnetSelection{{SubnetType: awsec2.SubnetType_PUBLIC}, p.Tasks} {
			pin(p.Stack, *p.VPC.SelectSubnets(subnets).SubnetIds...)
		}
	}
	pin(p.Stack, p.Namespace.NamespaceArn(), p.Monolith.SecurityGroupId())
}

// newNamespace is there, at no cost, before the first connection, so that a connection
// changes the stacks of its two ends and no other.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html
func newNamespace(stack awscdk.Stack, e Environment) awsservicediscovery.HttpNamespace {
	return awsservicediscovery.NewHttpNamespace(stack, jsii.String("Namespace"), &awsservicediscovery.HttpNamespaceProps{
		Name:        jsii.String(e.StageName()),
		Description: jsii.Sprintf("Connections in %s", e.StageName()),
	})
}

// newMonolithSecurityGroup lets nothing in or out by itself.
func newMonolithSecurityGroup(stack awscdk.Stack, vpc awsec2.IVpc) awsec2.SecurityGroup {
	return awsec2.NewSecurityGroup(stack, jsii.String("Monolith"), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String("Connections of the monolith"),
		AllowAllOutbound: jsii.Bool(false),
	})
}

// newCluster creates the cluster with enhanced Container Insights, which measures each
// task besides the service as a whole. Its services may use Fargate Spot.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/container-insights-detailed-metrics.html
func newCluster(stack awscdk.Stack, vpc awsec2.IVpc) awsecs.Cluster {
	return awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{
		Vpc:                            vpc,
		ContainerInsightsV2:            awsecs.ContainerInsights_ENHANCED,
		EnableFargateCapacityProviders: jsii.Bool(true),
	})
}

// zones selects the region's first zones when CloudFormation runs. The CDK would look
// them up in the account at synthesis, which needs credentials; an empty answer in the
// context prevents the look-up.
func zones(stack awscdk.Stack, e Environment) *[]*string {
	if e.Account != "" {
		stack.Node().SetContext(jsii.Sprintf("availability-zones:account=%s:region=%s", e.Account, e.Region), []string{})
	}
	all := awscdk.Fn_GetAzs(nil)
	var names []*string
	for i := range e.AZs {
		names = append(names, awscdk.Fn_Select(jsii.Number(i), all))
	}
	return &names
}

// logRejected logs every connection that a security group or a network ACL refuses, from
// outside or from a task. Accepted traffic is left out: it would be most of the log,
// which costs by the gigabyte, and the load balancer's own log has the requests.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
func logRejected(stack awscdk.Stack, vpc awsec2.IVpc) {
	vpc.AddFlowLog(jsii.String("Rejected"), &awsec2.FlowLogOptions{
		TrafficType: awsec2.FlowLogTrafficType_REJECT,
		Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(newLogGroup(stack, "RejectedLogs"), newFlowLogRole(stack)),
	})
}

// newFlowLogRole can be assumed for flow logs of this account alone. Without the
// condition a flow log of another account could name it.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
func newFlowLogRole(stack awscdk.Stack) awsiam.Role {
	return awsiam.NewRole(stack, jsii.String("RejectedRole"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("vpc-flow-logs.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
		}),
	})
}
