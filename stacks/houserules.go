package stacks

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
	"example.com/strangler/stacks/controls"
	"example.com/strangler/stacks/template"
)

// addHouseRules makes every synthesis of the app check its controls.
func addHouseRules(app awscdk.App, catalog services.Catalog, environments []Environment) {
	awscdk.Validations_Of(app).AddPlugins(&houseRules{Choices(environments), Exceptions(catalog, environments)})
}

// Exceptions returns those of every app, and what a complete catalog says by itself: a
// program whose WritableRoot is true may write to its root, and one with Egress to the
// internet may open connections to it. They hold in the environments that run the program.
func Exceptions(catalog services.Catalog, environments []Environment) []controls.Exception {
	all := controls.Exceptions()
	for _, e := range environments {
		for _, s := range e.programs(catalog) {
			all = append(all, exceptionsOf(s, e.StageName())...)
		}
	}
	return all
}

// programs are those that the environment runs in its phases, with what they need there.
func (e Environment) programs(catalog services.Catalog) []services.Service {
	var all []services.Service
	for _, s := range e.runs(catalog) {
		switch {
		case s.Name != catalog.Monolith.Name:
			all = append(all, s)
		case e.Migration.Monolith != services.Retired:
			all = append(all, services.MonolithIn(catalog, e.Migration))
		}
	}
	return all
}

func exceptionsOf(s services.Service, stage string) []controls.Exception {
	var all []controls.Exception
	except := func(control, resource, reason string) {
		all = append(all, controls.Exception{
			Control: control, Stages: []string{stage}, Resource: s.ID() + resource, Exact: true,
			Reason: "the catalog says so of " + s.Name + ": " + reason,
		})
	}
	if s.WritableRoot {
		except("ECS.5", "Task", "it writes to its root file system")
	}
	for _, way := range s.Needs.Egress {
		if way.To == services.Internet {
			except("HOUSE.EC2.5", fmt.Sprintf("EgressTointernet%d", way.Port), way.Reason)
		}
	}
	return all
}

// Choices lists the protections that each environment chose to leave out, by stage name.
func Choices(environments []Environment) controls.Choices {
	choices := controls.Choices{}
	for _, e := range environments {
		choices[e.StageName()] = e.choices()
	}
	return choices
}

func (e Environment) choices() []controls.Choice {
	var made []controls.Choice
	if len(e.Domains) == 0 {
		made = append(made, controls.NoDomain)
	}
	if !*e.WAF {
		made = append(made, controls.NoFirewall)
	}
	if !*e.Protected {
		made = append(made, controls.NotProtected)
	}
	if e.internet() {
		made = append(made, controls.Internet)
	}
	return made
}

// houseRules runs the controls as a plugin of the CDK's validation, so that synth, diff
// and deploy refuse a template that breaks one.
type houseRules struct {
	choices    controls.Choices
	exceptions []controls.Exception
}

// Name implements awscdk.IPolicyValidationPlugin.
func (*houseRules) Name() *string { return jsii.String("house-rules") }

// Version implements awscdk.IPolicyValidationPlugin.
func (*houseRules) Version() *string { return jsii.String("1.0.0") }

// RuleIds implements awscdk.IPolicyValidationPlugin.
func (*houseRules) RuleIds() *[]*string {
	var ids []string
	for _, c := range controls.All() {
		ids = append(ids, c.ID)
	}
	return jsii.Strings(ids...)
}

// Validate implements awscdk.IPolicyValidationPlugin.
func (h *houseRules) Validate(context awscdk.IPolicyValidationContext) *awscdk.PolicyValidationPluginReport {
	var templates []template.Template
	for _, file := range *context.TemplatePaths() {
		t, err := template.Read(*file)
		if err != nil {
			return refuse(err)
		}
		templates = append(templates, t)
	}
	findings, err := controls.Check(templates, h.choices, h.exceptions)
	if err != nil {
		return refuse(err)
	}
	violations := []*awscdk.PolicyViolation{}
	for _, f := range findings {
		violations = append(violations, &awscdk.PolicyViolation{
			RuleName:    jsii.String(f.Control.ID),
			Description: jsii.Sprintf("%s: %s", f.Control.Title, f.Control.Fix),
			Fix:         jsii.String(f.Control.Fix),
			ViolatingResources: &[]*awscdk.PolicyViolatingResource{{
				ResourceLogicalId: jsii.String(f.Resource.LogicalID),
				TemplatePath:      jsii.String(f.Template),
				Locations:         jsii.Strings("Properties"),
			}},
		})
	}
	return &awscdk.PolicyValidationPluginReport{Success: jsii.Bool(len(findings) == 0), Violations: &violations}
}

// refuse reports an error of the check itself.
func refuse(err error) *awscdk.PolicyValidationPluginReport {
	return &awscdk.PolicyValidationPluginReport{
		Success: jsii.Bool(false),
		Violations: &[]*awscdk.PolicyViolation{{
			RuleName:           jsii.String("house-rules"),
			Description:        jsii.String(err.Error()),
			ViolatingResources: &[]*awscdk.PolicyViolatingResource{},
		}},
	}
}
