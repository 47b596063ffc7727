package test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/fixture"
)

// A role keeps a right until ECS has replaced the tasks of the definition that came with it: a
// monolith that still runs with the name of a table may still call it. This holds where the
// deployment replaces the tasks, as strangling does; the others here change a variable too.
func TestNoTaskLosesARight(t *testing.T) {
	live := at(t, situation{"live", services.Serving})
	release := func(s *services.Service) { s.Environment = map[string]string{"RELEASE": "2"} }
	released := func(name string, edit func(*services.Service)) *assembly.Stage {
		return assemble(t, editService(name, release), editService("legacy", release), editService(name, edit))
	}
	for name, after := range map[string]*assembly.Stage{
		"one service is strangled": assemble(t, contextKey("gamma", "strangled")),
		"all are":                  at(t, situation{"strangled", services.Serving}),
		"fewer calls of a table":   released("alpha", func(s *services.Service) { s.Table.Actions = []string{"GetItem"} }),
		"a permission less":        released("gamma", func(s *services.Service) { s.Needs.Permissions = s.Needs.Permissions[1:] }),
		"an action less":           released("gamma", func(s *services.Service) { s.Needs.Permissions[0].Actions = []string{"sqs:SendMessage"} }),
		"a secret less":            released("gamma", func(s *services.Service) { delete(s.Needs.Secrets, "DATABASE_URL") }),
		"no collector":             released("gamma", func(s *services.Service) { s.Collector = "" }),
	} {
		taken, err := rightsTaken(t, live, after)
		assert.NoError(t, err, name)
		assert.NotEmpty(t, taken, "%s: every role keeps all", name)
	}
	// The monolith of the largest catalog has more than fits into its role.
	largest := grown(fixture.MostServices)
	taken, err := rightsTaken(t, assemble(t, largest), assemble(t, largest, contextKey("alpha", "strangled")))
	require.NoError(t, err)
	assert.NotEmpty(t, taken)
}

// What a role may do has room: IAM takes 10,240 characters in the policies of a role itself, 6,144
// in a managed one, and ten of those, of which as many come and go in one deployment.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestGrantsHaveRoom(t *testing.T) {
	inline, managed := map[any]int{}, map[any]int{}
	stage := assemble(t, grown(fixture.MostServices))
	for policy := range stage.Resources("AWS::IAM::Policy") {
		inline[policy.Properties["Roles"].([]any)[0]] += sizeOf(t, policy)
	}
	for policy := range stage.Resources("AWS::IAM::ManagedPolicy") {
		managed[policy.Properties["Roles"].([]any)[0]]++
		assert.Less(t, sizeOf(t, policy), 6144, policy.LogicalID)
	}
	for role, size := range inline {
		assert.Less(t, size, 10_240-1000, "%v, with room for one more while a deployment goes on", role)
	}
	require.Len(t, managed, 1, "the monolith's")
	for _, n := range managed {
		assert.LessOrEqual(t, 2*n, 10)
	}
}

// sizeOf is the size of a policy. A reference stands for an ARN of 100 characters or so.
func sizeOf(t *testing.T, policy assembly.Resource) int {
	t.Helper()
	text, err := json.Marshal(policy.Properties["PolicyDocument"])
	require.NoError(t, err)
	return len(text) + 80*strings.Count(string(text), "${")
}

// Rights that are in one policy with others go while the tasks that use them run.
func TestNoTaskLosesARightMutants(t *testing.T) {
	together := mutated(t, situation{"live", services.Serving}, "Legacy", func(resources map[string]any) {
		alpha, gamma := idOf(resources, "LegacyTaskRoleAlphaTable"), idOf(resources, "LegacyTaskRoleGammaTable")
		one, other := policyDocument(resources[alpha]), policyDocument(resources[gamma])
		one["Statement"] = append(one["Statement"].([]any), other["Statement"].([]any)...)
		delete(resources, gamma)
		for _, r := range resources {
			resource := r.(map[string]any)
			if on, ok := resource["DependsOn"].([]any); ok {
				resource["DependsOn"] = slices.DeleteFunc(on, func(id any) bool { return id == gamma })
			}
		}
	})
	_, err := rightsTaken(t, together, assemble(t, contextKey("gamma", "strangled")))
	assert.ErrorContains(t, err, "Legacy: tasks run without dynamodb:GetItem", "mutant passed the check")
}

// What the catalog says twice is one grant.
func TestGrantsThatAreEqual(t *testing.T) {
	twice := assemble(t, editService("gamma", func(s *services.Service) {
		again := s.Needs.Permissions[0]
		again.Resources = []string{strings.Replace(again.Resources[0], "${AWS::Region}", "eu-west-1", 1)}
		s.Needs.Permissions = append(s.Needs.Permissions, s.Needs.Permissions[0], again)
	}))
	assert.Equal(t, at(t, allLive).TaskRoles()["gamma"].Statements(), twice.TaskRoles()["gamma"].Statements())
}

func idOf(resources map[string]any, prefix string) string {
	for id := range resources {
		if strings.HasPrefix(id, prefix) {
			return id
		}
	}
	return ""
}

func policyDocument(policy any) map[string]any {
	return policy.(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)
}

// rightsTaken deploys one stage over another. It returns what roles may no longer do, and an
// error for what they may not do while tasks of the first stage run.
func rightsTaken(t *testing.T, before, after *assembly.Stage) (taken []string, err error) {
	t.Helper()
	r := &rights{held: map[string]cloudformation.Resource{}}
	account := cloudformation.New(r, nil)
	require.NoError(t, account.Deploy(t.Context(), before))
	r.needed = r.all("")
	err = account.Deploy(t.Context(), after)
	now := r.all("")
	taken = slices.DeleteFunc(r.needed, func(right string) bool { return slices.Contains(now, right) })
	for _, right := range taken {
		stack, _, _ := strings.Cut(right, ": ")
		assert.Contains(t, r.replaced, stack, "%s, whose tasks go on", right)
	}
	return taken, err
}

// rights are those that the policies of an account give. A service whose tasks are replaced wants
// what was needed before.
type rights struct {
	mu     sync.Mutex
	held   map[string]cloudformation.Resource
	needed []string
	// replaced are the stacks whose tasks were replaced.
	replaced []string
}

var _ cloudformation.Provider = (*rights)(nil)

func (r *rights) Create(_ context.Context, _ cloudformation.Deployment, to cloudformation.Resource) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[to.ID] = to
	return nil
}

func (r *rights) Update(ctx context.Context, d cloudformation.Deployment, _, to cloudformation.Resource) error {
	if to.Type == ecsService {
		r.mu.Lock()
		r.replaced = append(r.replaced, to.Stack)
		r.mu.Unlock()
		now := r.all(to.Stack)
		for _, right := range r.needed {
			if strings.HasPrefix(right, to.Stack+": ") && !slices.Contains(now, right) {
				return fmt.Errorf("%s", strings.Replace(right, ": ", ": tasks run without ", 1))
			}
		}
	}
	return r.Create(ctx, d, to)
}

func (r *rights) Delete(_ context.Context, old cloudformation.Resource) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, old.ID)
	return nil
}

// all are the rights in a stack, and in every one for "", such as "Alpha: dynamodb:GetItem on …
// by …".
func (r *rights) all(stack string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, policy := range r.held {
		if !strings.HasPrefix(policy.Type, "AWS::IAM::") || policy.Properties["PolicyDocument"] == nil || stack != "" && policy.Stack != stack {
			continue
		}
		for _, s := range policy.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			statement := s.(map[string]any)
			for _, action := range listed(statement["Action"]) {
				if strings.HasPrefix(action.(string), "ecr:") {
					continue // a task that runs has its image
				}
				for _, resource := range listed(statement["Resource"]) {
					all = append(all, fmt.Sprintf("%s: %s on %v by %v", policy.Stack, action, resource, policy.Properties["Roles"]))
				}
			}
		}
	}
	return all
}

// listed is a value, or a list of them, as a list.
func listed(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}
