package diff

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/assembly/assemblytest"
	"example.com/strangler/test/internal/cloudformation"
)

func stage(t assemblytest.T, stacks map[string]string) *assembly.Stage {
	t.Helper()
	return assemblytest.Stage(t, "eu-west-1", stacks)
}

func of(t testing.TB, before, after *assembly.Stage) Diff {
	t.Helper()
	d, err := Of(before, after)
	require.NoError(t, err)
	return d
}

// A code span ends at the next run of backticks as long as its first, so none may be
// within it, nor may a line end.
func TestNothingBreaksOutOfCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching("[`|\\n\\r <\\[a]*")).Draw(t, "text")
		span := code(text)
		fence := span[:len(span)-len(strings.TrimLeft(span, "`"))]
		within, closed := strings.CutSuffix(strings.TrimPrefix(span, fence), fence)
		require.True(t, closed, "%q has no closing fence", span)
		require.False(t, strings.ContainsAny(within, "\n\r"), "%q has a line break", span)
		for _, run := range regexp.MustCompile("`+").FindAllString(within, -1) {
			assert.NotEqual(t, len(fence), len(run), "%q ends within", span)
		}
		assert.False(t, strings.HasPrefix(within, "`") || strings.HasSuffix(within, "`"), "%q has a longer fence", span)
	})
}

// withoutCode is a text without its code spans.
func withoutCode(text string) string {
	for {
		open := strings.IndexByte(text, '`')
		if open < 0 {
			return text
		}
		rest := strings.TrimLeft(text[open:], "`")
		fence := text[open : len(text)-len(rest)]
		_, after, _ := strings.Cut(rest, fence)
		text = text[:open] + after
	}
}

// A name in a template stays text: outside of code there is nothing that Markdown or
// GitHub gives a meaning to.
func TestHostileNamesStayText(t *testing.T) {
	const hostile = "x`| [a](http://b) <img src=c> @everyone #1\\n\\n# d ``` e"
	resources := func(n int) string {
		return strings.ReplaceAll(fmt.Sprintf(`{
			"Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
			"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
				"Cpu": "256", "Memory": "512", "TaskRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
				"ContainerDefinitions": [{"Name": "!", "Image": "!"}]}},
			"Service": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"},
				"LoadBalancers": [{"TargetGroupArn": {"Ref": "Group"}, "ContainerName": "!"}]}},
			"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Priority": 1, "ListenerArn": {"Ref": "Listener"},
				"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/+|<b>@/%[1]d"]}}],
				"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]}},
			"Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
				"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}},
			"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {"MinCapacity": %[1]d, "MaxCapacity": 5}},
			"Role": {"Type": "AWS::IAM::Role", "Properties": {
				"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "!%[1]d", "Principal": {"!": "!"}}]},
				"Policies": [{"PolicyName": "!", "PolicyDocument": {"Statement": [
					{"Effect": "Allow", "Action": "!%[1]d", "Resource": "!", "Condition": {"!": {"!": "!"}}}]}}]}},
			"Of!%[1]d": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {"BillingMode": "!"}},
			"Kept!": {"Type": "AWS::DynamoDB::GlobalTable", "DeletionPolicy": "!%[1]d", "Properties": {"TableName": "!%[1]d"}},
			"Unknown!%[1]d": {"Type": "Own::!::!"}
		}`, n), "!", hostile)
	}
	text := of(t, stage(t, map[string]string{"Stack": resources(1)}), stage(t, map[string]string{"Stack": resources(2)})).Markdown()
	for _, line := range strings.Split(strings.TrimSpace(withoutCode(text)), "\n")[2:] {
		assert.Regexp(t, `^- (\*\*Finding\*\*: )?[A-Za-z0-9 ,.:;→%$–/-]+$`, line, "outside of code")
	}
	for _, want := range []string{
		"<b>@/2`: load balancer 100 → 0 %", "Tasks of", "says the", "Finding", "renamed", "replaces", "the review does not know",
	} {
		assert.Contains(t, text, want)
	}
}

// Each property whose change replaces a resource is found, and is no finding where the
// resource keeps nothing.
func TestReplacement(t *testing.T) {
	declare := func(kind, property, value string) *assembly.Stage {
		return stage(t, map[string]string{"Data": fmt.Sprintf(`{"Thing": {"Type": %q, "Properties": {%q: %q}}}`, kind, property, value)})
	}
	types := append(slices.Sorted(maps.Keys(keeps)), "AWS::SNS::Subscription", "AWS::ECS::Cluster")
	for _, resourceType := range types {
		properties, known := cloudformation.ReplacedBy(resourceType)
		require.True(t, known, resourceType)
		for _, property := range properties {
			if property == "KeySchema" || property == "LocalSecondaryIndexes" {
				continue // TestReplacedTable has those
			}
			d := of(t, declare(resourceType, property, "a"), declare(resourceType, property, "b"))
			at := fmt.Sprintf("%s of %s", property, resourceType)
			if keeps[resourceType] == "" {
				assert.Empty(t, d.Findings, at)
				require.Len(t, d.Replacements, 1, at)
				assert.Contains(t, d.Replacements[0], "`"+property+"`", at)
				continue
			}
			require.Len(t, d.Findings, 1, at)
			assert.Contains(t, d.Findings[0], "Stack `Data`", at)
			assert.Contains(t, d.Findings[0], "`Thing`: a change of `"+property+"`", at)
			assert.Contains(t, d.Findings[0], keeps[resourceType], at)
		}
		d := of(t, declare(resourceType, "Tags", "a"), declare(resourceType, "Tags", "b"))
		assert.Empty(t, d.Findings, "another tag of %s", resourceType)
		assert.Empty(t, d.Replacements, "another tag of %s", resourceType)
	}
}

func TestLost(t *testing.T) {
	table := func(id, policies string) string {
		return fmt.Sprintf(`%q: {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "x"}%s}`, id, policies)
	}
	const retained = `, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"`
	data := func(resources ...string) *assembly.Stage {
		return stage(t, map[string]string{"Data": "{" + strings.Join(resources, ",") + "}", "Other": `{}`})
	}
	unprotected, protected := data(table("A", retained)), data(table("A", retained))
	protected.Stacks[0].TerminationProtection = true
	for name, test := range map[string]struct {
		before, after *assembly.Stage
		want          string
	}{
		"deleted":     {data(table("A", "")), data(), "`A`: it would be deleted, and its items with it"},
		"left behind": {data(table("A", retained)), data(), "`A`: it would stay without a stack"},
		"renamed": {
			data(table("A", "")),
			data(table("B", "")),
			"`A`: renamed: `B` in stack `Data` would be created anew, empty",
		},
		"moved": {
			data(table("A", "")),
			stage(t, map[string]string{"Data": `{}`, "Other": "{" + table("A", "") + "}"}),
			"renamed: `A` in stack `Other` would be created anew, empty",
		},
		"another type": {data(table("A", "")), data(`"A": {"Type": "AWS::DynamoDB::GlobalTable"}`), "`A`: it would be deleted"},
		"deleted with its stack": {
			data(table("A", retained)),
			data(table("A", `, "UpdateReplacePolicy": "Retain"`)),
			"its DeletionPolicy goes from `Retain` to `Delete`",
		},
		"retained but for a failure": {
			data(table("A", retained)),
			data(table("A", `, "DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"`)),
			"its DeletionPolicy goes from `Retain` to `RetainExceptOnCreate`",
		},
		"deleted when replaced": {
			data(table("A", retained)),
			data(table("A", `, "DeletionPolicy": "Retain"`)),
			"its UpdateReplacePolicy goes from `Retain` to `Delete`",
		},
		"kept better":         {data(table("A", "")), data(table("A", retained)), ""},
		"new":                 {data(), data(table("A", "")), ""},
		"protected no longer": {protected, unprotected, "Stack `Data`: it could be deleted by mistake from then on"},
		"protected":           {unprotected, protected, ""},
		"a log that goes":     {data(`"L": {"Type": "AWS::Logs::LogGroup"}`), data(), ""},
		"a type that is new":  {data(), data(`"N": {"Type": "AWS::X::Y"}`), ""},
		"an unknown type goes": {
			data(`"N": {"Type": "AWS::X::Y"}`),
			data(),
			"the review does not know what a change of a `AWS::X::Y` replaces: add the type to test/internal/cloudformation/replacement.go",
		},
		"an unknown type changes": {
			data(`"N": {"Type": "AWS::X::Y"}`),
			data(`"N": {"Type": "AWS::X::Y", "Properties": {"a": 1}}`),
			"the review does not know what",
		},
	} {
		got := of(t, test.before, test.after).Findings
		if test.want == "" {
			assert.Empty(t, got, name)
			continue
		}
		if assert.Len(t, got, 1, name) {
			assert.Contains(t, got[0], test.want, name)
		}
	}
}

// One pattern spans another when every request of the narrow pattern matches the wide
// one.
func TestSpans(t *testing.T) {
	for _, test := range []struct {
		wide, narrow string
		want         bool
	}{
		{"dynamodb:*", "dynamodb:getitem", true},
		{"dynamodb:*", "dynamodb:get*", true},
		{"dynamodb:getitem", "dynamodb:getitem", true},
		{"*", "all but iam:*", true},
		{"dynamodb:get*", "dynamodb:*", false},
		{"dynamodb:getitem", "dynamodb:getite?", false},
		{"dynamodb:getite?", "dynamodb:getite*", false},
		{"all but iam:*", "s3:getobject", false},
		{"all but iam:*", "all but iam:passrole", false},
	} {
		assert.Equal(t, test.want, spans(test.wide, test.narrow), "%s spans %s", test.wide, test.narrow)
	}
}

func TestNouns(t *testing.T) {
	for resourceType, want := range map[string]string{
		"AWS::DynamoDB::GlobalTable": "table", "AWS::ElasticLoadBalancingV2::TargetGroup": "target group",
		"AWS::EC2::VPCEndpoint": "vpc endpoint", "AWS::KMS::Key": "key",
		"AWS::EC2::RouteTable": "route table",
	} {
		assert.Equal(t, want, noun(resourceType), resourceType)
	}
}
