package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// addEndpoints creates the VPC endpoints: gateways, which cost nothing, for DynamoDB and
// for the image layers in S3, and without a NAT gateway interfaces for the image
// registry, the logs, with Traces X-Ray, and the services in Endpoints. Each endpoint's
// policy allows this environment's own resources only, or with Endpoints those of the
// account, so that a compromised program cannot write data to another account.
func addEndpoints(stack awscdk.Stack, vpc awsec2.IVpc, e Environment) {
	s3 := vpc.AddGatewayEndpoint(jsii.String("S3"), gateway(awsec2.GatewayVpcEndpointAwsService_S3(), e))
	if !e.internet() {
		// Beside a NAT gateway the route of the endpoint is also that of registries and
		// downloads which keep their files in a bucket of the region.
		s3.AddToPolicy(readLayers(stack))
		if slices.Contains(e.Endpoints, "s3") {
			s3.AddToPolicy(useBuckets(stack))
		}
	}
	dynamodb := vpc.AddGatewayEndpoint(jsii.String("DynamoDb"), gateway(awsec2.GatewayVpcEndpointAwsService_DYNAMODB(), e))
	if slices.Contains(e.Endpoints, "dynamodb") {
		dynamodb.AddToPolicy(passes(stack, "dynamodb"))
	} else {
		dynamodb.AddToPolicy(useTables(stack))
	}
	if e.internet() {
		return
	}
	type interfaceEndpoint struct {
		id      string
		service awsec2.InterfaceVpcEndpointAwsService
		passes  []awsiam.PolicyStatement
	}
	endpoints := []interfaceEndpoint{
		{"EcrApi", awsec2.InterfaceVpcEndpointAwsService_ECR(), pullImages(stack)},
		{"EcrDocker", awsec2.InterfaceVpcEndpointAwsService_ECR_DOCKER(), pullImages(stack)},
		{"Logs", awsec2.InterfaceVpcEndpointAwsService_CLOUDWATCH_LOGS(), writeLogs(stack)},
	}
	if e.Traces {
		endpoints = append(endpoints, interfaceEndpoint{"XRay", awsec2.InterfaceVpcEndpointAwsService_XRAY(), sendTraces(stack)})
	}
	for _, name := range e.Endpoints {
		if further, ok := furtherEndpoints[name]; ok {
			endpoints = append(endpoints, interfaceEndpoint{further.id, further.service(), []awsiam.PolicyStatement{passes(stack, name)}})
		}
	}
	group := newEndpointsSecurityGroup(stack, vpc, e)
	for _, endpoint := range endpoints {
		added := vpc.AddInterfaceEndpoint(&endpoint.id, &awsec2.InterfaceVpcEndpointOptions{
			Service:        endpoint.service,
			SecurityGroups: &[]awsec2.ISecurityGroup{group},
			Open:           jsii.Bool(false),
		})
		for _, statement := range endpoint.passes {
			added.AddToPolicy(statement)
		}
	}
}

// newEndpointsSecurityGroup admits the VPC and allows no connection out, as an endpoint
// opens none.
func newEndpointsSecurityGroup(stack awscdk.Stack, vpc awsec2.IVpc, e Environment) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(stack, jsii.String("Endpoints"), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String("Endpoints of AWS services"),
		AllowAllOutbound: jsii.Bool(false),
	})
	for _, block := range e.ranges() {
		group.AddIngressRule(awsec2.Peer_Ipv4(&block), awsec2.Port_Tcp(jsii.Number(443)), jsii.String("Tasks"), nil)
	}
	return group
}

// gateway leads from every subnet of a VPC of the environment's own, and from those of
// tasks alone in one that others use too.
func gateway(service awsec2.GatewayVpcEndpointAwsService, e Environment) *awsec2.GatewayVpcEndpointOptions {
	options := &awsec2.GatewayVpcEndpointOptions{Service: service}
	if e.VPC != nil {
		options.Subnets = &[]*awsec2.SubnetSelection{e.tasks()}
	}
	return options
}

// readLayers allows reading the layers of images, which ECR keeps in a bucket of its
// own. ECR signs the requests, so the caller is not of this account.
//
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
func readLayers(stack awscdk.Stack) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: anyone(),
		Actions:    jsii.Strings("s3:GetObject"),
		Resources:  &[]*string{jsii.Sprintf("arn:%s:s3:::prod-%s-starport-layer-bucket/*", *stack.Partition(), *stack.Region())},
	})
}

// useTables allows every call to a table of the stack Data. The roles say which calls to
// which table.
func useTables(stack awscdk.Stack) awsiam.PolicyStatement {
	return ownAccount(stack, own(stack, "dynamodb", "table/"+stageName(stack)+"-Data-*"), "dynamodb:*")
}

// pullImages allows the login, which names no repository, and pulls from every
// repository of the account, as a service may have an image of its own.
func pullImages(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		ownAccount(stack, jsii.String("*"), "ecr:GetAuthorizationToken"),
		ownAccount(stack, own(stack, "ecr", "repository/*"), "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
			"ecr:GetDownloadUrlForLayer"),
	}
}

// writeLogs allows writing to the log groups of the environment's stacks.
func writeLogs(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{
		ownAccount(stack, own(stack, "logs", "log-group:"+stageName(stack)+"-*"), "logs:CreateLogStream", "logs:PutLogEvents"),
	}
}

// sendTraces allows collectors to send traces to the account's X-Ray, which has no
// resources to name in a policy.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-security-vpc-endpoint.html
func sendTraces(stack awscdk.Stack) []awsiam.PolicyStatement {
	return []awsiam.PolicyStatement{ownAccount(stack, jsii.String("*"), "xray:PutTraceSegments")}
}

// ownAccount allows actions to callers of this account alone. With the credentials of
// another account a program could write data out of this one.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
func ownAccount(stack awscdk.Stack, resource *string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: anyone(),
		Actions:    jsii.Strings(actions...),
		Resources:  &[]*string{resource},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:PrincipalAccount": stack.Account()}},
	})
}

func anyone() *[]awsiam.IPrincipal {
	return &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}
}

// own is the ARN of a resource in this account and region.
func own(stack awscdk.Stack, service, resource string) *string {
	return jsii.Sprintf("arn:%s:%s:%s:%s:%s", *stack.Partition(), service, *stack.Region(), *stack.Account(), resource)
}

// stageName is the prefix of the names of the environment's stacks, and so of the names
// that CloudFormation gives to their resources.
func stageName(stack awscdk.Stack) string {
	return *awscdk.Stage_Of(stack).StageName()
}
