package controls

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks/template"
)

// mutant is an edit of the kept template that makes one resource break a control.
type mutant struct {
	resource string
	edit     func(resources map[string]any)
}

// mutants are at least one for each control, by its ID.
var mutants = map[string][]mutant{
	"ECS.5": {firstContainer(func(c map[string]any) { c["ReadonlyRootFilesystem"] = false })},
	"ECS.20": {
		firstContainer(func(c map[string]any) { c["User"] = "0:0" }),
		firstContainer(func(c map[string]any) { c["User"] = "nonroot" }),
	},
	"ECS.4":       {firstContainer(func(c map[string]any) { c["Privileged"] = true })},
	"HOUSE.ECS.1": {firstContainer(func(c map[string]any) { delete(c, "LinuxParameters") })},
	"CT.ECS.PR.7": {firstContainer(func(c map[string]any) { delete(c, "Memory") })},
	"ECS.8": {firstContainer(func(c map[string]any) {
		c["Environment"] = []any{map[string]any{"Name": "DB_PASSWORD", "Value": "hunter2"}}
	})},
	"ECS.9": {firstContainer(func(c map[string]any) {
		delete(c["LogConfiguration"].(map[string]any)["Options"].(map[string]any), "mode")
	})},
	"CT.ECS.PR.4": {set("Task", "host", "NetworkMode")},
	"ECS.3":       {set("Task", "task", "PidMode")},
	"ECS.2":       {set("Service", "ENABLED", "NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp")},
	"ECS.10":      {set("Service", "1.4.0", "PlatformVersion")},
	"HOUSE.ECS.2": {set("Service", true, "EnableExecuteCommand")},
	"HOUSE.IAM.1": {
		statement("TaskRole", "AssumeRolePolicyDocument", func(s map[string]any) { delete(s, "Condition") }),
		statement("TaskRole", "AssumeRolePolicyDocument", func(s map[string]any) { s["Principal"] = "*" }),
	},
	"HOUSE.IAM.2": {set("TaskRole", []any{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, "ManagedPolicyArns")},
	"IAM.21": {
		statement("Policy", "PolicyDocument", func(s map[string]any) { s["Action"] = "dynamodb:*" }),
		statement("Policy", "PolicyDocument", func(s map[string]any) { s["NotAction"] = "dynamodb:DeleteTable" }),
	},
	"HOUSE.IAM.3": {
		statement("Policy", "PolicyDocument", func(s map[string]any) { s["Resource"] = "*" }),
		statement("Policy", "PolicyDocument", func(s map[string]any) { s["NotResource"] = "arn:aws:s3:::layers" }),
	},
	"HOUSE.IAM.4": {set("Task", map[string]any{"Fn::GetAtt": []any{"ExecutionRole", "Arn"}}, "TaskRoleArn")},
	"EC2.2":       {without("ClosedGroup", "Vpc")},
	"EC2.6":       {without("FlowLog", "Vpc")},
	"EC2.15":      {set("Subnet", true, "MapPublicIpOnLaunch")},
	"EC2.18": {set("Group", []any{
		map[string]any{"CidrIp": "0.0.0.0/0", "Description": "SSH", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22},
	}, "SecurityGroupIngress")},
	"HOUSE.EC2.1": {set("Group", []any{
		map[string]any{"CidrIp": "0.0.0.0/0", "Description": "anything", "IpProtocol": "-1"},
	}, "SecurityGroupEgress")},
	"HOUSE.EC2.2": {
		in("Group", func(_, p map[string]any) { delete(p["SecurityGroupEgress"].([]any)[0].(map[string]any), "Description") }),
		in("Group", func(_, p map[string]any) { delete(p, "GroupDescription") }),
	},
	"HOUSE.EC2.3": {statement("Endpoint", "PolicyDocument", func(s map[string]any) { s["Resource"] = "*" })},
	"HOUSE.EC2.4": {
		set("IngressRule", nil, "Description"),
		in("IngressRule", func(_, p map[string]any) { delete(p, "SourceSecurityGroupId"); p["CidrIp"] = "10.0.0.0/16" }),
	},
	"HOUSE.EC2.5": {set("EgressRule", nil, "Description"), set("EgressRule", "0.0.0.0/0", "CidrIp")},
	"ELB.4":       {otherAttribute("routing.http.drop_invalid_header_fields.enabled", "false")},
	"ELB.12":      {otherAttribute("routing.http.desync_mitigation_mode", "monitor")},
	"ELB.5":       {otherAttribute("access_logs.s3.enabled", "false")},
	"ELB.6":       {otherAttribute("deletion_protection.enabled", "false")},
	"ELB.1":       {set("HttpListener", []any{map[string]any{"Type": "fixed-response"}}, "DefaultActions")},
	"ELB.16":      {without("Firewall", "LoadBalancer")},
	"ELB.17": {
		set("HttpsListener", "ELBSecurityPolicy-2016-08", "SslPolicy"),
		set("HttpsListener", "ELBSecurityPolicy-TLS13-1-2-2021-06", "SslPolicy"),
	},
	"S3.8": {
		unset("Bucket", "PublicAccessBlockConfiguration"),
		set("Bucket", false, "PublicAccessBlockConfiguration", "IgnorePublicAcls"),
	},
	"S3.5":       {without("BucketPolicy", "Bucket")},
	"CT.S3.PR.7": {unset("Bucket", "BucketEncryption")},
	"S3.13":      {unset("Bucket", "LifecycleConfiguration")},
	"DynamoDB.2": {firstReplica(func(r map[string]any) { delete(r, "PointInTimeRecoverySpecification") })},
	"DynamoDB.6": {firstReplica(func(r map[string]any) { r["DeletionProtectionEnabled"] = false })},
	"HOUSE.DynamoDB.1": {
		in("Table", func(r, _ map[string]any) { delete(r, "DeletionPolicy") }),
		in("Table", func(r, _ map[string]any) { r["UpdateReplacePolicy"] = "Delete" }),
	},
	"DynamoDB.1":       {set("Table", "PROVISIONED", "BillingMode")},
	"CT.DYNAMODB.PR.2": {unset("Table", "SSESpecification")},
	"CloudWatch.15":    {unset("Alarm", "AlarmActions"), set("Alarm", false, "ActionsEnabled")},
	"CloudWatch.16":    {unset("Logs", "RetentionInDays")},
	"SNS.1":            {unset("Topic", "KmsMasterKeyId")},
	"KMS.4":            {set("Key", false, "EnableKeyRotation")},
	"ECS.12":           {set("Cluster", []any{map[string]any{"Name": "containerInsights", "Value": "disabled"}}, "ClusterSettings")},
}

// in edits one resource, which is the one that breaks the control.
func in(resource string, edit func(resource, properties map[string]any)) mutant {
	return mutant{resource, func(resources map[string]any) {
		r := resources[resource].(map[string]any)
		edit(r, r["Properties"].(map[string]any))
	}}
}

// without removes a resource on which another one's control depends.
func without(gone, resource string) mutant {
	return mutant{resource, func(resources map[string]any) { delete(resources, gone) }}
}

func set(resource string, value any, path ...string) mutant {
	return in(resource, func(_, p map[string]any) {
		for _, name := range path[:len(path)-1] {
			p = p[name].(map[string]any)
		}
		p[path[len(path)-1]] = value
	})
}

func unset(resource, property string) mutant {
	return in(resource, func(_, p map[string]any) { delete(p, property) })
}

// statement edits the first statement of a policy document.
func statement(resource, document string, edit func(map[string]any)) mutant {
	return in(resource, func(_, p map[string]any) {
		edit(p[document].(map[string]any)["Statement"].([]any)[0].(map[string]any))
	})
}

func firstContainer(edit func(map[string]any)) mutant {
	return in("Task", func(_, p map[string]any) { edit(p["ContainerDefinitions"].([]any)[0].(map[string]any)) })
}

func firstReplica(edit func(map[string]any)) mutant {
	return in("Table", func(_, p map[string]any) { edit(p["Replicas"].([]any)[0].(map[string]any)) })
}

func otherAttribute(key, value string) mutant {
	return in("LoadBalancer", func(_, p map[string]any) {
		for _, a := range p["LoadBalancerAttributes"].([]any) {
			if attribute := a.(map[string]any); attribute["Key"] == key {
				attribute["Value"] = value
			}
		}
	})
}

func TestKeptTemplateKeepsEveryControl(t *testing.T) {
	whole := edited(t, nil)
	findings, err := Check([]template.Template{whole}, nil, nil)
	require.NoError(t, err)
	assert.Empty(t, findings)
	for _, c := range All() {
		assert.NotEmpty(t, ofType(whole, c.Type), "%s: the template has no %s", c.ID, c.Type)
	}
}

// Each mutant breaks its own control, and no other.
func TestEveryControlFindsItsMutants(t *testing.T) {
	for _, c := range All() {
		assert.NotEmpty(t, mutants[c.ID], "%s has no mutant", c.ID)
		for i, m := range mutants[c.ID] {
			findings, err := Check([]template.Template{edited(t, m.edit)}, nil, nil)
			require.NoError(t, err, c.ID)
			if !assert.NotEmpty(t, findings, "%s: mutant %d passed the check", c.ID, i) {
				continue
			}
			assert.Len(t, findings, 1, "mutant %d of %s", i, c.ID)
			assert.Equal(t, c.ID, findings[0].Control.ID, "mutant %d of %s", i, c.ID)
			assert.Equal(t, m.resource, findings[0].Resource.LogicalID, "mutant %d of %s", i, c.ID)
			assert.Equal(t, keptFile, findings[0].Template, "mutant %d of %s", i, c.ID)
		}
	}
	assert.Len(t, mutants, len(All()), "controls with mutants")
}

// A statement for all resources keeps the control only when AWS can limit none of its
// actions to a resource.
func TestStatementsForAllResources(t *testing.T) {
	for _, c := range All() {
		if c.ID != "HOUSE.IAM.3" && c.ID != "HOUSE.EC2.3" {
			continue
		}
		for _, test := range []struct {
			action any
			holds  bool
		}{
			{"ecr:GetAuthorizationToken", true},
			{"xray:PutTraceSegments", true},
			{[]any{"xray:PutTraceSegments"}, true},
			{[]any{"xray:PutTraceSegments", "xray:GetTraceSummaries"}, false},
			{[]any{"xray:PutTraceSegments", "dynamodb:GetItem"}, false},
			{[]any{"cloudwatch:GetMetricData", "elasticloadbalancing:DescribeRules"}, true},
			{"elasticloadbalancing:ModifyRule", false},
			{"xray:*", false},
			{"ecr:*", false},
			{nil, false},
		} {
			statement := map[string]any{"Effect": "Allow", "Action": test.action, "Resource": "*"}
			r := template.Resource{Properties: map[string]any{"PolicyDocument": map[string]any{"Statement": []any{statement}}}}
			assert.Equal(t, test.holds, c.Holds(r, template.Template{}), "%s with %v on all resources", c.ID, test.action)
		}
	}
}

// bare is the kept template with every resource that an exception covers.
func bare(t *testing.T) template.Template {
	return edited(t, func(resources map[string]any) {
		listener := resources["HttpListener"].(map[string]any)
		listener["Properties"] = map[string]any{"Protocol": "HTTP", "DefaultActions": []any{map[string]any{"Type": "fixed-response"}}}
		resources["LoadBalancerHttp70B2E5D1"] = listener
		delete(resources, "HttpListener")
		delete(resources, "Firewall")
		otherAttribute("deletion_protection.enabled", "false").edit(resources)
		resources["VpcS30FF1CE"] = map[string]any{"Type": endpoint, "Properties": map[string]any{"VpcEndpointType": "Gateway"}}
		for _, function := range []string{"CustomS3AutoDeleteObjects", "CustomVpcRestrictDefaultSG"} {
			resources[function+"CustomResourceProviderRole0FF1CE"] = map[string]any{
				"Type": role, "Properties": map[string]any{
					"ManagedPolicyArns": []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
					"AssumeRolePolicyDocument": map[string]any{"Statement": []any{map[string]any{
						"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": map[string]any{"Service": "lambda.amazonaws.com"}}}},
				}}
		}
	})
}

var allChoices = []Choice{NoDomain, NoFirewall, NotProtected, Internet}

func TestExceptionsHoldForTheirChoices(t *testing.T) {
	templates := []template.Template{bare(t)}
	findings, err := Check(templates, Choices{"shop-dev": allChoices}, Exceptions())
	require.NoError(t, err)
	assert.Empty(t, findings, "with every choice")

	for i, e := range Exceptions() {
		assert.NotEmpty(t, e.Reason, "the exception of %s", e.Control)
		assert.True(t, slices.ContainsFunc(All(), func(c Control) bool { return c.ID == e.Control }), "there is no control %s", e.Control)

		findings, err := Check(templates, Choices{"shop-dev": allChoices}, slices.Delete(Exceptions(), i, i+1))
		require.NoError(t, err)
		if assert.Len(t, findings, 1, "without the exception of %s", e.Control) {
			assert.Equal(t, e.Control, findings[0].Control.ID)
			assert.True(t, strings.HasPrefix(findings[0].Resource.LogicalID, e.Resource), findings[0].String())
		}
	}
	for i, choice := range allChoices {
		others := slices.Delete(slices.Clone(allChoices), i, i+1)
		findings, err := Check(templates, Choices{"shop-dev": others, "shop-prod": {choice}}, Exceptions())
		require.NoError(t, err)
		for _, f := range findings {
			covered := func(e Exception) bool { return e.Choice == choice && e.covers(f.Control, f.Resource) }
			assert.True(t, slices.ContainsFunc(Exceptions(), covered), f.String())
		}
		assert.NotEmpty(t, findings, "mutant passed the check: an environment that did not choose %s", choice)
	}
}

func TestExceptionsThatExceptNothing(t *testing.T) {
	templates := []template.Template{bare(t)}
	stale := Exception{Control: "ECS.5", Choice: NoDomain, Resource: "Task", Reason: "it wrote to its disk once"}
	_, err := Check(templates, Choices{"shop-dev": allChoices}, append(Exceptions(), stale))
	require.EqualError(t, err, "controls: no Task breaks ECS.5 any more: remove the exception")

	elsewhere := Exception{Control: "ECS.5", Choice: "no roof", Resource: "Task", Reason: "it writes to its disk there"}
	_, err = Check(templates, Choices{"shop-dev": allChoices}, append(Exceptions(), elsewhere))
	require.NoError(t, err, "an exception for a choice that no environment makes")
}

func TestFindingIsOneLine(t *testing.T) {
	findings, err := Check([]template.Template{edited(t, unset("Topic", "KmsMasterKeyId").edit)}, nil, nil)
	require.NoError(t, err)
	require.Len(t, findings, 1)
	assert.Equal(t, "Topic of Shop.template.json: SNS.1: Topics are encrypted under a KMS key: set KmsMasterKeyId", findings[0].String())
}

// The README's table is the controls, in their order.
func TestReadmeListsTheControls(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var rows strings.Builder
	for _, c := range All() {
		fmt.Fprintf(&rows, "| %s | %s |\n", c.ID, c.Title)
	}
	assert.Contains(t, string(readme), "| control | what holds |\n|---|---|\n"+rows.String()+"\n")
}
