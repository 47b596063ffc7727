package cloudformation

import "example.com/strangler/test/internal/assembly"

// replacedBy are the properties of each type whose change "requires: Replacement", in
// the words of CloudFormation. The types are those that the app has, with and without a
// domain, a firewall and a NAT gateway. The properties are those that CloudFormation's
// schemas list as createOnly; each type's page is called as the type is, such as
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
var replacedBy = map[string][]string{
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
	"AWS::DynamoDB::GlobalTable": {"KeySchema", "LocalSecondaryIndexes", "TableName"},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
	"AWS::DynamoDB::Table": {"ImportSourceSpecification", "KeySchema", "TableName"},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
	"AWS::S3::Bucket": {"BucketName", "BucketNamePrefix", "BucketNamespace", "ObjectLockEnabled"},
	// A change of KeySpec, KeyUsage, Origin or MultiRegion fails instead.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
	"AWS::KMS::Key": {},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
	"AWS::SecretsManager::Secret": {"Name"},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-loadbalancer.html
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {"Name", "Scheme", "Type"},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
	"AWS::SNS::Topic": {"FifoTopic", "TopicName"},

	"AWS::ApplicationAutoScaling::ScalableTarget": {"ResourceId", "ScalableDimension", "ServiceNamespace"},
	"AWS::ApplicationAutoScaling::ScalingPolicy":  {"PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"},
	"AWS::Budgets::Budget":                        {"NotificationsWithSubscribers"},
	"AWS::CertificateManager::Certificate": {
		"CertificateAuthorityArn",
		"CertificateExport",
		"DomainName",
		"DomainValidationOptions",
		"KeyAlgorithm",
		"SubjectAlternativeNames",
		"ValidationMethod",
	},
	"AWS::CloudWatch::Alarm":     {"AlarmName"},
	"AWS::CloudWatch::Dashboard": {"DashboardName"},
	"AWS::EC2::EIP":              {"Address", "Domain", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"},
	"AWS::EC2::FlowLog": {
		"DeliverCrossAccountRole",
		"DeliverLogsPermissionArn",
		"DestinationOptions",
		"LogDestination",
		"LogDestinationType",
		"LogFormat",
		"LogGroupName",
		"MaxAggregationInterval",
		"ResourceId",
		"ResourceType",
		"TrafficType",
	},
	"AWS::EC2::InternetGateway": {},
	"AWS::EC2::NatGateway":      {"AllocationId", "AvailabilityMode", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId"},
	"AWS::EC2::Route":           {"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "RouteTableId"},
	"AWS::EC2::RouteTable":      {"VpcId"},
	"AWS::EC2::SecurityGroup":   {"GroupDescription", "GroupName", "VpcId"},
	"AWS::EC2::SecurityGroupEgress": {
		"CidrIp",
		"CidrIpv6",
		"DestinationPrefixListId",
		"DestinationSecurityGroupId",
		"FromPort",
		"GroupId",
		"IpProtocol",
		"ToPort",
	},
	"AWS::EC2::SecurityGroupIngress": {
		"CidrIp",
		"CidrIpv6",
		"FromPort",
		"GroupId",
		"GroupName",
		"IpProtocol",
		"SourcePrefixListId",
		"SourceSecurityGroupId",
		"SourceSecurityGroupName",
		"SourceSecurityGroupOwnerId",
		"ToPort",
	},
	"AWS::EC2::Subnet": {
		"AvailabilityZone",
		"AvailabilityZoneId",
		"CidrBlock",
		"Ipv4IpamPoolId",
		"Ipv4NetmaskLength",
		"Ipv6IpamPoolId",
		"Ipv6Native",
		"Ipv6NetmaskLength",
		"OutpostArn",
		"VpcId",
	},
	"AWS::EC2::SubnetRouteTableAssociation": {"RouteTableId", "SubnetId"},
	"AWS::EC2::VPC":                         {"CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"},
	"AWS::EC2::VPCEndpoint": {
		"ResourceConfigurationArn", "ServiceName", "ServiceNetworkArn", "ServiceRegion", "VpcEndpointType", "VpcId",
	},
	"AWS::EC2::VPCGatewayAttachment":                {"VpcId"},
	"AWS::ECS::Cluster":                             {"ClusterName"},
	"AWS::ECS::ClusterCapacityProviderAssociations": {"Cluster"},
	"AWS::ECS::Service": {
		"Cluster", "DeploymentController", "LaunchType", "Role", "SchedulingStrategy", "ServiceName",
	},
	// Every change makes a revision, which is what a deployment is.
	taskDefinitionType:                          {"Family"},
	"AWS::ElasticLoadBalancingV2::Listener":     {"LoadBalancerArn"},
	"AWS::ElasticLoadBalancingV2::ListenerRule": {"ListenerArn"},
	"AWS::ElasticLoadBalancingV2::TargetGroup":  {"IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"},
	"AWS::IAM::ManagedPolicy":                   {"Description", "ManagedPolicyName", "Path"},
	"AWS::IAM::OIDCProvider":                    {"Url"},
	"AWS::IAM::Policy":                          {},
	"AWS::IAM::Role":                            {"Path", "RoleName"},
	"AWS::KMS::Alias":                           {"AliasName"},
	"AWS::Lambda::Function":                     {"FunctionName", "PackageType", "TenancyConfig"},
	"AWS::Logs::LogGroup":                       {"LogGroupName"},
	"AWS::Logs::QueryDefinition":                {},
	"AWS::Route53::RecordSet":                   {"HostedZoneId", "HostedZoneName", "Name"},
	"AWS::S3::BucketPolicy":                     {"Bucket"},
	"AWS::SNS::Subscription":                    {"Endpoint", "Protocol", "TopicArn"},
	"AWS::SNS::TopicPolicy":                     {},
	"AWS::ServiceDiscovery::HttpNamespace":      {"Name"},
	"AWS::WAFv2::LoggingConfiguration":          {"ResourceArn"},
	"AWS::WAFv2::WebACL":                        {"Name", "Scope"},
	"AWS::WAFv2::WebACLAssociation":             {"ResourceArn", "WebACLArn"},

	// The CDK's functions behind them answer with the same id every time.
	"Custom::S3AutoDeleteObjects":  {},
	"Custom::VpcRestrictDefaultSG": {},
}

// taskDefinitionType is the type of which every change makes a revision.
const taskDefinitionType = "AWS::ECS::TaskDefinition"

// ReplacedBy returns the properties of a resource type whose change replaces the
// resource by a new one. It is not known for a type that the app does not have.
func ReplacedBy(resourceType string) (properties []string, known bool) {
	properties, known = replacedBy[resourceType]
	return properties, known
}

// replaces reports whether a resource is replaced between two templates: a property
// that CloudFormation cannot change differs.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html#update-replacement
func (t template) replaces(next template, logicalID string) bool {
	from, _ := t.resource(logicalID)
	to, _ := next.resource(logicalID)
	for _, property := range replacedBy[to.Type] {
		if t.differs(next, to, from.Properties[property], to.Properties[property]) {
			return true
		}
	}
	return false
}

// renews reports whether a resource gets another physical id between two templates: it
// is replaced, or it is a task definition with another revision.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
func (t template) renews(next template, r assembly.Resource) bool {
	return t.replaces(next, r.LogicalID) || r.Type == taskDefinitionType && t.changes(next, r.LogicalID)
}
