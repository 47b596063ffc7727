package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// No option of a service that has traffic replaces its target group: CloudFormation
// replaces one whose name, port, protocol, target type or VPC changes.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
func TestNoOptionReplacesTheTargetGroup(t *testing.T) {
	group := func(stage *assembly.Stage, stack string) map[string]any {
		properties := map[string]any{}
		for _, name := range []string{"Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"} {
			properties[name] = only(stage, stack, "AWS::ElasticLoadBalancingV2::TargetGroup").Properties[name]
		}
		return properties
	}
	before := at(t, situation{"live", services.Serving})
	for name, edit := range map[string]func(*services.Service){
		"port":     func(s *services.Service) { s.Port = 9000 },
		"health":   func(s *services.Service) { s.Health.Path = "/up" },
		"size":     func(s *services.Service) { s.CPU, s.Memory = 1024, 2048 },
		"image":    func(s *services.Service) { s.Image.Registry += ".1" },
		"start-up": func(s *services.Service) { s.StartUp = 3 * time.Minute },
		"scaling":  func(s *services.Service) { s.Scaling = services.Scaling{Min: 4, SpotPercent: 50} },
		"priority": func(s *services.Service) { s.Priority += s.Priority / 10 },
		"sticky":   func(s *services.Service) { s.Sticky = time.Hour },
		"routes": func(s *services.Service) {
			if len(s.Paths) > 0 {
				s.Routes, s.Paths = []services.Route{{Paths: s.Paths, Hosts: []string{"*.example.com"}, Verbs: []string{"GET"}}}, nil
			}
		},
		"monthly": func(s *services.Service) { s.MonthlyBudget = 7 },
		"table calls": func(s *services.Service) {
			if s.Table != nil {
				s.Table.Actions = []string{"GetItem"}
			}
		},
	} {
		after := assemble(t, editService("alpha", edit), editService("legacy", edit))
		assert.Equal(t, group(before, "Alpha"), group(after, "Alpha"), name)
		assert.Equal(t, group(before, "Legacy"), group(after, "Legacy"), name)
	}
}

// A task has the time that the catalog gives it to start.
func TestStartUpIsTheGracePeriod(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.StartUp = 3 * time.Minute }))
	for _, service := range stage.Services {
		want := time.Minute
		if service.Stack == "Alpha" {
			want = 3 * time.Minute
		}
		assert.Equal(t, want, service.HealthCheckGracePeriod, service.Stack)
	}
	alarm, ok := alarmOf(stage, "Alpha", "UnhealthyHosts")
	require.True(t, ok)
	assert.Equal(t, 4, alarm.DatapointsToAlarm)
	assert.Equal(t, 4, alarm.EvaluationPeriods)
}

// An image is run on the processor that it is for, and as the catalog says.
func TestImageIsRunAsItWants(t *testing.T) {
	stage := assemble(t, environment("natGateways", 1), editService("legacy", func(s *services.Service) {
		s.Image = services.Image{
			Folder: "services", Architecture: services.AMD64, EntryPoint: []string{"/bin/sh", "-c"}, Command: []string{"exec", "java"},
		}
	}))
	for _, task := range stage.TaskDefinitions {
		program, want := task.Containers[0], "ARM64"
		if task.Stack == "Legacy" {
			want = "X86_64"
			assert.Equal(t, []string{"/bin/sh", "-c"}, program.EntryPoint)
			assert.Equal(t, []string{"exec", "java"}, program.Command)
		} else {
			assert.Empty(t, append(program.EntryPoint, program.Command...), "the image's own of %s", task.Stack)
		}
		assert.Equal(t, want, task.Architecture, task.Stack)
	}
	assets, err := os.ReadFile(strings.Replace(stackOf(t, stage, "Legacy").File, ".template.json", ".assets.json", 1))
	require.NoError(t, err)
	assert.Contains(t, string(assets), `"platform": "linux/amd64"`, "what docker builds")
	assert.Equal(t, []string{"Legacy"}, changed(assemble(t, environment("natGateways", 1)), stage))
}

func stackOf(t *testing.T, stage *assembly.Stage, id string) *assembly.Stack {
	t.Helper()
	stack, ok := stage.Stack(id)
	require.True(t, ok, id)
	return stack
}

// A program without capabilities listens below port 1024 only if the kernel lets it.
func TestLowPort(t *testing.T) {
	controls := func(port int) any {
		stage := assemble(t, editService("alpha", func(s *services.Service) { s.Port = port }))
		task := only(stage, "Alpha", "AWS::ECS::TaskDefinition")
		return task.Properties["ContainerDefinitions"].([]any)[0].(map[string]any)["SystemControls"]
	}
	assert.Equal(t, []any{map[string]any{"Namespace": "net.ipv4.ip_unprivileged_port_start", "Value": "80"}}, controls(80))
	assert.Equal(t, []any{map[string]any{"Namespace": "net.ipv4.ip_unprivileged_port_start", "Value": "1023"}}, controls(1023))
	assert.Nil(t, controls(1024))
}

// A call that is no action of IAM gets the actions that it needs.
func TestCallsBecomeActions(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.Table.Actions = []string{"TransactWriteItems", "Query"} }))
	var actions []string
	for _, s := range stage.TaskRoles()["alpha"].Statements() {
		actions = append(actions, s.Action...)
	}
	assert.ElementsMatch(t, []string{
		"dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query",
	}, actions)
}

// A region without budgets is refused, or has none.
func TestBudgetsWhereThereAre(t *testing.T) {
	north := environment("region", "eu-north-1")
	_, err := environments(neutral(t, north))
	require.EqualError(t, err, `environment "dev": CloudFormation has no budgets in eu-north-1: set "budgets" to false`)
	for stage, want := range map[*assembly.Stage]int{
		at(t, situation{"live", services.Serving}): 5,
		assemble(t, environment("budgets", false)): 0,
	} {
		n := 0
		for range stage.Resources("AWS::Budgets::Budget") {
			n++
		}
		assert.Equal(t, want, n)
	}
}

// A table with all the calls that an alarm can watch has the alarm.
func TestMostCalls(t *testing.T) {
	calls := []string{"DescribeTable", "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan",
		"TransactGetItems", "TransactWriteItems", "UpdateItem"}
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.Table.Actions = calls }))
	alarm, ok := alarmOf(stage, "Alpha", "Throttles")
	require.True(t, ok)
	var watched []string
	for _, m := range alarm.Metrics {
		watched = append(watched, m.Dimensions["Operation"])
	}
	assert.ElementsMatch(t, calls[1:], watched)
}

// An image whose reference may lead elsewhere tomorrow is a warning that says why.
func TestFloatingImageIsAWarning(t *testing.T) {
	for reference, floats := range map[string]bool{
		"registry.example/alpha:latest": true, "registry.example/alpha": true, "registry.example:5000/alpha": true,
		"registry.example/alpha:1.0": false, "registry.example:5000/alpha:1": false,
		"registry.example/alpha@sha256:" + strings.Repeat("a", 64): false,
	} {
		assert.Equal(t, floats, services.Image{Registry: reference}.Floats(), reference)
	}
	warned := func(reference string) bool {
		folder := t.TempDir()
		_, err := neutral(t, environment("natGateways", 1), editService("alpha", func(s *services.Service) {
			s.Image.Registry = reference
		})).Synthesize(folder)
		require.NoError(t, err)
		return strings.Contains(allText(t, folder), "alpha runs "+reference+", which has no version")
	}
	assert.True(t, warned("registry.example/alpha:latest"))
	assert.False(t, warned("registry.example/alpha:2"))
}

// Every partition and a region that the CDK does not know have templates, which name no
// partition themselves. The registries of all are known.
func TestPartitions(t *testing.T) {
	for _, region := range []string{
		"cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "eu-west-99",
	} {
		stage := assemble(t, environment("region", region), environment("budgets", false), environment("natGateways", 1),
			environment("waf", true), domain("www.example.com", "Z0123456789ABC"))
		for _, stack := range stage.Stacks {
			assert.NotContains(t, string(stack.Text), "arn:aws:", "%s: %s", region, stack.ID)
		}
	}
	for _, domain := range []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu",
		"c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"} {
		image, ok := services.Image{Registry: "123456789012.dkr.ecr.some-region-1." + domain + "/shop:1"}.ECR()
		assert.True(t, ok, domain)
		assert.Equal(t, "shop", image.Repository, domain)
	}
}

// On paths of free text the rules on bodies count, and they block everywhere else.
func TestFreeText(t *testing.T) {
	for want, changes := range map[string][]change{
		`environment "dev": freeText is for the firewall: set waf to true, or remove it`: {environment("freeText", []string{"/a"})},
		`environment "dev": freeText "/a/*": want how a path begins, such as /api/comments, without wildcards and of at most 200 characters`: {
			environment("waf", true), environment("freeText", []string{"/a/*"})},
		`environment "dev": freeText has 11 paths: want 10 at most`: {
			environment("waf", true), environment("freeText", slices.Repeat([]string{"/a"}, 11))},
	} {
		_, err := environments(neutral(t, changes...))
		assert.EqualError(t, err, want)
	}
	stage := assemble(t, func(app *synth.App) {
		environment("waf", true)(app)
		environment("freeText", []string{"/api/alpha", "/notes"})(app)
	})
	rules := only(stage, "Edge", "AWS::WAFv2::WebACL").Properties["Rules"].([]any)
	require.Len(t, rules, 5)
	var counted []string
	for _, o := range below(rules[2], "Statement", "ManagedRuleGroupStatement", "RuleActionOverrides").([]any) {
		assert.Contains(t, below(o, "ActionToUse"), "Count")
		counted = append(counted, below(o, "Name").(string))
	}
	assert.ElementsMatch(t, []string{
		"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "EC2MetaDataSSRF_BODY", "GenericLFI_BODY", "GenericRFI_BODY",
	}, counted)
	assert.Contains(t, below(rules[4], "Action"), "Block")
	both := below(rules[4], "Statement", "AndStatement", "Statements").([]any)
	require.Len(t, both, 2)
	assert.Len(t, below(both[0], "OrStatement", "Statements"), 4, "a label for each counted rule but the size")
	var paths []string
	for _, s := range below(both[1], "NotStatement", "Statement", "OrStatement", "Statements").([]any) {
		match := below(s, "ByteMatchStatement")
		assert.Equal(t, "STARTS_WITH", below(match, "PositionalConstraint"))
		assert.Len(t, below(match, "TextTransformations"), 2, "decoded and without dots")
		paths = append(paths, below(match, "SearchString").(string))
	}
	assert.Equal(t, []string{"/api/alpha", "/notes"}, paths)
}

// below is the value below keys of nested mappings.
func below(value any, keys ...string) any {
	for _, key := range keys {
		value = value.(map[string]any)[key]
	}
	return value
}

// allText is the text of every file below a folder.
func allText(t *testing.T, folder string) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.ReadFile(name)
		text.Write(file)
		return err
	}))
	return text.String()
}
