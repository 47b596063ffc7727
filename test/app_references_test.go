package test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/synth"
)

// No template reads another stack's output by name, which CloudFormation would look up
// for each occurrence.
func TestReferencesAreStrong(t *testing.T) {
	for _, s := range situations {
		for _, stack := range at(t, s).Stacks {
			assert.NotContains(t, string(stack.Template.Text), "Fn::GetStackOutput", "%v: %s", s, stack.ID)
		}
	}
}

// exportsOf are the names that a stack exports, in order.
func exportsOf(stage *assembly.Stage, stack string) []string {
	s, _ := stage.Stack(stack)
	var names []string
	for _, output := range s.Outputs {
		if output.Export != "" {
			names = append(names, output.Export)
		}
	}
	slices.Sort(names)
	return names
}

// Whichever phases read them, the stacks that others build on export the same.
func TestExportsDoNotFollowThePhases(t *testing.T) {
	dark := at(t, situations[0])
	for _, stack := range []string{"Platform", "Data", "Edge", "Watch", "Alpha", "Legacy"} {
		want := exportsOf(dark, stack)
		require.NotEmpty(t, want, stack)
		for _, s := range situations[1:] {
			if s.monolith == services.Retired && stack == "Legacy" {
				continue
			}
			assert.Equal(t, want, exportsOf(at(t, s), stack), "%v: %s", s, stack)
		}
	}
}

// steady is an account in which every change of a resource succeeds at once.
type steady struct{}

func (steady) Create(context.Context, cloudformation.Deployment, cloudformation.Resource) error {
	return nil
}
func (steady) Update(context.Context, cloudformation.Deployment, cloudformation.Resource, cloudformation.Resource) error {
	return nil
}
func (steady) Delete(context.Context, cloudformation.Resource) error { return nil }

// A running environment takes each of these in one deployment, without a step by hand.
func TestRunningEnvironmentGrows(t *testing.T) {
	before := at(t, situation{"live", services.Serving})
	later := func(name string) change {
		return addService(services.Service{
			Name: name, Image: services.Image{Registry: before.Name + "/" + name + ":1"}, Paths: []string{"/" + name}, Priority: 900,
		}, "live")
	}
	for name, change := range map[string]change{
		"a domain":  domain("www.example.com", "Z0123456789ABC"),
		"a zone":    environment("azs", 3),
		"a gateway": environment("natGateways", 1),
		"a firewall": func(app *synth.App) {
			environment("waf", true)(app)
			environment("freeText", []string{"/api/alpha"})(app)
		},
		"a service": func(app *synth.App) {
			environment("natGateways", 1)(app)
			later("delta")(app)
		},
	} {
		account := cloudformation.New(steady{}, nil)
		require.NoError(t, account.Deploy(t.Context(), before), name)
		assert.NoError(t, account.Deploy(t.Context(), assemble(t, change)), name)
	}
}

// CloudFormation refuses to take away what a deployed stack reads.
func TestExportInUseIsRefused(t *testing.T) {
	for name, before := range map[string]change{
		"a zone":   environment("azs", 3),
		"a domain": domain("www.example.com", "Z0123456789ABC"),
	} {
		account := cloudformation.New(steady{}, nil)
		require.NoError(t, account.Deploy(t.Context(), assemble(t, before)), name)
		assert.ErrorContains(t, account.Deploy(t.Context(), at(t, situation{"live", services.Serving})), "is in use by", name)
	}
}

// A new service that takes paths below a live one's shares them with that, and the
// template names its group.
func TestNestedShareGoesToTheServiceAbove(t *testing.T) {
	nested := addService(services.Service{
		Name: "avatars", Image: services.Image{Registry: "registry.example/avatars:1"},
		Paths: []string{"/api/alpha/avatars", "/api/alpha/avatars/*"}, Priority: 40,
	}, "25%")
	stage := assemble(t, environment("natGateways", 1), contextKey("alpha", "strangled"), nested)
	_, live := rulesOf(stage, "avatars")
	alpha := only(stage, "Alpha", "AWS::ElasticLoadBalancingV2::TargetGroup")
	groups := groupsOf(t, live.Resource)
	assert.Contains(t, groups, alpha.Identity(), "the rest goes to alpha")
	for _, legacy := range stage.TargetGroups {
		if legacy.Stack == "Legacy" {
			assert.NotContains(t, groups, legacy.Identity(), "the rest goes to a monolith without the table")
		}
	}
	account := cloudformation.New(steady{}, nil)
	require.NoError(t, account.Deploy(t.Context(), stage))
	assert.Error(t, account.Destroy(t.Context(), "Alpha"), "alpha goes while a rule leads to it")
}

// groupsOf are the target groups that a rule forwards to.
func groupsOf(t *testing.T, rule assembly.Resource) []string {
	t.Helper()
	var groups []string
	for _, action := range rule.Properties["Actions"].([]any) {
		forward, _ := action.(map[string]any)["ForwardConfig"].(map[string]any)
		for _, weighted := range forward["TargetGroups"].([]any) {
			groups = append(groups, weighted.(map[string]any)["TargetGroupArn"].(string))
		}
	}
	return groups
}

// Every stack of a protected environment is protected from termination, and none of
// another.
func TestEveryStackIsProtected(t *testing.T) {
	for _, protected := range []bool{true, false} {
		for _, stack := range assemble(t, environment("protected", protected)).Stacks {
			assert.Equal(t, protected, stack.TerminationProtection, stack.ID)
		}
	}
}

// An environment with everything goes as the README says: unprotected and deployed once
// more, then destroyed, all but its tables.
func TestProtectedEnvironmentGoes(t *testing.T) {
	everything := func(protected bool) *assembly.Stage {
		return assemble(t, domain("www.example.com", "Z0123456789ABC"), environment("waf", true), environment("protected", protected))
	}
	account := cloudformation.New(steady{}, nil)
	require.NoError(t, account.Deploy(t.Context(), everything(true)))
	open := everything(false)
	require.NoError(t, account.Deploy(t.Context(), open))
	require.NoError(t, checkProtection(open, false))
	require.NoError(t, account.Destroy(t.Context()))
	assert.Empty(t, account.Deployed())
	for _, stack := range open.Stacks {
		for _, r := range stack.Resources {
			kept := r.DeletionPolicy != "" && r.DeletionPolicy != "Delete"
			assert.Equal(t, r.Type == "AWS::DynamoDB::GlobalTable", kept, "%s of %s is kept", r.LogicalID, stack.ID)
		}
	}
}

// Without a table there is no stack of tables, as CloudFormation takes no empty stack.
func TestNoStackIsEmpty(t *testing.T) {
	stage := assemble(t, func(app *synth.App) {
		for i := range app.Catalog.Services {
			app.Catalog.Services[i].Table = nil
		}
		app.Catalog.Workers[0].Table = nil
	})
	_, ok := stage.Stack("Data")
	assert.False(t, ok, "the catalog has no table")
	for _, stage := range append(slices.Collect(maps.Values(assembled)), stage) {
		for _, stack := range stage.Stacks {
			assert.NotEmpty(t, stack.Resources, "%s of %s", stack.ID, stage.Name)
		}
	}
}
