package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// Edge is the load balancer and the listener to which services add their rules. A
// request that matches no rule is answered with 404.
type Edge struct {
	// Stack is nil where the listener is there already.
	Stack awscdk.Stack
	// Listener is the listener's ARN, and SecurityGroup the id of the load balancer's group.
	Listener, SecurityGroup *string
}

// EdgeProps say where the load balancer is and what it speaks.
type EdgeProps struct {
	Environment Environment
	VPC         awsec2.IVpc
}

// NewEdge creates the load balancer and its listener, unless the environment names one.
func NewEdge(scope awscdk.Stage, id string, props *EdgeProps) *Edge {
	e := props.Environment
	if e.Listener != nil {
		return &Edge{Listener: &e.Listener.ARN, SecurityGroup: &e.Listener.SecurityGroup}
	}
	stack := newStack(scope, id, e, "Load balancer")
	group := newLoadBalancerSecurityGroup(stack, e, props.VPC)
	balancer := newLoadBalancer(stack, e, props.VPC, group)
	listener := newListener(stack, e, balancer)
	if *e.WAF {
		newFirewall(stack, balancer, e.FreeText)
	}
	pin(stack, group.SecurityGroupId())
	return &Edge{Stack: stack, Listener: listener.ListenerArn(), SecurityGroup: group.SecurityGroupId()}
}

// newLoadBalancer creates a load balancer that answers 400 to a request that does not
// follow HTTP's grammar: a program could read such a request otherwise than the load
// balancer does, and a second one could be smuggled past the rules inside it.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#desync-mitigation-mode
func newLoadBalancer(stack awscdk.Stack, e Environment, vpc awsec2.IVpc, group awsec2.ISecurityGroup) elbv2.ApplicationLoadBalancer {
	balancer := elbv2.NewApplicationLoadBalancer(stack, jsii.String("LoadBalancer"), &elbv2.ApplicationLoadBalancerProps{
		Vpc:                     vpc,
		InternetFacing:          jsii.Bool(true),
		SecurityGroup:           group,
		IdleTimeout:             awscdk.Duration_Seconds(jsii.Number(e.IdleTimeout)),
		DropInvalidHeaderFields: jsii.Bool(true),
		DesyncMitigationMode:    elbv2.DesyncMitigationMode_STRICTEST,
		DeletionProtection:      e.Protected,
	})
	balancer.LogAccessLogs(newAccessLogs(stack, e), nil)
	return balancer
}

// newAccessLogs keeps the log of requests for 90 days, as each line has the address of a
// person. The load balancer cannot write to a bucket with a KMS key.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
func newAccessLogs(stack awscdk.Stack, e Environment) awss3.Bucket {
	removal := awscdk.RemovalPolicy_RETAIN
	if !*e.Protected {
		removal = awscdk.RemovalPolicy_DESTROY
	}
	bucket := awss3.NewBucket(stack, jsii.String("AccessLogs"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(true),
		LifecycleRules:    &[]*awss3.LifecycleRule{{Expiration: awscdk.Duration_Days(jsii.Number(90))}},
		RemovalPolicy:     removal,
		// CloudFormation deletes empty buckets only.
		AutoDeleteObjects: jsii.Bool(!*e.Protected),
	})
	if !*e.Protected {
		ownLogGroup(stack, e, "Custom::S3AutoDeleteObjectsCustomResourceProvider", "AccessLogsDeletionLogs")
	}
	return bucket
}

// newLoadBalancerSecurityGroup lets HTTP in from anywhere, with a domain HTTPS
// too, and requests out to the VPC, on any port because each service chooses its own.
func newLoadBalancerSecurityGroup(stack awscdk.Stack, e Environment, vpc awsec2.IVpc) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(stack, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String("Load balancer"),
		AllowAllOutbound: jsii.Bool(false),
	})
	group.AddIngressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(80)), jsii.String("HTTP from anywhere"), nil)
	if len(e.Domains) > 0 {
		group.AddIngressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(443)), jsii.String("HTTPS from anywhere"), nil)
	}
	for _, block := range e.ranges() {
		group.AddEgressRule(awsec2.Peer_Ipv4(&block), awsec2.Port_AllTcp(), jsii.String("Tasks"), nil)
	}
	return group
}
