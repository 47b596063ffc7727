package diff

import (
	"regexp"
	"strings"
)

// kind is what a change does to a resource of a type.
type kind struct {
	// keeps is what is lost with the resource. Empty means that the next deployment makes
	// all of it again.
	keeps string
	// replacedBy are the properties whose change "requires: Replacement", in the words of
	// CloudFormation: it makes a new, empty resource in the place of the old one.
	replacedBy []string
}

// kinds are the types that the app has, with and without a domain, a firewall and a
// NAT gateway. The properties are those that CloudFormation's schemas list as
// createOnly; each type's page is called as the type is, such as
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
//
// A log group holds data too, but for its retention only, and is deleted with its
// service where the template says Delete: a retired monolith takes its log with it. So
// its loss is no finding.
var kinds = map[string]kind{
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
	"AWS::DynamoDB::GlobalTable": {items, []string{"KeySchema", "LocalSecondaryIndexes", "TableName"}},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
	"AWS::DynamoDB::Table": {items, []string{"ImportSourceSpecification", "KeySchema", "TableName"}},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
	"AWS::S3::Bucket": {"its objects", []string{"BucketName", "BucketNamePrefix", "BucketNamespace", "ObjectLockEnabled"}},
	// A change of KeySpec, KeyUsage, Origin or MultiRegion fails instead.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
	"AWS::KMS::Key": {"what it encrypted", nil},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-secretsmanager-secret.html
	"AWS::SecretsManager::Secret": {"its value", []string{"Name"}},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-loadbalancer.html
	"AWS::ElasticLoadBalancingV2::LoadBalancer": {"the address that clients know", []string{"Name", "Scheme", "Type"}},
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
	"AWS::SNS::Topic": {"the subscriptions that people confirmed", []string{"FifoTopic", "TopicName"}},

	"AWS::ApplicationAutoScaling::ScalableTarget": {replacedBy: []string{"ResourceId", "ScalableDimension", "ServiceNamespace"}},
	"AWS::ApplicationAutoScaling::ScalingPolicy": {
		replacedBy: []string{"PolicyName", "ResourceId", "ScalableDimension", "ScalingTargetId", "ServiceNamespace"},
	},
	"AWS::Budgets::Budget": {replacedBy: []string{"NotificationsWithSubscribers"}},
	"AWS::CertificateManager::Certificate": {
		replacedBy: []string{
			"CertificateAuthorityArn",
			"CertificateExport",
			"DomainName",
			"DomainValidationOptions",
			"KeyAlgorithm",
			"SubjectAlternativeNames",
			"ValidationMethod",
		},
	},
	"AWS::CloudWatch::Alarm":     {replacedBy: []string{"AlarmName"}},
	"AWS::CloudWatch::Dashboard": {replacedBy: []string{"DashboardName"}},
	"AWS::EC2::EIP": {
		replacedBy: []string{"Address", "Domain", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"},
	},
	"AWS::EC2::FlowLog": {
		replacedBy: []string{
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
	},
	"AWS::EC2::InternetGateway": {},
	"AWS::EC2::NatGateway": {
		replacedBy: []string{"AllocationId", "AvailabilityMode", "ConnectivityType", "PrivateIpAddress", "SubnetId", "VpcId"},
	},
	"AWS::EC2::Route": {
		replacedBy: []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "RouteTableId"},
	},
	"AWS::EC2::RouteTable":    {replacedBy: []string{"VpcId"}},
	"AWS::EC2::SecurityGroup": {replacedBy: []string{"GroupDescription", "GroupName", "VpcId"}},
	"AWS::EC2::SecurityGroupEgress": {
		replacedBy: []string{
			"CidrIp",
			"CidrIpv6",
			"DestinationPrefixListId",
			"DestinationSecurityGroupId",
			"FromPort",
			"GroupId",
			"IpProtocol",
			"ToPort",
		},
	},
	"AWS::EC2::SecurityGroupIngress": {
		replacedBy: []string{
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
	},
	"AWS::EC2::Subnet": {
		replacedBy: []string{
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
	},
	"AWS::EC2::SubnetRouteTableAssociation": {replacedBy: []string{"RouteTableId", "SubnetId"}},
	"AWS::EC2::VPC": {
		replacedBy: []string{"CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"},
	},
	"AWS::EC2::VPCEndpoint": {
		replacedBy: []string{"ResourceConfigurationArn", "ServiceName", "ServiceNetworkArn", "ServiceRegion", "VpcEndpointType", "VpcId"},
	},
	"AWS::EC2::VPCGatewayAttachment":                {replacedBy: []string{"VpcId"}},
	"AWS::ECS::Cluster":                             {replacedBy: []string{"ClusterName"}},
	"AWS::ECS::ClusterCapacityProviderAssociations": {replacedBy: []string{"Cluster"}},
	"AWS::ECS::Service": {
		replacedBy: []string{"Cluster", "DeploymentController", "LaunchType", "Role", "SchedulingStrategy", "ServiceName"},
	},
	// Every change makes a revision, which is what a deployment is.
	"AWS::ECS::TaskDefinition":                  {replacedBy: []string{"Family"}},
	"AWS::ElasticLoadBalancingV2::Listener":     {replacedBy: []string{"LoadBalancerArn"}},
	"AWS::ElasticLoadBalancingV2::ListenerRule": {replacedBy: []string{"ListenerArn"}},
	"AWS::ElasticLoadBalancingV2::TargetGroup": {
		replacedBy: []string{"IpAddressType", "Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"},
	},
	"AWS::IAM::ManagedPolicy":          {replacedBy: []string{"Description", "ManagedPolicyName", "Path"}},
	"AWS::IAM::OIDCProvider":           {replacedBy: []string{"Url"}},
	"AWS::IAM::Policy":                 {},
	"AWS::IAM::Role":                   {replacedBy: []string{"Path", "RoleName"}},
	"AWS::KMS::Alias":                  {replacedBy: []string{"AliasName"}},
	"AWS::Lambda::Function":            {replacedBy: []string{"FunctionName", "PackageType", "TenancyConfig"}},
	"AWS::Logs::LogGroup":              {replacedBy: []string{"LogGroupName"}},
	"AWS::Logs::QueryDefinition":       {},
	"AWS::Route53::RecordSet":          {replacedBy: []string{"HostedZoneId", "HostedZoneName", "Name"}},
	"AWS::S3::BucketPolicy":            {replacedBy: []string{"Bucket"}},
	"AWS::SNS::Subscription":           {replacedBy: []string{"Endpoint", "Protocol", "TopicArn"}},
	"AWS::SNS::TopicPolicy":            {},
	"AWS::WAFv2::LoggingConfiguration": {replacedBy: []string{"ResourceArn"}},
	"AWS::WAFv2::WebACL":               {replacedBy: []string{"Name", "Scope"}},
	"AWS::WAFv2::WebACLAssociation":    {replacedBy: []string{"ResourceArn", "WebACLArn"}},

	// The CDK's functions behind them answer with the same id every time.
	"Custom::S3AutoDeleteObjects":  {},
	"Custom::VpcRestrictDefaultSG": {},
}

const items = "its items"

// noun is the plain name of a resource's type: "target group".
func noun(resourceType string) string {
	last := resourceType[strings.LastIndex(resourceType, ":")+1:]
	if strings.HasSuffix(last, "Table") {
		return "table"
	}
	return strings.ToLower(wordBreak.ReplaceAllString(last, "$1$3 $2$4"))
}

// wordBreak is within "TargetGroup" and "VPCEndpoint".
var wordBreak = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
