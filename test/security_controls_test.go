package test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/stacks/controls"
	"example.com/strangler/stacks/template"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// In every phase, and in an environment that people use too, every control holds,
// but for the exceptions that the environment chose.
func TestControlsHoldInEveryPhase(t *testing.T) {
	assertControls(t, atPublic(t), choicesOf(t, neutral(t, publicChanges()...)))
	bare := choicesOf(t, neutral(t))
	assertControls(t, atTraced(t), bare)
	gateway := environment("natGateways", 1)
	assertControls(t, assemble(t, gateway), choicesOf(t, neutral(t, gateway)))
	for _, s := range situations {
		assertControls(t, at(t, s), bare)
	}
}

// The templates have a resource of each type that a control is for, so that no control
// holds for want of one.
func TestControlsHaveResources(t *testing.T) {
	types := map[string]bool{}
	for r := range atPublic(t).Resources() {
		types[r.Type] = true
	}
	for _, c := range controls.All() {
		assert.Contains(t, types, c.Type, c.ID)
	}
}

// Each documented combination of values keeps the controls, in an environment of
// any name.
func TestControlsHoldForEveryChoice(t *testing.T) {
	combinations := map[string]struct {
		domain, waf, protected bool
		choices                []controls.Choice
	}{
		"prod":      {true, true, true, nil},
		"staging":   {true, true, false, []controls.Choice{controls.NotProtected}},
		"load-test": {true, false, true, []controls.Choice{controls.NoFirewall}},
		"demo":      {true, false, false, []controls.Choice{controls.NoFirewall, controls.NotProtected}},
		"intern":    {false, true, true, []controls.Choice{controls.NoDomain}},
		"qa":        {false, true, false, []controls.Choice{controls.NoDomain, controls.NotProtected}},
		"sandbox":   {false, false, true, []controls.Choice{controls.NoDomain, controls.NoFirewall}},
		"e":         {false, false, false, []controls.Choice{controls.NoDomain, controls.NoFirewall, controls.NotProtected}},
	}
	app := neutral(t, func(app *synth.App) {
		dev, all := app.Context["environments"].(map[string]any)["dev"].(map[string]any), map[string]any{}
		for name, c := range combinations {
			e := maps.Clone(dev)
			if e["waf"], e["protected"] = c.waf, c.protected; c.domain {
				e["domains"], e["hostedZoneId"] = []string{name + ".example.com"}, "Z0123456789ABC"
			}
			all[name] = e
		}
		app.Context["environments"] = all
	})
	choices, a := choicesOf(t, app), synthesized(t, app)
	require.Len(t, a.Stages, 8)
	for name, c := range combinations {
		stage, err := a.Stage(app.Catalog.Name + "-" + name)
		require.NoError(t, err)
		assert.ElementsMatch(t, c.choices, choices[stage.Name], name)
		assertControls(t, stage, choices)
	}
}

// Without the choice, what an exception is for is refused; with it, it is not.
func TestExceptionMutants(t *testing.T) {
	public := choicesOf(t, neutral(t, publicChanges()...))
	mutants := map[string]func(resources map[string]any){
		"ELB.1 LoadBalancerHttp": func(resources map[string]any) {
			for _, listener := range ofType(resources, "AWS::ElasticLoadBalancingV2::Listener") {
				if listener["Protocol"] == "HTTP" {
					listener["DefaultActions"] = []any{map[string]any{"Type": "fixed-response"}}
				}
			}
		},
		"ELB.6 LoadBalancer": func(resources map[string]any) { setAttribute(resources, "deletion_protection.enabled", "false") },
		"ELB.16 LoadBalancer": func(resources map[string]any) {
			ofType(resources, "AWS::WAFv2::WebACLAssociation")[0]["ResourceArn"] = "arn"
		},
		"HOUSE.EC2.3 VpcS3": func(resources map[string]any) {
			for id, endpoint := range resources {
				if strings.HasPrefix(id, "VpcS3") {
					delete(endpoint.(map[string]any)["Properties"].(map[string]any), "PolicyDocument")
				}
			}
		},
		"HOUSE.IAM.2 CustomS3AutoDeleteObjectsCustomResourceProviderRole": func(resources map[string]any) {
			resources["CustomS3AutoDeleteObjectsCustomResourceProviderRole0"] = managedRole()
		},
	}
	for _, e := range controls.Exceptions() {
		name := e.Control + " " + e.Resource
		if e.Choice == "" {
			continue
		}
		require.Contains(t, mutants, name, "the exception has no mutant")
		stack := "Edge"
		if e.Choice == controls.Internet {
			stack = "Platform"
		}
		stage := mutate(t, atPublic(t), stack, mutants[name])
		findings, err := findingsOf(t, stage, public)
		require.NoError(t, err)
		if assert.Len(t, findings, 1, "%s: mutant passed the check", name) {
			assert.Equal(t, e.Control, findings[0].Control.ID, name)
			assert.True(t, strings.HasPrefix(findings[0].Resource.LogicalID, e.Resource), findings[0].Resource.LogicalID)
		}
		// Only this exception: the others of the same choice have nothing to except.
		templates := templatesOf(t, stage)
		only := append(unconditional(), e)
		findings, err = controls.Check(templates, controls.Choices{stage.Name: {e.Choice}}, only)
		require.NoError(t, err, name)
		assert.Empty(t, findings, name)
		findings, err = controls.Check(templates, controls.Choices{"another": {e.Choice}}, controls.Exceptions())
		require.NoError(t, err, name)
		assert.Len(t, findings, 1, "%s: a choice of another environment is taken", name)
	}
}

// What holds everywhere excepts the resource that it names, and no other.
func TestUnconditionalExceptionMutant(t *testing.T) {
	stage := mutate(t, atPublic(t), "Platform", func(resources map[string]any) { resources["Another"] = managedRole() })
	findings, err := findingsOf(t, stage, choicesOf(t, neutral(t, publicChanges()...)))
	require.NoError(t, err)
	require.Len(t, findings, 1, "mutant passed the check")
	assert.Equal(t, "HOUSE.IAM.2", findings[0].Control.ID)
	assert.Equal(t, "Another", findings[0].Resource.LogicalID)
}

// unconditional are the exceptions that need no choice.
func unconditional() []controls.Exception {
	return slices.DeleteFunc(controls.Exceptions(), func(e controls.Exception) bool { return e.Choice != "" })
}

// managedRole is a role with a policy that AWS manages, which functions may act as.
func managedRole() map[string]any {
	return map[string]any{"Type": "AWS::IAM::Role", "Properties": map[string]any{
		"ManagedPolicyArns": []any{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
		"AssumeRolePolicyDocument": map[string]any{"Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "lambda.amazonaws.com"},
		}}},
	}}
}

// choicesOf are what the environments of an app do without.
func choicesOf(t *testing.T, app *synth.App) controls.Choices {
	t.Helper()
	all, err := environments(app)
	require.NoError(t, err)
	return stacks.Choices(all)
}

func assertControls(t *testing.T, stage *assembly.Stage, choices controls.Choices) {
	t.Helper()
	require.Contains(t, choices, stage.Name)
	findings, err := findingsOf(t, stage, choices)
	require.NoError(t, err, stage.Name)
	for _, f := range findings {
		assert.Fail(t, f.String(), stage.Name)
	}
}

func findingsOf(t *testing.T, stage *assembly.Stage, choices controls.Choices) ([]controls.Finding, error) {
	t.Helper()
	return controls.Check(templatesOf(t, stage), choices, controls.Exceptions())
}

// templatesOf returns a stage's templates, as the controls read them.
func templatesOf(t *testing.T, stage *assembly.Stage) []template.Template {
	t.Helper()
	var templates []template.Template
	for _, stack := range stage.Stacks {
		templates = append(templates, stack.Template)
	}
	return templates
}

// What the catalog says of a program is no finding, in the environments that run it.
// The same of another program is one.
func TestCatalogsWordIsTheException(t *testing.T) {
	changes := []change{
		environment("natGateways", 1),
		editService("legacy", func(s *services.Service) { s.WritableRoot = true }),
		editService("beta", func(s *services.Service) {
			s.Needs.Egress = []services.Egress{{To: services.Internet, Port: 25, Reason: "mail"}}
		}),
	}
	stage, app := assemble(t, changes...), neutral(t, changes...)
	all, err := stacks.Read(app.Context, app.Catalog)
	require.NoError(t, err)
	find := func(stage *assembly.Stage) []string {
		exceptions := stacks.Exceptions(all.Catalog, all.Environments)
		findings, err := controls.Check(templatesOf(t, stage), stacks.Choices(all.Environments), exceptions)
		require.NoError(t, err)
		var found []string
		for _, f := range findings {
			found = append(found, f.Control.ID+" "+f.Resource.LogicalID[:len(f.Resource.LogicalID)-8])
		}
		return found
	}
	assert.Empty(t, find(stage))
	writable := func(resources map[string]any) {
		ofType(resources, "AWS::ECS::TaskDefinition")[0]["ContainerDefinitions"].([]any)[0].(map[string]any)["ReadonlyRootFilesystem"] = false
	}
	assert.Equal(t, []string{"ECS.5 AlphaTask"}, find(mutate(t, stage, "Alpha", writable)))
	assert.Equal(t, []string{"HOUSE.EC2.5 GammaEgressTo1921681002425"}, find(mutate(t, stage, "Gamma", func(resources map[string]any) {
		for _, rule := range ofType(resources, "AWS::EC2::SecurityGroupEgress") {
			if rule["CidrIp"] != nil {
				rule["CidrIp"] = "0.0.0.0/0"
			}
		}
	})))
	for i := range all.Environments {
		all.Environments[i].Name = "prod"
	}
	assert.Len(t, stacks.Exceptions(all.Catalog, all.Environments), len(controls.Exceptions())+2)
	assert.NotEmpty(t, find(stage), "the word is of another environment")
	for i := range all.Environments {
		all.Environments[i].Migration.Monolith = services.Retired
	}
	assert.Len(t, stacks.Exceptions(all.Catalog, all.Environments), len(controls.Exceptions())+1, "a monolith that no environment runs")
}
