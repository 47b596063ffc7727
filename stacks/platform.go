package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"
)

// Platform is what every task runs on: the network and the cluster.
type Platform struct {
	Stack   awscdk.Stack
	VPC     awsec2.Vpc
	Cluster awsecs.Cluster
	// Tasks are the subnets that tasks run in, without a route in from the internet.
	Tasks *awsec2.SubnetSelection
}

// NewPlatform creates the network and the cluster.
func NewPlatform(stage awscdk.Stage, e Environment) *Platform {
	stack := awscdk.NewStack(stage, jsii.String("Platform"), &awscdk.StackProps{
		Description: jsii.Sprintf("Network and cluster of %s", e.Name),
	})
	tasks := awsec2.SubnetType_PRIVATE_ISOLATED
	if e.NATGateways > 0 {
		tasks = awsec2.SubnetType_PRIVATE_WITH_EGRESS
	}
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses:       awsec2.IpAddresses_Cidr(jsii.String(VPCRange)),
		AvailabilityZones: zones(stack, e),
		NatGateways:       jsii.Number(e.NATGateways),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: jsii.String("Public"), SubnetType: awsec2.SubnetType_PUBLIC, CidrMask: jsii.Number(24), MapPublicIpOnLaunch: jsii.Bool(false)},
			{Name: jsii.String("Tasks"), SubnetType: tasks, CidrMask: jsii.Number(20)},
		},
	})
	addEndpoints(vpc, e)
	return &Platform{
		Stack:   stack,
		VPC:     vpc,
		Cluster: awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{Vpc: vpc}),
		Tasks:   &awsec2.SubnetSelection{SubnetType: tasks},
	}
}

// zones takes the region's first zones when CloudFormation runs. The CDK would
// ask the account for them at synthesis, which then needs credentials; the
// context that such a question leaves behind is given as already answered.
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
