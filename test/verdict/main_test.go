package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/account"
	"example.com/strangler/test/internal/account/accounttest"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
)

var tenth = []string{"alpha", "10%"}

// A service that is as good as the monolith may go on. Every figure says so, and so does the
// change that is recommended; the templates are synthesized where none are named.
func TestGo(t *testing.T) {
	c := cloudAt(t, tenth...)
	out, status, err := in(t, fixtureAt(t, tenth...), "alpha")
	require.NoError(t, err)
	assert.Equal(t, 0, status, out)
	assert.True(t, strings.HasPrefix(out, "alpha in fixture-prod, 10% → 50%: go\n"), out)
	for _, figure := range []string{"deployed", "window", "hosts", "errors", "p50", "p99", "throttles", "scaling", "alarms"} {
		assert.Regexp(t, `(?m)^  go    `+figure+` `, out)
	}
	assert.True(t, strings.HasSuffix(out, "-  \"alpha\": \"10%\"\n+  \"alpha\": \"50%\"\n"), out)
	for _, call := range c.calls {
		assert.Regexp(t, `^(List|Describe|Get)`, call, "it only reads")
	}
}

// Each thing that is wrong is a no, and the figure that says so is named. What is wrong is
// planted in an account in which all else is well.
func TestNo(t *testing.T) {
	for name, test := range map[string]struct {
		figure string
		plant  func(c *cloud)
	}{
		"answers of 5xx":      {figureErrors, func(c *cloud) { c.groups["Alpha"].failed = 0.01 }},
		"no answers":          {figureErrors, func(c *cloud) { c.groups["Alpha"].unanswered = 0.01 }},
		"a slower median":     {"p50", func(c *cloud) { c.groups["Alpha"].p50 = 0.04 }},
		"a slower p99":        {"p99", func(c *cloud) { c.groups["Alpha"].p99 = 0.4 }},
		"an unhealthy task":   {figureHosts, func(c *cloud) { c.groups["Alpha"].unhealthy = 1 }},
		"no healthy task":     {figureHosts, func(c *cloud) { c.groups["Alpha"].unhealthy = 3 }},
		"too many requests":   {figureScaling, func(c *cloud) { c.groups["Alpha"].perMinute = 13_000 }},
		"too much CPU":        {figureScaling, func(c *cloud) { c.always("CPUUtilization", 45) }},
		"throttled calls":     {figureThrottle, func(c *cloud) { c.always("ThrottledRequests", 5) }},
		"an alarm of alpha":   {figureAlarms, func(c *cloud) { c.groups["Alpha"].failed = 0.2 }},
		"the word is skipped": {figureStep, nil},
	} {
		args := []string{"alpha"}
		c := cloudAt(t, tenth...)
		if test.plant == nil {
			args = append(args, "strangled")
		} else {
			test.plant(c)
		}
		out, status, err := command(t, tenth, args...)
		require.NoError(t, err, name)
		assert.Equal(t, isNo, status, "%s: %s", name, out)
		assert.Regexp(t, `(?m)^  no    `+test.figure+` `, out, name)
		assert.NotContains(t, out, "In cdk.json", name)
	}
}

// always lets a metric have a value in each minute.
func (c *cloud) always(metric string, value float64) {
	c.values[metric] = func(string, time.Time) (float64, bool) { return value, true }
}

// never lets a metric have no data.
func (c *cloud) never(metric string) {
	c.values[metric] = func(string, time.Time) (float64, bool) { return 0, false }
}

// What proves nothing is a reason to wait, and says what is missing.
func TestWait(t *testing.T) {
	for name, test := range map[string]struct {
		figure, text string
		plant        func(c *cloud)
	}{
		"no data": {figureErrors, `alpha 0 of 0 .*; \d+ more requests to alpha are missing`, func(c *cloud) {
			c.groups["Alpha"].perMinute = 0
			c.always("HealthyHostCount", 2)
		}},
		"few data":               {figureErrors, `\d+ more requests to alpha are missing`, func(c *cloud) { c.groups["Alpha"].perMinute = 1 }},
		"too few for a p99":      {"latency", "too few requests for a p99: 100 in 6 h", func(c *cloud) { c.groups["Alpha"].perMinute = 0.2 }},
		"few blocks":             {"p99", "in 0 of 1 blocks of 1 h; .* 4 more blocks", func(c *cloud) { c.groups["Alpha"].perMinute = 4 }},
		"a missing metric":       {"p99", "no block of 5 min .* TargetResponseTime", func(c *cloud) { c.never("TargetResponseTime") }},
		"hosts without a metric": {figureHosts, "HealthyHostCount has no data", func(c *cloud) { c.never("HealthyHostCount") }},
		"an unhealthy minute": {figureHosts, "one of them the last", func(c *cloud) {
			c.values["UnHealthyHostCount"] = func(_ string, at time.Time) (float64, bool) {
				return map[bool]float64{true: 1}[at.Equal(windowSince(changed, now).to.Add(-time.Minute))], true
			}
		}},
		"just deployed": {figureWindow, "5 min after that, and the newest 5 min", func(c *cloud) {
			c.Updated = func(string) time.Time { return now.Add(-9 * time.Minute) }
		}},
		"an alarm of the monolith": {figureAlarms, "rings, of a program beside it", func(c *cloud) { c.groups["Legacy"].failed = 0.3 }},
		"some throttled calls": {figureThrottle, "9 calls", func(c *cloud) {
			c.groups["Alpha"].perMinute, c.groups["Legacy"].perMinute = 6, 6
			c.values["ThrottledRequests"] = func(_ string, at time.Time) (float64, bool) {
				return 3, at.Equal(changed.Add(time.Hour).Truncate(time.Minute))
			}
		}},
		"a deployment under way": {figureDrift, "a deployment is under way", func(c *cloud) { c.edit = underWay }},
	} {
		c := cloudAt(t, tenth...)
		test.plant(c)
		out, status, err := command(t, tenth, "alpha")
		require.NoError(t, err, name)
		assert.Equal(t, isWait, status, "%s: %s", name, out)
		assert.Regexp(t, `(?m)^  wait  `+test.figure+` .*`+test.text, out, name)
	}
}

// underWay lets a resource of every stack be in the middle of a deployment.
func underWay(_ string, output any) {
	if list, ok := output.(*cloudformation.ListStackResourcesOutput); ok {
		list.StackResourceSummaries[0].ResourceStatus = cfntypes.ResourceStatusUpdateInProgress
	}
}

// With as many requests as a wait says are missing, and as good, the errors are no longer what
// it waits for; with half of them they are.
func TestMissingRequests(t *testing.T) {
	c := cloudAt(t, tenth...)
	alpha := c.groups["Alpha"]
	alpha.perMinute, alpha.failed = 1, 0
	out, _, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	missing, err := strconv.Atoi(regexp.MustCompile(`(\d+) more requests to alpha`).FindStringSubmatch(out)[1])
	require.NoError(t, err)
	minutes := windowSince(changed, now).to.Sub(windowSince(changed, now).from).Minutes()
	for more, want := range map[float64]string{0.5: "wait", 1.01: "go  "} {
		alpha.perMinute = 1 + more*float64(missing)/minutes
		out, _, err = command(t, tenth, "alpha")
		require.NoError(t, err)
		assert.Regexp(t, `(?m)^  `+want+`  errors `, out)
	}
}

// The newest minutes and the first after a change are left out, however bad they are.
func TestLateDataAndWarmUp(t *testing.T) {
	c := cloudAt(t, tenth...)
	c.values["HTTPCode_Target_2XX_Count"] = func(of string, at time.Time) (float64, bool) {
		if strings.Contains(of, "Alpha") && (now.Sub(at) < 6*time.Minute || at.Sub(changed) < 5*time.Minute) {
			return 0, true
		}
		return 600, true
	}
	c.always("HTTPCode_ELB_5XX_Count", 600)
	out, status, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Equal(t, 2, status, "the alarms see the newest minutes: %s", out)
	assert.Regexp(t, `(?m)^  go    errors +alpha 0 of`, out)
	out, _, err = command(t, tenth, "--since", "2h59m", "alpha")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^  no    errors `, out, "--since looks at what is asked")
}

// weighted is the rule of a page that divides requests, or nil.
func weighted(page *elbv2.DescribeRulesOutput) *elbtypes.Rule {
	for i, rule := range page.Rules {
		if rule.Actions[0].ForwardConfig != nil && len(rule.Actions[0].ForwardConfig.TargetGroups) == 2 {
			return &page.Rules[i]
		}
	}
	return nil
}

// A hand in the console is a no, with the line that differs.
func TestDrift(t *testing.T) {
	weights := func(output any) *elbtypes.Rule { return weighted(output.(*elbv2.DescribeRulesOutput)) }
	for name, test := range map[string]struct {
		operation, want string
		edit            func(output any)
	}{
		"a weight": {"DescribeRules", `stack Alpha: rule \w+ is 25100: .* → alpha 75 %, legacy 25 %: want .* → alpha 10 %, legacy`, func(o any) {
			groups := weights(o).Actions[0].ForwardConfig.TargetGroups
			for i := range groups {
				groups[i].Weight = aws.Int32(map[bool]int32{true: 75, false: 25}[strings.Contains(*groups[i].TargetGroupArn, "/Alpha-")])
			}
		}},
		"stickiness": {"DescribeRules", `sticky for 1m0s: want`, func(o any) {
			weights(o).Actions[0].ForwardConfig.TargetGroupStickinessConfig = &elbtypes.TargetGroupStickinessConfig{
				Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60),
			}
		}},
		"a path": {"DescribeRules", `is 25100: path /api/alpha /api/beta → .*: want`, func(o any) {
			weights(o).Conditions[0].PathPatternConfig.Values = []string{"/api/alpha", "/api/beta"}
		}},
		"a condition": {"DescribeRules", `is 25100: path .*, verb GET → .*: want`, func(o any) {
			rule := weights(o)
			rule.Conditions = append(rule.Conditions, elbtypes.RuleCondition{
				Field: aws.String("http-request-method"), HttpRequestMethodConfig: &elbtypes.HttpRequestMethodConditionConfig{Values: []string{"GET"}},
			})
		}},
		"a priority": {"DescribeRules", `is 7: path .*: want 25100`, func(o any) { weights(o).Priority = aws.String("7") }},
		"a login": {"DescribeRules", `one that the templates cannot have \(.*\): want`, func(o any) {
			rule := weights(o)
			rule.Actions = append([]elbtypes.Action{{Type: elbtypes.ActionTypeEnumAuthenticateOidc}}, rule.Actions...)
		}},
		"a rule that is gone": {"DescribeRules", `stack Alpha: rule \w+ is not in the listener: want 25100`, func(o any) {
			rules := o.(*elbv2.DescribeRulesOutput)
			gone := aws.ToString(weights(o).RuleArn)
			var left []elbtypes.Rule
			for _, rule := range rules.Rules {
				if aws.ToString(rule.RuleArn) != gone {
					left = append(left, rule)
				}
			}
			rules.Rules = left
		}},
		"a rule by hand": {"DescribeRules", `rule arn:by-hand is in the listener, and no stack has it: 3: path`, func(o any) {
			rules := o.(*elbv2.DescribeRulesOutput)
			another := *weights(o)
			another.RuleArn, another.Priority = aws.String("arn:by-hand"), aws.String("3")
			rules.Rules = append(rules.Rules, another)
		}},
		"an attribute": {"DescribeTargetGroupAttributes", `stack \w+: deregistration_delay\S+ of target group \w+ is 0: want`, func(o any) {
			attributes := o.(*elbv2.DescribeTargetGroupAttributesOutput).Attributes
			for i := range attributes {
				if *attributes[i].Key == "deregistration_delay.timeout_seconds" {
					attributes[i].Value = aws.String("0")
				}
			}
		}},
		"a threshold": {"DescribeTargetGroups", `the number of checks to be unhealthy of target group \w+ is 9: want`, func(o any) {
			o.(*elbv2.DescribeTargetGroupsOutput).TargetGroups[0].UnhealthyThresholdCount = aws.Int32(9)
		}},
		"another threshold": {"DescribeTargetGroups", `the number of checks to be healthy of target group \w+ is 9: want`, func(o any) {
			o.(*elbv2.DescribeTargetGroupsOutput).TargetGroups[0].HealthyThresholdCount = aws.Int32(9)
		}},
		"the default action": {"DescribeRules", `the listener's default action is 0:  → alpha 100 %: want 0:  → alb.FixedResponse`, func(o any) {
			rules := o.(*elbv2.DescribeRulesOutput)
			by := *weights(o)
			by.RuleArn, by.IsDefault, by.Priority, by.Conditions = aws.String("arn:default"), aws.Bool(true), aws.String("default"), nil
			by.Actions = []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
				TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: forwarded(weights(o), "/Alpha-"), Weight: aws.Int32(1)}},
			}}}
			rules.Rules = append(rules.Rules, by)
		}},
		"a health check": {"DescribeTargetGroups", `the health check's path of target group \w+ is /other: want`, func(o any) {
			o.(*elbv2.DescribeTargetGroupsOutput).TargetGroups[0].HealthCheckPath = aws.String("/other")
		}},
	} {
		c := cloudAt(t, tenth...)
		c.edit = func(operation string, output any) {
			if rules, ok := output.(*elbv2.DescribeRulesOutput); ok && weighted(rules) == nil {
				return // the other page
			}
			if operation == test.operation {
				test.edit(output)
			}
		}
		out, status, err := command(t, tenth, "alpha")
		require.NoError(t, err, name)
		assert.Equal(t, isNo, status, "%s: %s", name, out)
		assert.Regexp(t, `(?m)^  no    deployed .*`+test.want, out, name)
	}
}

// forwarded is the target group of a rule whose ARN has a part.
func forwarded(rule *elbtypes.Rule, part string) *string {
	for _, group := range rule.Actions[0].ForwardConfig.TargetGroups {
		if strings.Contains(*group.TargetGroupArn, part) {
			return group.TargetGroupArn
		}
	}
	return nil
}

// What is deployed is another phase than the templates', or nothing yet.
func TestNotDeployed(t *testing.T) {
	cloudAt(t, "alpha", "25%")
	out, status, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Equal(t, isNo, status)
	assert.Contains(t, out, "alpha 25 %, legacy 75 %: want")

	c := cloudAt(t, tenth...)
	c.refuse["ListStackResources"] = nil
	c.Stage.Stacks[len(c.Stage.Stacks)-1].Name = "another"
	out, status, err = command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Equal(t, isNo, status)
	assert.Regexp(t, `stack fixture-prod-\w+ is not deployed`, out)
}

// Rules of others in a listener that was there already are none of the environment's.
func TestRulesOfOthers(t *testing.T) {
	stage := stageAt(t, tenth...)
	stage.Listeners = nil
	d := &deployed{resources: map[string]resource{}, rules: []elbtypes.Rule{{RuleArn: aws.String("arn:theirs"), Priority: aws.String("3")}}}
	for _, line := range d.driftOfRules(stage) {
		assert.NotContains(t, line, "arn:theirs")
	}
}

// A throttled call is repeated. A call that is refused for good, and credentials that have
// expired, are one line.
func TestRefusedCalls(t *testing.T) {
	c := cloudAt(t, tenth...)
	c.refuse = map[string][]string{"GetMetricData": {"Throttling"}, "DescribeRules": {"Throttling"}, "ListStackResources": {"Throttling"}}
	out, status, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Equal(t, 0, status, out)

	for _, operation := range []string{"GetMetricData", "DescribeAlarms", "DescribeRules"} {
		c.refuse = map[string][]string{operation: {"AccessDenied"}}
		_, _, err := command(t, tenth, "alpha")
		require.ErrorContains(t, err, operation+": AccessDenied: not now")
	}
	c.refuse = map[string][]string{"ListStackResources": {"ExpiredToken"}}
	_, _, err = command(t, tenth, "alpha")
	require.ErrorContains(t, err, "the credentials have expired or are wrong: sign in again")

	accounttest.SignIn(t, "http://127.0.0.1:1")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	_, _, err = command(t, tenth, "alpha")
	require.ErrorContains(t, err, "no credentials: sign in as for the AWS CLI")
}

// A step back needs no proof, and so no account. One that the migration refuses is none.
func TestBack(t *testing.T) {
	accounttest.SignIn(t, "http://127.0.0.1:1")
	drained := []string{"legacy", "drained"}
	out, status, err := command(t, drained, "alpha", "dark")
	require.NoError(t, err)
	assert.Equal(t, isNo, status, "nothing would serve its paths")
	assert.Contains(t, out, "no    step       \"legacy\" cannot be drained while \"alpha\" is dark")

	out, status, err = command(t, tenth, "alpha", "dark")
	require.NoError(t, err)
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "alpha in fixture-prod, 10% → dark: go\n\n  go    step       it gives back to the monolith")
}

// A dark service is judged by its health: it gets no requests.
func TestDark(t *testing.T) {
	dark := []string{"alpha", "dark"}
	c := cloudAt(t, dark...)
	c.groups["Alpha"].perMinute = 0
	c.always("HealthyHostCount", 2)
	out, status, err := command(t, dark, "alpha")
	require.NoError(t, err)
	assert.Equal(t, 0, status, out)
	assert.Contains(t, out, "alpha in fixture-prod, dark → 10%: go")
	assert.Contains(t, out, "go run ./test/parity compares its answers")
	for _, far := range []string{"11%", "live"} {
		out, status, err = command(t, dark, "alpha", far)
		require.NoError(t, err)
		assert.Equal(t, isWait, status, far)
		assert.Contains(t, out, "nothing is counted: make it 10% first", far)
	}
	c.always("UnHealthyHostCount", 1)
	_, status, err = command(t, dark, "alpha")
	require.NoError(t, err)
	assert.Equal(t, isNo, status)
}

// A live service is judged by itself, as what the monolith still serves is other work: neither
// its fast answers nor its failures count, and what is tolerated is all that may fail.
func TestLive(t *testing.T) {
	live := []string{"alpha", "live"}
	c := cloudAt(t, live...)
	touched(c, until(200))
	legacy := c.groups["Legacy"]
	for _, perMinute := range []float64{0, 0.1, 600} {
		legacy.perMinute, legacy.p50, legacy.p99, legacy.failed = perMinute, 0.001, 0.001, 0
		out, status, err := command(t, live, "alpha")
		require.NoError(t, err)
		assert.Equal(t, 0, status, "%v: %s", perMinute, out)
		assert.NotContains(t, out, "legacy 1")
	}
	c.groups["Alpha"].failed, c.groups["Alpha"].perMinute = 0.3, 90
	legacy.perMinute, legacy.failed = 600, 0.3
	out, _, err := command(t, live, "alpha")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^  no    errors .*evidence that it is worse: a million or more`, out)
}

// A share of paths that are below a live service's is compared with that service, which gets the
// rest, and not with the monolith.
func TestShareBelowAService(t *testing.T) {
	app := fixtureAt(t, "delta", "25%")
	app.Catalog.Services = append(app.Catalog.Services, services.Service{
		Name: "delta", Image: app.Catalog.Services[0].Image, Paths: []string{"/api/alpha/avatars/*"}, Priority: 40,
	})
	folder := filepath.Join(t.TempDir(), "cdk.out")
	a, err := app.Synthesize(folder)
	require.NoError(t, err)
	stage := a.Stages[0]
	c := cloudOf(t, stage)
	c.groups["Legacy"].failed, c.groups["Legacy"].p50, c.groups["Legacy"].p99 = 0.03, 1, 2
	out, status, err := in(t, app, "--assembly", folder, "delta", "50%")
	require.NoError(t, err)
	assert.Equal(t, 0, status, "as good as alpha: %s", out)
	assert.Contains(t, out, "above that of alpha by")

	// Before there is a share, the alarms are those of the program that will get the rest.
	dark := fixtureAt(t, "delta", "dark")
	dark.Catalog = app.Catalog
	darkFolder := filepath.Join(t.TempDir(), "cdk.out")
	a, err = dark.Synthesize(darkFolder)
	require.NoError(t, err)
	c = cloudOf(t, a.Stages[0])
	for stack, want := range map[string]int{"Legacy": 0, "Alpha": isWait} {
		c.groups[stack].failed = 0.3
		out, status, err = in(t, dark, "--assembly", darkFolder, "delta", "10%")
		require.NoError(t, err)
		assert.Equal(t, want, status, "%s fails: %s", stack, out)
		c.groups[stack].failed = 0.001
	}

	c = cloudOf(t, stage)
	c.groups["Delta"].failed = 0.03
	out, status, err = in(t, app, "--assembly", folder, "delta", "50%")
	require.NoError(t, err)
	assert.Equal(t, isNo, status, "as bad as the monolith: %s", out)
	assert.Regexp(t, `(?m)^  no    errors .*, alpha \d+ of`, out)
}

// Where several programs get the rest of a service there is none to compare with, and the alarms
// of each count.
func TestSeveralGetTheRest(t *testing.T) {
	c := fixture.Catalog()
	c.Services = append(c.Services, services.Service{
		Name: "delta", Image: c.Services[0].Image, Priority: 40,
		Routes: []services.Route{{Paths: []string{"/api/alpha/avatars/*"}}, {Paths: []string{"/avatars/*"}}},
	})
	complete, err := c.Complete()
	require.NoError(t, err)
	j := judge{
		step: step{key: "delta"}, catalog: complete,
		phases: map[string]string{"alpha": "live", "beta": "live", "gamma": "live", "delta": "25%", "legacy": "serving"},
	}
	assert.Equal(t, []string{"alpha", "legacy"}, j.rest())
	assert.Empty(t, j.beside())
	for stack, judged := range map[string]bool{"Delta": true, "Alpha": true, "Legacy": true, "Beta": false} {
		assert.Equal(t, judged, j.isJudgedBy(assembly.Alarm{Resource: assembly.Resource{Stack: stack}}), stack)
	}
}

// The evidence is a no from 60 on, and not before: at half of the requests, each failure of the
// service beside none of the monolith.
func TestAccused(t *testing.T) {
	j := judge{bounds: bounds{errors: 0.0001}}
	at := func(failed float64) finding {
		own, other := side{requests: series{}, failed: series{}}, side{requests: series{}, failed: series{}}
		own.requests[now], own.failed[now], other.requests[now] = 10_000, failed, 10_000
		return j.errors(own, other)
	}
	assert.Equal(t, wait, at(8).answer, at(8).text)
	assert.Equal(t, no, at(9).answer, at(9).text)
}

// More than one bad minute of twenty is a no, and fewer are not.
func TestBadMinutes(t *testing.T) {
	for bad, want := range map[int]string{5: "go  ", 30: "no  "} {
		c := cloudAt(t, tenth...)
		c.values["UnHealthyHostCount"] = func(of string, at time.Time) (float64, bool) {
			since := at.Sub(changed)
			isBad := strings.Contains(of, "Alpha") && since > 30*time.Minute && since < time.Duration(30+bad)*time.Minute
			return map[bool]float64{true: 1}[isBad], true
		}
		out, _, err := command(t, tenth, "alpha")
		require.NoError(t, err)
		assert.Regexp(t, `(?m)^  `+want+`  hosts `, out, "%d bad minutes", bad)
	}
}

// What was counted before a rule of the service changed is evidence of another share.
func TestChangedRules(t *testing.T) {
	c := cloudAt(t, tenth...)
	for _, rule := range c.Stage.ListenerRules {
		if rule.Stack == "Alpha" {
			c.Updated = func(identity string) time.Time {
				return map[bool]time.Time{true: now.Add(-time.Hour), false: changed}[identity == rule.Identity()]
			}
		}
	}
	out, _, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Contains(t, out, "window     2026-11-20 11:06 to 2026-11-20 11:55 UTC")
}

// Of weeks ago CloudWatch has longer periods only, which are asked for.
func TestLongWindow(t *testing.T) {
	c := cloudAt(t, tenth...)
	c.Updated = func(string) time.Time { return now.Add(-80 * 24 * time.Hour) }
	out, status, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Equal(t, 0, status, out)
	assert.Regexp(t, `p99 .* in 0 of 19\d\d blocks of 1 h`, out)
}

// until is a count of calls every hour until so many hours ago, and of none since.
func until(hours int) func(hoursAgo int) (float64, bool) {
	return func(h int) (float64, bool) { return map[bool]float64{true: 5}[h > hours], true }
}

// touched says how often the monolith called alpha's table, hour by hour before now.
func touched(c *cloud, counts func(hoursAgo int) (float64, bool)) {
	c.values[touchesOf("fixture-prod", "alpha").name] = func(_ string, at time.Time) (float64, bool) {
		return counts(int(now.Sub(at).Hours()))
	}
}

// Before strangled the monolith has been silent for as long as is asked, and the count of its
// calls has proved that it counts.
func TestSilence(t *testing.T) {
	live := []string{"alpha", "live"}
	for name, test := range map[string]struct {
		counts func(hoursAgo int) (float64, bool)
		want   string
		status int
	}{
		"silent":            {until(200), "go    silence", 0},
		"still calls":       {until(160), "no    silence    the monolith called the table", isNo},
		"never counted":     {func(int) (float64, bool) { return 0, true }, "wait  silence    .*fixture-prod-alpha-touches .* no call", isWait},
		"no metric":         {func(int) (float64, bool) { return 0, false }, "wait  silence    .*fixture-prod-alpha-touches .* no call", isWait},
		"silent for a year": {until(24 * 365), "go    silence", 0},
		"a broken trail": {
			func(h int) (float64, bool) { return map[bool]float64{true: 5}[h > 200], h < 20 || h > 50 },
			"wait  silence .* has data in 1\\d\\d of the last 168 hours", isWait,
		},
	} {
		c := cloudAt(t, live...)
		touched(c, test.counts)
		out, status, err := command(t, live, "alpha")
		require.NoError(t, err, name)
		assert.Equal(t, test.status, status, "%s: %s", name, out)
		assert.Regexp(t, test.want, out, name)
	}
}

// The monolith is drained when it answers nothing but 4xx, and retired when nothing comes.
func TestMonolith(t *testing.T) {
	for name, test := range map[string]struct {
		words  []string
		plant  func(c *cloud)
		title  string
		status int
	}{
		"nothing useful": {nil, func(c *cloud) {
			c.groups["Legacy"].failed, c.groups["Legacy"].unanswered = 0, 1
			c.values["HTTPCode_Target_4XX_Count"] = func(of string, _ time.Time) (float64, bool) { return 36_000, strings.Contains(of, "Legacy") }
		}, "serving → drained: go", 0},
		"something useful":  {nil, func(*cloud) {}, "serving → drained: no", isNo},
		"not yet strangled": {[]string{"legacy", "drained", "gamma", "strangled"}, func(*cloud) {}, "drained → retired: no", isNo},
	} {
		c := cloudAt(t, test.words...)
		test.plant(c)
		out, status, err := command(t, test.words, "legacy")
		require.NoError(t, err, name)
		assert.Equal(t, test.status, status, "%s: %s", name, out)
		assert.Contains(t, out, test.title, name)
	}
	all := []string{"legacy", "drained", "alpha", "strangled", "beta", "strangled", "gamma", "strangled"}
	c := cloudAt(t, all...)
	c.groups["Legacy"].perMinute = 0
	out, status, err := command(t, all, "legacy")
	require.NoError(t, err)
	assert.Equal(t, 0, status, out)
	c.never("RequestCount")
	out, status, err = command(t, all, "legacy")
	require.NoError(t, err)
	assert.Equal(t, isWait, status, "%s", out)
	cloudAt(t, all...)
	out, status, err = command(t, all, "legacy")
	require.NoError(t, err)
	assert.Equal(t, isNo, status, out)
	assert.Contains(t, out, "requests came to the monolith in the last 7 days: wanted are none")
}

// In a pull request every phase that changes is judged by the templates of before, in a line of
// its own.
func TestPullRequest(t *testing.T) {
	c := cloudAt(t, tenth...)
	before := filepath.Join(t.TempDir(), "cdk.json")
	write := func(migration string) {
		require.NoError(t, os.WriteFile(before, []byte(`{"context": {"environments": {"prod": {"migration": {`+migration+`}}}}}`), 0o644))
	}
	judged := func(words ...string) (string, int) {
		out, status, err := in(t, fixtureAt(t, words...), "--markdown", "--from", before, "--assembly", templatesAt(t, tenth...))
		require.NoError(t, err)
		return out, status
	}
	write(`"alpha": "10%", "beta": "live", "gamma": "live"`)
	out, status := judged("alpha", "50%")
	assert.Equal(t, 0, status)
	assert.Regexp(t, "^- Verdict: alpha in fixture-prod, 10% → 50%: \\*\\*go\\*\\*\\. `errors: alpha 101 of .*`\n$", out)

	out, status = judged(tenth...)
	assert.Empty(t, out, "no phase changes")
	assert.Equal(t, 0, status)

	out, status = judged("alpha", "50%", "beta", "dark")
	assert.Equal(t, 0, status)
	assert.Regexp(t, "(?s)alpha .*\\*\\*go.*beta in fixture-prod, live → dark: \\*\\*go", out)

	c.groups["Alpha"].failed = 0.01
	out, status = judged("alpha", "50%", "beta", "dark")
	assert.Equal(t, isNo, status)
	assert.Regexp(t, "^- Verdict: alpha in fixture-prod, 10% → 50%: \\*\\*no\\*\\*\\. `errors: alpha .* evidence that", out)
	assert.Contains(t, out, "beta in fixture-prod, live → dark: **go**")

	require.NoError(
		t,
		os.WriteFile(
			before,
			[]byte(`{"context": {"environments": {"prod": {"migration": {"alpha": "10%", "beta": "live", "gamma": "live"}}}}}`),
			0o644,
		),
	)
	c.groups["Alpha"].failed = 0.001
	app := fixtureAt(t, append(tenth, "delta", "live")...)
	app.Catalog.Services = append(app.Catalog.Services, services.Service{
		Name: "delta", Image: app.Catalog.Services[0].Image, Paths: []string{"/delta"}, Priority: 300,
	})
	out, status, err := in(t, app, "--markdown", "--from", before, "--assembly", templatesAt(t, tenth...))
	require.NoError(t, err)
	assert.Equal(t, isNo, status)
	assert.Contains(t, out, `"delta" is not deployed: deploy it dark first`)

	require.NoError(t, os.WriteFile(before, []byte(`{"context": {"environments": {"dev": {}}}}`), 0o644))
	out, _ = judged("alpha", "50%")
	assert.Empty(t, out, "a new environment has nothing to judge by")
}

// A mistake on the command line is one line that says what to do.
func TestMistakes(t *testing.T) {
	accounttest.SignIn(t, "http://127.0.0.1:1")
	for want, args := range map[string][]string{
		"want a service of the catalog":                    {},
		`"delta" is not in the catalog: want one of`:       {"delta"},
		`"half" is no phase`:                               {"alpha", "half"},
		`"gone" is no phase of the monolith: want serving`: {"legacy", "gone"},
		`"alpha" is 10% already`:                           {"alpha", "10%"},
		"--from judges every change of a phase":            {"--from", "cdk.json", "alpha"},
		"--from none.json: there is no such file":          {"--from", "none.json"},
		"--errors 0: want above 0":                         {"--errors", "0", "alpha"},
		"--slower -1: want 0 or more":                      {"--slower", "-1", "alpha"},
		"--since 9m0s: want 10m or more":                   {"--since", "9m", "alpha"},
		"--silence 1m0s: want an hour to 400 days":         {"--silence", "1m", "alpha"},
		`--environment "dev": want one of prod`:            {"--environment", "dev", "alpha"},
		"see --help":                                       {"--nothing"},
		"manifest.json":                                    {"--assembly", t.TempDir(), "alpha"},
	} {
		_, _, err := in(t, fixtureAt(t, tenth...), args...)
		require.ErrorContains(t, err, want)
	}
}

// The words come one after the other, and after the last comes none.
func TestNext(t *testing.T) {
	catalog, err := fixture.Catalog().Complete()
	require.NoError(t, err)
	for from, want := range map[string]string{
		"alpha dark": "10%", "alpha 5%": "10%", "alpha 10%": "50%", "alpha 49%": "50%", "alpha 50%": "live", "alpha live": "strangled",
		"alpha.reads 50%": "live", "legacy serving": "drained", "legacy drained": "retired",
	} {
		key, word, _ := strings.Cut(from, " ")
		got, err := next(catalog, key, word)
		require.NoError(t, err, from)
		assert.Equal(t, want, got, from)
	}
	for _, last := range []string{"alpha strangled", "alpha.reads live", "legacy retired"} {
		key, word, _ := strings.Cut(last, " ")
		_, err := next(catalog, key, word)
		assert.ErrorContains(t, err, "nothing comes after that", last)
	}
	assert.Equal(t, "alpha", step{key: "alpha.reads"}.service())
}

// The shortest period that is still kept is what is read.
func TestPeriods(t *testing.T) {
	for age, want := range map[time.Duration]time.Duration{
		time.Hour: time.Minute, 14 * 24 * time.Hour: time.Minute, 15 * 24 * time.Hour: 5 * time.Minute,
		62 * 24 * time.Hour: 5 * time.Minute, 64 * 24 * time.Hour: time.Hour, 600 * 24 * time.Hour: time.Hour,
	} {
		assert.Equal(t, want, window{from: now.Add(-age), to: now}.period(now), age)
	}
}

// A request that is answered in the next minute is no failure.
func TestAnswersInTheNextMinute(t *testing.T) {
	c := cloudAt(t, tenth...)
	c.values["HTTPCode_Target_2XX_Count"] = func(_ string, at time.Time) (float64, bool) {
		return map[bool]float64{true: 590, false: 610}[at.Minute()%2 == 0], true
	}
	c.always("HTTPCode_ELB_5XX_Count", 600)
	out, _, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^  go    errors +alpha 10 of 101400`, out)
}

// A failure that the load balancer counts a minute after the request is one.
func TestFailuresInTheNextMinute(t *testing.T) {
	c := cloudAt(t, tenth...)
	even := func(of, otherwise float64) func(string, time.Time) (float64, bool) {
		return func(_ string, at time.Time) (float64, bool) {
			return map[bool]float64{true: of, false: otherwise}[at.Minute()%2 == 0], true
		}
	}
	c.values["HTTPCode_Target_2XX_Count"], c.values["HTTPCode_ELB_5XX_Count"] = even(580, 600), even(0, 20)
	c.never("HTTPCode_Target_5XX_Count")
	out, _, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Regexp(t, `errors +alpha 16[89]0 of 101400`, out)
}

// Clients that hang up have no answer, and are no failures.
func TestClientsThatHangUp(t *testing.T) {
	c := cloudAt(t, tenth...)
	c.groups["Alpha"].hungUp = 0.1
	out, _, err := command(t, tenth, "alpha")
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^  go    errors +alpha \d+ of \d+ \(0.10 %\)`, out)
}

// WebSockets of the service or of the monolith change how both are counted.
func TestWhoHasWebSockets(t *testing.T) {
	for name, set := range map[string]func(c *services.Catalog){
		"service":  func(c *services.Catalog) { c.Services[0].Alarms.WebSockets = true },
		"monolith": func(c *services.Catalog) { c.Monolith.Alarms.WebSockets = true },
	} {
		c := cloudAt(t, tenth...)
		c.groups["Alpha"].unanswered, c.groups["Legacy"].unanswered = 0.02, 0
		app := fixtureAt(t, tenth...)
		set(&app.Catalog)
		out, _, err := in(t, app, "--assembly", templatesAt(t, tenth...), "alpha")
		require.NoError(t, err)
		assert.Regexp(t, `(?m)^  go    errors `, out, name)
	}
}

// WebSockets, whose answers no metric counts, are no failures.
func TestWebSockets(t *testing.T) {
	c := cloudAt(t, tenth...)
	c.groups["Alpha"].unanswered = 0.5
	read := func(webSockets bool) side {
		group := map[string]string{"TargetGroup": "targetgroup/" + groupName(c, "Alpha"), "LoadBalancer": "app/x"}
		signedIn, err := account.SignIn(t.Context(), "eu-west-1")
		require.NoError(t, err)
		s, err := newClients(signedIn).readSide(t.Context(), windowSince(changed, now), time.Minute, group, webSockets)
		require.NoError(t, err)
		return s
	}
	assert.InDelta(t, 0.501, read(false).count().Rate(), 0.001)
	assert.InDelta(t, 0.001, read(true).count().Rate(), 0.0001)
}

func groupName(c *cloud, stack string) string {
	for _, group := range c.Stage.TargetGroups {
		if group.Stack == stack {
			_, name, _ := strings.Cut(c.ID(group.Resource), ":targetgroup/")
			return name
		}
	}
	return ""
}

// A few milliseconds more are no difference to a client, however many times as long that is.
func TestPerceptible(t *testing.T) {
	for more, want := range map[float64]string{0.004: "go  ", 0.007: "no  "} {
		c := cloudAt(t, tenth...)
		c.groups["Legacy"].p50, c.groups["Alpha"].p50 = 0.001, 0.001+more
		out, _, err := command(t, tenth, "alpha")
		require.NoError(t, err)
		assert.Regexp(t, `(?m)^  `+want+`  p50 `, out, "%v s more", more)
	}
}
