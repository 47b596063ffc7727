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
			func(r Resource, _ Template) bool {
				return every(statements(r.at("AssumeRolePolicyDocument")), func(s any) bool {
					if !slices.Contains(list(at(s, "Principal", "Service")), any("ecs-tasks.amazonaws.com")) {
						return at(s, "Principal", "AWS") == nil && at(s, "Principal") != "*"
					}
					return at(s, "Condition", "StringEquals", "aws:SourceAccount") != nil && at(s, "Condition", "ArnLike", "aws:SourceArn") != nil
				})
			}},
		{"HOUSE.IAM.2", role, "No role has a policy that AWS manages, and so changes",
			"list what the role may do",
			func(r Resource, _ Template) bool { return len(list(r.at("ManagedPolicyArns"))) == 0 }},
		{"IAM.21", policy, "Policies allow actions by their names",
			"name each action",
			func(r Resource, _ Template) bool {
				return every(statements(r.at("PolicyDocument")), func(s any) bool {
					return at(s, "NotAction") == nil && every(list(at(s, "Action")), func(a any) bool {
						name, ok := a.(string)
						return ok && !strings.Contains(name, "*")
					})
				})
			}},
		{"HOUSE.IAM.3", policy, "Policies allow them on resources by their names, but for the registry's login and traces",
			"name each resource",
			func(r Resource, _ Template) bool {
				return every(statements(r.at("PolicyDocument")), func(s any) bool {
					return at(s, "NotResource") == nil && (nameless(s) || every(list(at(s, "Resource")), func(r any) bool { return r != "*" }))
				})
			}},
		{"HOUSE.IAM.4", taskDefinition, "A program does not act as the role that starts it",
			"give the task definition two roles",
			func(r Resource, _ Template) bool {
				task, execution := list(at(r.at("TaskRoleArn"), "Fn::GetAtt")), list(at(r.at("ExecutionRoleArn"), "Fn::GetAtt"))
				return len(task) > 0 && len(execution) > 0 && task[0] != execution[0]
			}},
	}
}

// nameless reports whether a statement is for an action alone that AWS lets nobody
// limit to a resource: the registry's login, or what a collector sends to X-Ray.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func nameless(statement any) bool {
	actions := list(at(statement, "Action"))
	return slices.Equal(actions, []any{"ecr:GetAuthorizationToken"}) || slices.Equal(actions, []any{"xray:PutTraceSegments"})
}

func statements(document any) []any { return list(at(document, "Statement")) }
