package test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/example"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
)

// access is what one role may do with one table: actions, sorted.
type access struct{ role, table string }

// reach computes from the templates which task role reaches which table or an index
// of it. Roles have the names of their services, tables those of their owners.
func reach(stage *assembly.Stage) map[access][]string {
	allowed, err := grants(stage, true)
	if err != nil {
		panic(err)
	}
	matrix, actions := map[access][]string{}, actionsOf(stage)
	for name, role := range stage.TaskRoles() {
		for _, table := range stage.Tables {
			for _, action := range actions {
				if strings.HasPrefix(action, "dynamodb:") && slices.ContainsFunc(tableARNs(stage, table), func(arn string) bool {
					return allowed[grant{deployedARN(stage, role.Resource), action, arn}]
				}) {
					cell := access{name, owner(table)}
					matrix[cell] = append(matrix[cell], action)
				}
			}
		}
	}
	return matrix
}

func arnOf(table assembly.Table) string {
	return fmt.Sprintf("${%s.%s.Arn}", table.Stack, table.LogicalID)
}

// owner is the service of the fixture or of the shipped catalog whose name the table's
// id starts with.
func owner(table assembly.Table) string {
	for _, s := range slices.Concat(fixture.Catalog().All(), example.Catalog().All()) {
		if strings.HasPrefix(table.LogicalID, s.ID()+"Table") {
			return s.Name
		}
	}
	return table.LogicalID
}

// Every role reaches what is its own and nothing else, in whatever phases the services
// are; the monolith's role also reaches the tables of services that are not strangled.
func TestEachRoleReachesItsOwn(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkReach(stage.Stage, stage.phases), name)
	}
}

func checkReach(stage *assembly.Stage, phases phases) error {
	return errors.Join(checkGrants(stage, phases), checkStatements(stage))
}

// checkStatements wants every statement of every role to name its actions and
// resources, for a reviewer to read, and to depend on no condition that another request
// would meet. The registry's login and a collector's traces have no resource to name.
func checkStatements(stage *assembly.Stage) error {
	var errs []error
	for _, role := range stage.Roles {
		for _, s := range role.Statements() {
			nameless := len(s.Action) == 1 && (s.Action[0] == "ecr:GetAuthorizationToken" || s.Action[0] == "xray:PutTraceSegments")
			if s.Effect != "Allow" || len(s.NotAction)+len(s.NotResource)+len(s.Condition) > 0 ||
				strings.Contains(strings.Join(s.Action, " "), "*") || slices.Contains(s.Resource, "*") && !nameless {
				errs = append(errs, fmt.Errorf("%s allows too much: %+v", role.LogicalID, s))
			}
		}
	}
	return errors.Join(errs...)
}

// ECS assumes a role only for tasks of the app's own account and region.
func TestRolesTrustTheirOwnAccount(t *testing.T) {
	for _, s := range situations {
		assert.NoError(t, checkTrust(at(t, s)), "%v", s)
	}
}

func checkTrust(stage *assembly.Stage) error {
	var errs []error
	want := map[string]map[string]assembly.Strings{
		"StringEquals": {"aws:SourceAccount": {"${AWS::AccountId}"}},
		"ArnLike":      {"aws:SourceArn": {"arn:aws:ecs:eu-west-1:${AWS::AccountId}:*"}},
	}
	for flows := range stage.Resources("AWS::EC2::FlowLog") {
		for _, role := range stage.Roles {
			if role.ARN() == flows.Properties["DeliverLogsPermissionArn"] {
				own := map[string]map[string]assembly.Strings{"StringEquals": {"aws:SourceAccount": {"${AWS::AccountId}"}}}
				errs = append(errs, equal(role.LogicalID+": the condition of its trust", own, role.Trust[0].Condition))
			}
		}
	}
	for _, task := range stage.TaskDefinitions {
		for _, role := range stage.Roles {
			if role.ARN() != task.TaskRole && role.ARN() != task.ExecutionRole {
				continue
			}
			if len(role.Trust) != 1 {
				errs = append(errs, fmt.Errorf("%s has %d statements of trust, want 1", role.LogicalID, len(role.Trust)))
				continue
			}
			errs = append(errs,
				equal(role.LogicalID+": the condition of its trust", want, role.Trust[0].Condition),
				equal(role.LogicalID+": the principal that it trusts", "map[Service:[ecs-tasks.amazonaws.com]]", fmt.Sprint(role.Trust[0].Principal)),
			)
		}
	}
	return errors.Join(errs...)
}

// A boundary that the environment names bounds every role, also the CDK's own.
func TestPermissionsBoundary(t *testing.T) {
	for _, role := range assemble(t, environment("permissionsBoundary", "teams")).Roles {
		assert.Equal(t, "arn:aws:iam::${AWS::AccountId}:policy/teams", role.PermissionsBoundary, role.LogicalID)
	}
	for _, role := range at(t, allLive).Roles {
		assert.Empty(t, role.PermissionsBoundary, "%s, without a boundary in the environment", role.LogicalID)
	}
}

func TestTrustMutants(t *testing.T) {
	conditions := func(statement map[string]any) map[string]any { return statement["Condition"].(map[string]any) }
	for name, edit := range map[string]func(statement map[string]any){
		"no condition":      func(statement map[string]any) { delete(statement, "Condition") },
		"any account":       func(statement map[string]any) { delete(conditions(statement), "StringEquals") },
		"any source":        func(statement map[string]any) { delete(conditions(statement), "ArnLike") },
		"another principal": func(statement map[string]any) { statement["Principal"] = map[string]any{"AWS": "*"} },
		"any region": func(statement map[string]any) {
			conditions(statement)["ArnLike"] = map[string]any{"aws:SourceArn": "arn:aws:ecs:*:*:*"}
		},
	} {
		for _, role := range []string{"AlphaTaskRole", "AlphaExecutionRole"} {
			mutant := mutated(t, allLive, "Alpha", func(resources map[string]any) {
				for id, r := range resources {
					resource := r.(map[string]any)
					if strings.HasPrefix(id, role) && resource["Type"] == "AWS::IAM::Role" {
						document := resource["Properties"].(map[string]any)["AssumeRolePolicyDocument"].(map[string]any)
						edit(document["Statement"].([]any)[0].(map[string]any))
					}
				}
			})
			assert.Error(t, checkTrust(mutant), "%s: %s: mutant passed the check", role, name)
		}
	}
}

// A program has the name of a table in its environment if its role reaches the table,
// and only then: the monolith does not serve what it may not touch.
func TestEnvironmentEqualsReach(t *testing.T) {
	for name, stage := range everywhere(t) {
		matrix := reach(stage.Stage)
		for _, task := range stage.TaskDefinitions {
			container := task.Containers[0]
			for _, table := range stage.Tables {
				variable := services.TableVariable(owner(table))
				want := ""
				if _, granted := matrix[access{container.Name, owner(table)}]; granted {
					want = table.Identity()
				}
				assert.Equal(t, want, container.Environment[variable], "%s: %s of %s", name, variable, container.Name)
			}
		}
	}
}

// withGrant is the fixture, all live, after an edit of what alpha's task role may do.
func withGrant(t *testing.T, edit func(document map[string]any)) *assembly.Stage {
	return mutated(t, allLive, "Alpha", func(resources map[string]any) {
		for id, r := range resources {
			if strings.HasPrefix(id, "AlphaTaskRoleAlphaTable") {
				edit(r.(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any))
			}
		}
	})
}

func TestPermissionMutants(t *testing.T) {
	stage := at(t, allLive)
	for name, edit := range map[string]func(statement map[string]any){
		"any action":             func(statement map[string]any) { statement["Action"] = "dynamodb:*" },
		"one action more":        func(statement map[string]any) { statement["Action"] = []any{"dynamodb:GetItem", "dynamodb:Scan"} },
		"any resource":           func(statement map[string]any) { statement["Resource"] = "*" },
		"the table of another":   func(statement map[string]any) { statement["Resource"] = tableOf(stage, "gamma") },
		"everything but actions": func(statement map[string]any) { delete(statement, "Action"); statement["NotAction"] = "dynamodb:Scan" },
		"under a condition": func(statement map[string]any) {
			statement["Condition"] = map[string]any{"StringLikeIfExists": map[string]any{"aws:SourceVpc": "*"}}
		},
	} {
		mutant := withGrant(t, func(document map[string]any) { edit(document["Statement"].([]any)[0].(map[string]any)) })
		assert.Error(t, checkReach(mutant, allLive.phases()), "%s: mutant passed the check", name)
	}
}

// The evaluation of the policies finds these by what they allow, or no longer do, and
// not by how they are written.
func TestGrantMutants(t *testing.T) {
	stage := at(t, allLive)
	for name, edit := range map[string]func(statement map[string]any){
		"an action wildcard within a word": func(statement map[string]any) {
			statement["Action"] = []any{"dynamodb:Get*", "dynamodb:PutItem", "dynamodb:Query"}
		},
		"an action wildcard for one letter": func(statement map[string]any) {
			statement["Action"] = []any{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:S?an"}
		},
		"everything but actions": func(statement map[string]any) { delete(statement, "Action"); statement["NotAction"] = "dynamodb:Scan" },
		"everything but a resource": func(statement map[string]any) {
			delete(statement, "Resource")
			statement["NotResource"] = tableOf(stage, "gamma")
		},
		"a pattern for another table": func(statement map[string]any) {
			statement["Resource"] = append(statement["Resource"].([]any), "arn:aws:dynamodb:*:*:table/fixture-dev-Data-Gamma*")
		},
		"a Deny in the place of an Allow": func(statement map[string]any) { statement["Effect"] = "Deny" },
		"a condition that never holds": func(statement map[string]any) {
			statement["Condition"] = map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}
		},
		"a condition that the evaluation does not know": func(statement map[string]any) {
			statement["Condition"] = map[string]any{"IpAddress": map[string]any{"aws:SourceIp": "0.0.0.0/0"}}
		},
	} {
		mutant := withGrant(t, func(document map[string]any) { edit(document["Statement"].([]any)[0].(map[string]any)) })
		assert.Error(t, checkGrants(mutant, allLive.phases()), "%s: mutant passed the check", name)
	}
}

// A further statement is found, also under a condition that is always true.
func TestConditionThatIsAlwaysTrue(t *testing.T) {
	mutant := withGrant(t, func(document map[string]any) {
		document["Statement"] = append(document["Statement"].([]any), map[string]any{
			"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
			"Condition": map[string]any{"StringLike": map[string]any{"aws:PrincipalArn": "*"}},
		})
	})
	assert.Error(t, checkGrants(mutant, allLive.phases()), "mutant passed the check")
}

// An Allow of everything under a Deny of all but the service's own resources is the
// same grant, until the Deny is lifted.
func TestDenyThatIsLifted(t *testing.T) {
	underDeny := func(lifted bool) *assembly.Stage {
		return withGrant(t, func(document map[string]any) {
			own := document["Statement"].([]any)[0].(map[string]any)
			deny := map[string]any{"Effect": "Deny", "Action": "*", "NotResource": own["Resource"]}
			if own["Resource"] = "*"; !lifted {
				document["Statement"] = append(document["Statement"].([]any), deny)
			}
		})
	}
	assert.NoError(t, checkGrants(underDeny(false), allLive.phases()))
	assert.Error(t, checkGrants(underDeny(true), allLive.phases()), "the Deny is lifted: mutant passed the check")
	plainHTTP := mutated(t, allLive, "Edge", func(resources map[string]any) {
		document := ofType(resources, "AWS::S3::BucketPolicy")[0]["PolicyDocument"].(map[string]any)
		document["Statement"] = document["Statement"].([]any)[1:]
	})
	assert.Error(t, checkGrants(plainHTTP, allLive.phases()), "a bucket read over plain HTTP: mutant passed the check")
}

// A managed policy, a boundary and a bucket's policy change what a role may do as well.
func TestRoleMutants(t *testing.T) {
	boundary := map[string]any{
		"Type": "AWS::IAM::ManagedPolicy",
		"Properties": map[string]any{"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
		}}},
	}
	for name, edit := range map[string]func(role map[string]any){
		"a policy that AWS manages": func(role map[string]any) {
			role["ManagedPolicyArns"] = []any{"arn:aws:iam::aws:policy/AdministratorAccess"}
		},
		"a managed policy of the stack": func(role map[string]any) { role["ManagedPolicyArns"] = []any{map[string]any{"Ref": "Boundary"}} },
		"a boundary that is too tight":  func(role map[string]any) { role["PermissionsBoundary"] = map[string]any{"Ref": "Boundary"} },
		"a boundary of no stack":        func(role map[string]any) { role["PermissionsBoundary"] = "arn:aws:iam::111122223333:policy/limit" },
	} {
		mutant := mutated(t, allLive, "Alpha", func(resources map[string]any) {
			resources["Boundary"] = boundary
			for id, r := range resources {
				if resource := r.(map[string]any); strings.HasPrefix(id, "AlphaTaskRole") && resource["Type"] == "AWS::IAM::Role" {
					edit(resource["Properties"].(map[string]any))
				}
			}
		})
		assert.Error(t, checkGrants(mutant, allLive.phases()), "%s: mutant passed the check", name)
	}
	admitting := mutated(t, allLive, "Edge", func(resources map[string]any) {
		document := ofType(resources, "AWS::S3::BucketPolicy")[0]["PolicyDocument"].(map[string]any)
		document["Statement"].([]any)[2].(map[string]any)["Principal"] = "*"
	})
	assert.Error(t, checkGrants(admitting, allLive.phases()), "a bucket that lets every role write: mutant passed the check")
}

// tableOf is a reference to a table's ARN as the templates write it.
func tableOf(stage *assembly.Stage, name string) any {
	data, _ := stage.Stack("Data")
	for _, output := range data.Outputs {
		for _, table := range stage.Tables {
			if owner(table) == name && output.Value == arnOf(table) {
				return map[string]any{"Fn::ImportValue": output.Export}
			}
		}
	}
	panic("no table of " + name)
}
