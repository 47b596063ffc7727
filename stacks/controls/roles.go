package controls

import (
	"slices"
	"strings"
)

const (
	role   = "AWS::IAM::Role"
	policy = "AWS::IAM::Policy"
)

func roles() []Control {
	return []Control{
		{"HOUSE.IAM.1", role, "ECS assumes a role only for tasks of its own account and region",
			"trust ecs-tasks.amazonaws.com with aws:SourceAccount and ArnLike aws:SourceArn",
			properties(func(p any) bool {
				return every(statements(at(p, "AssumeRolePolicyDocument")), func(s any) bool {
					if !slices.Contains(list(at(s, "Principal", "Service")), any("ecs-tasks.amazonaws.com")) {
						return at(s, "Principal", "AWS") == nil && at(s, "Principal") != "*"
					}
					return at(s, "Condition", "StringEquals", "aws:SourceAccount") != nil && at(s, "Condition", "ArnLike", "aws:SourceArn") != nil
				})
			})},
		{"HOUSE.IAM.2", role, "No role has an AWS managed policy, which changes without a deployment",
			"list what the role may do",
			properties(func(p any) bool { return len(list(at(p, "ManagedPolicyArns"))) == 0 })},
		{"IAM.21", policy, "Policies name each action, without wildcards",
			"name each action",
			properties(func(p any) bool {
				return every(statements(at(p, "PolicyDocument")), func(s any) bool {
					return at(s, "NotAction") == nil && every(list(at(s, "Action")), func(a any) bool {
						name, ok := a.(string)
						return ok && !strings.Contains(name, "*")
					})
				})
			})},
		{"HOUSE.IAM.3", policy, "Policies name each resource, except for actions that have none",
			"name each resource",
			properties(func(p any) bool {
				return every(statements(at(p, "PolicyDocument")), func(s any) bool {
					return at(s, "NotResource") == nil && (hasNoResources(s) || namesResources(s))
				})
			})},
		{"HOUSE.IAM.4", taskDefinition, "The task role is not the execution role",
			"give the task definition two roles",
			properties(func(p any) bool {
				task, execution := list(at(p, "TaskRoleArn", "Fn::GetAtt")), list(at(p, "ExecutionRoleArn", "Fn::GetAtt"))
				return len(task) > 0 && len(execution) > 0 && task[0] != execution[0]
			})},
	}
}

// hasNoResources reports whether a statement is of actions alone that AWS cannot limit to a
// resource.
func hasNoResources(statement any) bool {
	actions := list(at(statement, "Action"))
	return len(actions) > 0 && every(actions, func(a any) bool { return slices.Contains(withoutResource, a) })
}

// withoutResource are the actions that have no resource: the registry's login, the upload of
// traces, and what a verdict reads of metrics and of load balancers.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
var withoutResource = []any{
	"ecr:GetAuthorizationToken", "xray:PutTraceSegments", "cloudwatch:GetMetricData", "elasticloadbalancing:DescribeRules",
	"elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTargetGroups",
}

// namesResources reports whether a statement is for resources, and not for "*".
func namesResources(statement any) bool {
	return every(list(at(statement, "Resource")), func(r any) bool { return r != "*" })
}

func statements(document any) []any { return list(at(document, "Statement")) }
