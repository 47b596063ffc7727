package test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
)

const (
	listenerRule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	ecsService   = "AWS::ECS::Service"
)

// A path must never lead to tasks that cannot answer: not while a stack is
// created, nor, because CloudFormation deletes in reverse order, while it is
// deleted.
func TestNoRequestIsLostOnTheWayInOrOut(t *testing.T) {
	for _, s := range situations {
		assert.NoError(t, checkOrder(at(t, s), s), "%v", s)
	}
}

// Each mutant breaks the order in one place.
func TestOrderMutants(t *testing.T) {
	edits := map[string]func(stage *assembly.Stage, resources map[string]any){
		"the live rule does not wait for the service": func(stage *assembly.Stage, resources map[string]any) {
			_, live := rulesOf(stage, "alpha")
			delete(resources[live.LogicalID].(map[string]any), "DependsOn")
		},
		"the service does not wait for the preview rule": func(stage *assembly.Stage, resources map[string]any) {
			preview, _ := rulesOf(stage, "alpha")
			dropDependency(resources, ecsService, preview.LogicalID)
		},
		"the service does not wait for the way in from the load balancer": func(stage *assembly.Stage, resources map[string]any) {
			dropDependency(resources, ecsService, only(stage, "Alpha", "AWS::EC2::SecurityGroupIngress").LogicalID)
		},
		"the live rule waits for nothing but the service": func(stage *assembly.Stage, resources map[string]any) {
			_, live := rulesOf(stage, "alpha")
			resources[live.LogicalID].(map[string]any)["DependsOn"] = []any{only(stage, "Alpha", ecsService).LogicalID}
		},
	}
	for name, edit := range edits {
		mutant := mutated(t, allLive, "Alpha", func(resources map[string]any) { edit(at(t, allLive), resources) })
		assert.Error(t, checkOrder(mutant, allLive), "%s: mutant passed the check", name)
	}
}

// checkOrder wants in every service's stack the preview rule before the ECS
// service, all else either before the service or after it, and the live rule last.
func checkOrder(stage *assembly.Stage, s situation) error {
	var errs []error
	for _, service := range stage.Services {
		stack, _ := stage.Stack(service.Stack)
		preview, live := rulesOf(stage, service.Program())
		if isWorker(service) != (preview == nil) || preview != nil && !stack.DependsOn(service.LogicalID, preview.LogicalID) {
			errs = append(errs, fmt.Errorf("%s: the service does not depend on its preview rule", service.Stack))
		}
		if wantLive := hasLiveRule(service, s); wantLive != (live != nil) {
			errs = append(errs, fmt.Errorf("%s: live rule is %v, want %v", service.Stack, live != nil, wantLive))
		}
		for other := range needed(stack) {
			before, after := stack.DependsOn(service.LogicalID, other.LogicalID), stack.DependsOn(other.LogicalID, service.LogicalID)
			if other.LogicalID != service.LogicalID && !before && !after {
				errs = append(errs, fmt.Errorf("%s: %s is ordered neither before nor after the service", service.Stack, other.LogicalID))
			}
		}
		if live == nil {
			continue
		}
		for other := range needed(stack) {
			if other.LogicalID != live.LogicalID && !stack.DependsOn(live.LogicalID, other.LogicalID) {
				errs = append(errs, fmt.Errorf("%s: the live rule does not depend on %s", service.Stack, other.LogicalID))
			}
		}
	}
	return errors.Join(errs...)
}

// needed are the resources without which a request could fail: all but alarms,
// budgets and queries.
func needed(stack *assembly.Stack) iter.Seq[assembly.Resource] {
	beside := []string{"AWS::CloudWatch::Alarm", "AWS::Budgets::Budget", "AWS::Logs::QueryDefinition"}
	return func(yield func(assembly.Resource) bool) {
		for _, r := range stack.Resources {
			if !slices.Contains(beside, r.Type) && !yield(r) {
				return
			}
		}
	}
}

func hasLiveRule(service assembly.Service, s situation) bool {
	if isWorker(service) {
		return false
	}
	if service.Stack == "Legacy" {
		return s.monolith == services.Serving
	}
	return s.phase != "dark"
}

// The grant and the path move in the order in which some program can always serve.
func TestOrderBetweenStacks(t *testing.T) {
	for _, s := range situations {
		stage := at(t, s)
		monolith, ok := stage.Stack("Legacy")
		if !ok {
			continue
		}
		for _, service := range fixture.Catalog().Services {
			stack, _ := stage.Stack(service.ID())
			before, after := monolith, stack
			if s.phase == "strangled" {
				before, after = stack, monolith
			}
			assert.Contains(t, after.Dependencies, before.ID, "%v: %s is not deployed after %s", s, after.ID, before.ID)
			assert.NotContains(t, before.Dependencies, after.ID, "%v: %s is deployed after %s", s, before.ID, after.ID)
		}
	}
}

// What a service takes from the monolith goes from it after the path has moved, and is back
// before the path is. A part that the monolith needs itself, or for another service, stays.
func TestTakenNeedsMoveInOrder(t *testing.T) {
	const queue = "arn:aws:sqs:eu-west-1:123456789012:jobs"
	takes := services.Needs{
		Secrets:     map[string]services.Secret{"TAKEN": {Secret: "beta"}, "GAMMA_KEY": {Secret: "legacy/gamma"}},
		Permissions: []services.Permission{{Actions: []string{"sqs:SendMessage"}, Resources: []string{queue}}},
		Egress: []services.Egress{
			{To: "192.168.20.0/24", Port: 6379, Reason: "sessions"}, {To: "192.168.10.0/24", Port: 25, Reason: "mail of the office"},
		},
	}
	taking := editService("beta", func(s *services.Service) { s.Takes = takes })
	live := assemble(t, taking)
	strangled := assemble(t, taking, contextKey("beta", "strangled"))
	held := func(stage *assembly.Stage) []string {
		var all []string
		for _, name := range []string{"TAKEN", "GAMMA_KEY"} {
			if secretsOf(stage)["legacy"][name] != "" {
				all = append(all, name)
			}
		}
		for _, statement := range stage.TaskRoles()["legacy"].Statements() {
			if slices.Contains(statement.Resource, queue) {
				all = append(all, statement.Action...)
			}
		}
		for rule := range stage.Resources("AWS::EC2::SecurityGroupEgress") {
			if block, ok := rule.Properties["CidrIp"].(string); ok && rule.Stack == "Legacy" {
				all = append(all, block)
			}
		}
		return all
	}
	assert.ElementsMatch(t, []string{"TAKEN", "GAMMA_KEY", "sqs:SendMessage", "192.168.20.0/24", "192.168.10.0/24"}, held(live))
	assert.ElementsMatch(t, []string{"GAMMA_KEY", "192.168.10.0/24"}, held(strangled))
	assert.Equal(t, []string{"Legacy"}, changed(live, strangled), "stacks that strangling changes")
	dependsOn := func(stage *assembly.Stage, after, before string) bool {
		return slices.Contains(stackOf(t, stage, after).Dependencies, before)
	}
	assert.True(t, dependsOn(strangled, "Legacy", "Beta"), "the path moves first")
	assert.True(t, dependsOn(live, "Beta", "Legacy"), "what was taken returns first")
}
