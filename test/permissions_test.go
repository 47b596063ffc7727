package test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.com/forum/services"
	"example.com/forum/test/assembly"
)

// access is what one role may do with one table: actions, sorted.
type access struct{ role, table string }

// reach computes from the templates which task role reaches which table. Roles
// go by their services' names, tables by their owners'.
func reach(stage *assembly.Stage) map[access][]string {
	matrix := map[access][]string{}
	for name, role := range taskRoles(stage) {
		for _, statement := range statements(role) {
			for _, resource := range statement.Resource {
				for _, table := range stage.Tables {
					if resource != table.Identity() && !strings.HasPrefix(resource, arnOf(table)) {
						continue
					}
					cell := access{name, owner(table)}
					matrix[cell] = append(matrix[cell], statement.Action...)
				}
			}
		}
	}
	for cell, actions := range matrix {
		slices.Sort(actions)
		matrix[cell] = slices.Compact(actions)
	}
	return matrix
}

func arnOf(table assembly.Table) string {
	return fmt.Sprintf("${%s.%s.Arn}", table.Stack, table.LogicalID)
}

// owner is the service whose name the table's id starts with.
func owner(table assembly.Table) string {
	for _, s := range services.Forum.Services {
		if strings.HasPrefix(table.LogicalID, s.ID()+"Table") {
			return s.Name
		}
	}
	return table.LogicalID
}

// taskRoles are the roles that programs act as, by the service's name.
func taskRoles(stage *assembly.Stage) map[string]assembly.Role {
	roles := map[string]assembly.Role{}
	for _, task := range stage.TaskDefinitions {
		for _, role := range stage.Roles {
			if role.ARN() == task.TaskRole {
				roles[task.Containers[0].Name] = role
			}
		}
	}
	return roles
}

func statements(role assembly.Role) []assembly.Statement {
	var all []assembly.Statement
	for _, policy := range role.Policies {
		all = append(all, policy.Statements...)
	}
	return all
}

// A task role reaches its own table and no other; the monolith's reach is that
// of the services that still need it.
func TestEachRoleReachesItsOwnTable(t *testing.T) {
	for _, s := range situations {
		if err := checkReach(at(t, s), s); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func checkReach(stage *assembly.Stage, s situation) error {
	want := map[access][]string{}
	catalog, err := services.Forum.Complete()
	if err != nil {
		return err
	}
	for _, service := range catalog.Services {
		if service.Table == nil {
			continue
		}
		var actions []string
		for _, action := range service.Table.Actions {
			actions = append(actions, "dynamodb:"+action)
		}
		slices.Sort(actions)
		want[access{service.Name, service.Name}] = actions
		if s.phase != "strangled" {
			want[access{"monolith", service.Name}] = actions
		}
	}
	if got := reach(stage); !maps.EqualFunc(got, want, slices.Equal) {
		return fmt.Errorf("reach is %v, want %v", got, want)
	}
	return checkStatements(stage)
}

// checkStatements wants every statement of every role to name its actions and
// resources. The one thing AWS lets nobody name is the registry's login.
func checkStatements(stage *assembly.Stage) error {
	var errs []error
	for _, role := range stage.Roles {
		for _, s := range statements(role) {
			login := len(s.Action) == 1 && s.Action[0] == "ecr:GetAuthorizationToken"
			if s.Effect != "Allow" || len(s.NotAction)+len(s.NotResource) > 0 ||
				strings.Contains(strings.Join(s.Action, " "), "*") || slices.Contains(s.Resource, "*") && !login {
				errs = append(errs, fmt.Errorf("%s allows too much: %+v", role.LogicalID, s))
			}
		}
	}
	return errors.Join(errs...)
}

// ECS assumes a role only for tasks of the app's own account and region.
func TestRolesTrustTheirOwnAccount(t *testing.T) {
	for _, s := range situations {
		if err := checkTrust(at(t, s)); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func checkTrust(stage *assembly.Stage) error {
	var errs []error
	want := map[string]map[string]assembly.Strings{
		"StringEquals": {"aws:SourceAccount": {"${AWS::AccountId}"}},
		"ArnLike":      {"aws:SourceArn": {"arn:aws:ecs:eu-west-1:${AWS::AccountId}:*"}},
	}
	for _, task := range stage.TaskDefinitions {
		for _, role := range stage.Roles {
			if role.ARN() != task.TaskRole && role.ARN() != task.ExecutionRole {
				continue
			}
			if len(role.Trust) != 1 || !reflect.DeepEqual(role.Trust[0].Condition, want) || fmt.Sprint(role.Trust[0].Principal) != "map[Service:[ecs-tasks.amazonaws.com]]" {
				errs = append(errs, fmt.Errorf("%s trusts %+v", role.LogicalID, role.Trust))
			}
		}
	}
	return errors.Join(errs...)
}

// A boundary that the environment names bounds every role, also the CDK's own.
func TestPermissionsBoundary(t *testing.T) {
	for _, role := range assemble(t, environment("permissionsBoundary", "teams")).Roles {
		if role.PermissionsBoundary != "arn:aws:iam::${AWS::AccountId}:policy/teams" {
			t.Errorf("%s is bounded by %q", role.LogicalID, role.PermissionsBoundary)
		}
	}
	for _, role := range at(t, situation{"live", services.Serving}).Roles {
		if role.PermissionsBoundary != "" {
			t.Errorf("%s is bounded by %q, and nobody asked", role.LogicalID, role.PermissionsBoundary)
		}
	}
}

func TestTrustMutants(t *testing.T) {
	s := situation{"live", services.Serving}
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
		for _, role := range []string{"UsersTaskRole", "UsersExecutionRole"} {
			mutant := mutated(t, s, "Users", func(resources map[string]any) {
				for id, r := range resources {
					resource := r.(map[string]any)
					if strings.HasPrefix(id, role) && resource["Type"] == "AWS::IAM::Role" {
						document := resource["Properties"].(map[string]any)["AssumeRolePolicyDocument"].(map[string]any)
						edit(document["Statement"].([]any)[0].(map[string]any))
					}
				}
			})
			if checkTrust(mutant) == nil {
				t.Errorf("%s: %s: nobody notices", role, name)
			}
		}
	}
}

// What the monolith may not touch it does not know of either.
func TestEnvironmentEqualsReach(t *testing.T) {
	for _, s := range situations {
		stage := at(t, s)
		matrix := reach(stage)
		for _, task := range stage.TaskDefinitions {
			container := task.Containers[0]
			for _, table := range stage.Tables {
				variable := services.TableVariable(owner(table))
				_, granted := matrix[access{container.Name, owner(table)}]
				if value, told := container.Environment[variable]; told != granted || told && value != table.Identity() {
					t.Errorf("%v: %s has %s=%q, its role reaches the table: %v", s, container.Name, variable, value, granted)
				}
			}
		}
	}
}

func TestPermissionMutants(t *testing.T) {
	s := situation{"live", services.Serving}
	stage := at(t, s)
	for name, edit := range map[string]func(statement map[string]any){
		"any action":             func(statement map[string]any) { statement["Action"] = "dynamodb:*" },
		"one action more":        func(statement map[string]any) { statement["Action"] = []any{"dynamodb:GetItem", "dynamodb:Scan"} },
		"any resource":           func(statement map[string]any) { statement["Resource"] = "*" },
		"the table of another":   func(statement map[string]any) { statement["Resource"] = tableOf(stage, "posts") },
		"everything but actions": func(statement map[string]any) { delete(statement, "Action"); statement["NotAction"] = "dynamodb:Scan" },
	} {
		mutant := mutated(t, s, "Users", func(resources map[string]any) {
			role := taskRoles(stage)["users"].LogicalID
			for id, r := range resources {
				if strings.HasPrefix(id, strings.TrimSuffix(role, role[len(role)-8:])+"DefaultPolicy") {
					document := r.(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)
					edit(document["Statement"].([]any)[0].(map[string]any))
				}
			}
		})
		if checkReach(mutant, s) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

// tableOf is a reference to a table's ARN as the templates write it.
func tableOf(stage *assembly.Stage, name string) any {
	data, _ := stage.Stack("Data")
	for _, output := range data.Outputs {
		for _, table := range stage.Tables {
			if owner(table) == name && output.Value == arnOf(table) {
				return map[string]any{"Fn::GetStackOutput": map[string]any{"StackName": data.Name, "OutputName": output.ID}}
			}
		}
	}
	panic("no table of " + name)
}
