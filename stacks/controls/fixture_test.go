package controls

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks/template"
)

// kept is a template that keeps every control without an exception, with a
// resource of each type that a control is for.
const kept = `{"Resources": {
	"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
		"NetworkMode": "awsvpc",
		"TaskRoleArn": {"Fn::GetAtt": ["TaskRole", "Arn"]},
		"ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
		"ContainerDefinitions": [{
			"Name": "alpha", "User": "65532:65532", "Memory": 512, "ReadonlyRootFilesystem": true,
			"Environment": [{"Name": "LOG_LEVEL", "Value": "debug"}],
			"LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}},
			"LogConfiguration": {"LogDriver": "awslogs", "Options": {"mode": "non-blocking"}}
		}]}},
	"Service": {"Type": "AWS::ECS::Service", "Properties": {
		"PlatformVersion": "LATEST", "EnableExecuteCommand": false,
		"NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED"}}}},
	"Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {
		"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]}},
	"TaskRole": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [{
		"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"},
		"Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:1:*"}}}]}}},
	"Policy": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [
		{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": {"Fn::GetAtt": ["Table", "Arn"]}},
		{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}]}}},
	"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
	"ClosedGroup": {"Type": "Custom::VpcRestrictDefaultSG", "Properties": {
		"DefaultSecurityGroupId": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}}},
	"FlowLog": {"Type": "AWS::EC2::FlowLog", "Properties": {"ResourceId": {"Ref": "Vpc"}}},
	"Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"MapPublicIpOnLaunch": false}},
	"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {
		"GroupDescription": "the load balancer",
		"SecurityGroupIngress": [
			{"CidrIp": "0.0.0.0/0", "Description": "HTTP", "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80},
			{"CidrIpv6": "::/0", "Description": "HTTPS", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443},
			{"CidrIp": "10.0.0.0/16", "Description": "the program", "IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080}],
		"SecurityGroupEgress": [{"CidrIp": "0.0.0.0/0", "Description": "HTTPS", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}]}},
	"IngressRule": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {
		"GroupId": "sg-1", "SourceSecurityGroupId": {"Ref": "Group"}, "Description": "the database", "IpProtocol": "tcp", "FromPort": 5432}},
	"EgressRule": {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {
		"GroupId": {"Ref": "Group"}, "CidrIp": "10.1.0.0/16", "Description": "the database", "IpProtocol": "tcp", "FromPort": 5432}},
	"Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"PolicyDocument": {"Statement": [
		{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::layers/*"},
		{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}]}}},
	"LoadBalancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"LoadBalancerAttributes": [
		{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
		{"Key": "routing.http.desync_mitigation_mode", "Value": "strictest"},
		{"Key": "access_logs.s3.enabled", "Value": "true"},
		{"Key": "deletion_protection.enabled", "Value": "true"}]}},
	"Firewall": {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": {"ResourceArn": {"Ref": "LoadBalancer"}}},
	"HttpListener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
		"Protocol": "HTTP", "DefaultActions": [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS"}}]}},
	"HttpsListener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
		"Protocol": "HTTPS", "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "DefaultActions": [{"Type": "fixed-response"}]}},
	"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
		"BucketEncryption": {"ServerSideEncryptionConfiguration": []},
		"LifecycleConfiguration": {"Rules": [{"ExpirationInDays": 90}]},
		"PublicAccessBlockConfiguration": {
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}}},
	"BucketPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [
		{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
	"Table": {"Type": "AWS::DynamoDB::GlobalTable", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": {
		"BillingMode": "PAY_PER_REQUEST", "SSESpecification": {"SSEEnabled": true},
		"Replicas": [{"DeletionProtectionEnabled": true, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}]}},
	"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": [{"Ref": "Topic"}]}},
	"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
	"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}},
	"Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": true}}
}}`

const keptFile = "cdk.out/assembly-shop-dev/Shop.template.json"

// edited returns the kept template after an edit of its resources, by their
// logical ids.
func edited(t *testing.T, edit func(resources map[string]any)) template.Template {
	t.Helper()
	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(kept), &document))
	if edit != nil {
		edit(document["Resources"].(map[string]any))
	}
	text, err := json.Marshal(document)
	require.NoError(t, err)
	parsed, err := template.Parse(keptFile, text)
	require.NoError(t, err)
	return parsed
}
