package test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudwatch"
	"example.com/strangler/test/internal/cost"
	"example.com/strangler/test/internal/synth"
)

// What is there before the environment is.
const (
	theirBalancer = "app/shop/0123456789abcdef"
	theirListener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/" + theirBalancer + "/1123456789abcdef"
	theirGroup    = "sg-0d000000000000001"
	theirMonolith = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/2123456789abcdef"
)

// existingListener is in an existing VPC, before an external monolith without an image. The
// changes are keys of "listener"; nil removes one.
func existingListener(changes map[string]any) change {
	listener := map[string]any{
		"arn": theirListener, "securityGroup": theirGroup, "url": "https://www.example.com", "monolith": theirMonolith,
	}
	maps.Copy(listener, changes)
	maps.DeleteFunc(listener, func(_ string, value any) bool { return value == nil })
	return func(app *synth.App) {
		existingVPC(map[string]any{"loadBalancer": nil})(app)
		environment("waf", nil)(app)
		environment("listener", listener)(app)
		if listener["monolith"] != nil {
			app.Catalog.Monolith.Image = services.Image{}
		}
	}
}

// In every phase, what is there already is touched by rules of the services' own and by
// ingress to their own tasks, and by nothing else.
func TestExistingListenerIsNotTouched(t *testing.T) {
	for _, s := range situations {
		stage := assemble(t, existingListener(nil), everyoneAt(s.phase, s.monolith))
		assert.NoError(t, checkOnlyRulesAndIngress(stage), "%v", s)
		assert.NoError(t, checkNetworkIsThere(stage, nil), "%v", s)
		assert.NoError(t, checkPlaces(stage), "%v", s)
		for _, absent := range []string{"Edge", "Legacy"} {
			_, there := stage.Stack(absent)
			assert.False(t, there, "%s in %v", absent, s)
		}
		_, err := cost.Of(stage)
		assert.NoError(t, err, "%v", s)
	}
}

func TestExistingListenerMutants(t *testing.T) {
	stage := assemble(t, existingListener(nil), everyoneAt("25%", services.Serving))
	resource := func(kind string, properties map[string]any) func(map[string]any) {
		return func(resources map[string]any) {
			resources["Another"] = map[string]any{"Type": kind, "Properties": properties}
		}
	}
	for name, edit := range map[string]func(resources map[string]any){
		"a certificate for the listener": resource("AWS::ElasticLoadBalancingV2::ListenerCertificate", map[string]any{
			"ListenerArn": theirListener,
		}),
		"a firewall for the load balancer": resource("AWS::WAFv2::WebACLAssociation", map[string]any{
			"ResourceArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/" + theirBalancer,
		}),
		"another table in the network": resource("AWS::EC2::SubnetRouteTableAssociation", map[string]any{
			"SubnetId": "subnet-0a000000000000001", "RouteTableId": "rtb-1",
		}),
		"a rule for the monolith alone": func(resources map[string]any) {
			ofType(resources, listenerRule)[0]["Actions"] = []any{map[string]any{"Type": "forward", "TargetGroupArn": theirMonolith}}
		},
		"a task open to another group": func(resources map[string]any) {
			ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]["SourceSecurityGroupId"] = "sg-1"
		},
		"a task open to the network": func(resources map[string]any) {
			rule := ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]
			delete(rule, "SourceSecurityGroupId")
			rule["CidrIp"] = "10.1.0.0/16"
		},
	} {
		assert.Error(t, checkOnlyRulesAndIngress(mutate(t, stage, "Alpha", edit)), "%s: mutant passed the check", name)
	}
}

// theirs are the properties that may name what is there already, by the type of the
// resource. Alarms, policies and the dashboard only read its metrics.
var theirs = map[string][]string{
	listenerRule:                                 {"ListenerArn", "Actions"},
	"AWS::EC2::SecurityGroupIngress":             {"SourceSecurityGroupId"},
	"AWS::EC2::SecurityGroup":                    {"VpcId"},
	"AWS::ECS::Service":                          {"NetworkConfiguration"},
	"AWS::ElasticLoadBalancingV2::TargetGroup":   {"VpcId"},
	"AWS::CloudWatch::Alarm":                     {"Metrics", "Dimensions"},
	"AWS::CloudWatch::Dashboard":                 {"DashboardBody"},
	"AWS::ApplicationAutoScaling::ScalingPolicy": {"TargetTrackingScalingPolicyConfiguration", "PredictiveScalingPolicyConfiguration"},
}

func checkOnlyRulesAndIngress(stage *assembly.Stage) error {
	var errs []error
	for r := range stage.Resources() {
		for key, value := range r.Properties {
			if names := fmt.Sprint(value); !slices.Contains(theirs[r.Type], key) && namesTheirs(names) {
				errs = append(errs, fmt.Errorf("%s: %s of %s %s is %s", r.Stack, key, r.Type, r.LogicalID, names))
			}
		}
	}
	for _, rule := range stage.ListenerRules {
		errs = append(errs, checkOwnRule(stage, rule))
	}
	for r := range stage.Resources("AWS::EC2::SecurityGroupIngress") {
		source := r.Properties["SourceSecurityGroupId"]
		own := slices.ContainsFunc(stage.SecurityGroups, func(g assembly.SecurityGroup) bool { return g.Is(fmt.Sprint(source)) })
		if source != theirGroup && !own {
			errs = append(errs, fmt.Errorf("%s admits %v", r.LogicalID, r.Properties))
		}
	}
	return errors.Join(errs...)
}

// namesTheirs reports whether a text names a part of the network or of the load balancer.
func namesTheirs(text string) bool {
	return slices.ContainsFunc([]string{theirBalancer, theirGroup, theirMonolith, "vpc-", "subnet-", "rtb-"}, func(id string) bool {
		return strings.Contains(text, id)
	})
}

// checkOwnRule wants a rule of the listener that is there, with a share at least for a
// service's own group.
func checkOwnRule(stage *assembly.Stage, rule assembly.ListenerRule) error {
	forward, ok := rule.Rule.Action.(alb.Forward)
	own := slices.ContainsFunc(forward, func(w alb.WeightedTargetGroup) bool {
		_, found := stage.Resource(w.TargetGroup)
		return found && w.Weight > 0
	})
	if !ok || !own || rule.Listener != theirListener {
		return fmt.Errorf("%s of %s: %v in %s", rule.LogicalID, rule.Stack, rule.Rule.Action, rule.Listener)
	}
	return nil
}

// The table of a monolith that runs outside is not the environment's.
func TestExternalMonolithHasItsOwnTable(t *testing.T) {
	withTable := editService("legacy", func(s *services.Service) { s.Table = &services.Table{PartitionKey: "id"} })
	own := assemble(t, existingListener(map[string]any{"monolith": nil}), withTable)
	assert.Len(t, assemble(t, existingListener(nil), withTable).Tables, len(own.Tables)-1)
}

// A share sends the rest to the external monolith, and a service that is live nothing.
func TestShareWithAnExternalMonolith(t *testing.T) {
	for phase, want := range map[string]map[string]float64{
		"25%":  {"alpha": 0.25, theirMonolith: 0.75},
		"live": {"alpha": 1},
	} {
		stage := assemble(t, existingListener(nil), everyoneAt(phase, services.Serving))
		_, live := rulesOf(stage, "alpha")
		shares := map[string]float64{}
		for group, share := range live.Rule.Shares() {
			name := group
			if group != theirMonolith {
				name = stage.Program(group)
			}
			shares[name] = share
		}
		assert.Equal(t, want, shares, phase)
	}
	dark := assemble(t, existingListener(nil), everyoneAt("dark", services.Serving))
	_, live := rulesOf(dark, "alpha")
	assert.Nil(t, live, "a dark service has no live rule")
}

// Alarms and the dashboard find the load balancer and the monolith that are there.
func TestExistingListenerIsWatched(t *testing.T) {
	stage := assemble(t, existingListener(nil))
	alarm, ok := alarmOf(stage, "Alpha", "UnhealthyHosts")
	require.True(t, ok)
	assert.Contains(t, fmt.Sprint(alarm.Properties), theirBalancer)
	body := fmt.Sprint(only(stage, "Watch", "AWS::CloudWatch::Dashboard").Properties["DashboardBody"])
	_, err := cloudwatch.ReadDashboard(body)
	require.NoError(t, err)
	assert.Contains(t, body, `TargetGroup=\"targetgroup/shop/2123456789abcdef\"`)
}

// Each key of the listener changes the stacks that it is about, and no other.
func TestExistingListenerChangesTheseStacks(t *testing.T) {
	before := assemble(t, existingListener(nil), everyoneAt("25%", services.Serving))
	programs := []string{"Alpha", "Beta", "Gamma"}
	for key, test := range map[string]struct {
		value any
		want  []string
	}{
		"url":           {"https://shop.example.com", []string{"Platform"}},
		"monolith":      {theirMonolith[:len(theirMonolith)-1] + "0", append(slices.Clone(programs), "Watch")},
		"securityGroup": {"sg-0d000000000000002", programs},
		"arn":           {theirListener[:len(theirListener)-1] + "0", programs},
		"priorities":    {map[string]any{"preview": 1, "live": 1000}, programs},
	} {
		after := assemble(t, existingListener(map[string]any{key: test.value}), everyoneAt("25%", services.Serving))
		assert.Equal(t, test.want, changed(before, after), key)
	}
}

// The review follows the phases of services whose monolith runs outside.
func TestReviewWithAnExternalMonolith(t *testing.T) {
	at := func(phase string) *assembly.Stage {
		return assemble(t, existingListener(nil), contextKey("beta", phase))
	}
	dark, live := at("dark"), at("live")
	wantReview(t, "dark to 10%", reviewed(t, dark, at("10%")),
		"**fixture-dev**: 1 stack changes, no finding.",
		"- Stack `Beta`: 1 resource added.",
		"- Phase of beta: dark → 10%.",
		"- `/api/beta`, `/api/beta/*`: beta 0 → 10 %, existing listener 100 → 90 %.",
		"- Cost a month, without traffic: …",
	)
	wantReview(t, "live to strangled", reviewed(t, live, at("strangled")), "**fixture-dev**: no change.")
	assert.Empty(t, reviewed(t, live, dark).Findings)
}

// The address is an output, and HTTP a warning.
func TestExistingListenerSaysItsAddress(t *testing.T) {
	for url, warned := range map[string]int{"https://www.example.com": 0, "http://www.example.com:8080": 1} {
		stage := assemble(t, existingListener(map[string]any{"url": url}))
		platform := stackOf(t, stage, "Platform")
		assert.True(t, slices.ContainsFunc(platform.Outputs, func(o *assembly.Output) bool { return o.ID == "Url" && o.Value == url }), url)
		assert.Len(t, warnings(t, stage, "Platform"), warned, url)
	}
}

// A monolith of the catalog may join a listener that is there, and then keeps everything
// that it has otherwise.
func TestOwnMonolithInAnExistingListener(t *testing.T) {
	stage := assemble(t, existingListener(map[string]any{"monolith": nil}))
	require.NoError(t, checkOnlyRulesAndIngress(stage))
	_, live := rulesOf(stage, "legacy")
	require.NotNil(t, live)
	assert.Equal(t, 50000, live.Rule.Priority)
}

func TestBadListener(t *testing.T) {
	key := func(key string, value any) change { return existingListener(map[string]any{key: value}) }
	beside := func(key string, value any) change {
		return func(app *synth.App) { existingListener(nil)(app); environment(key, value)(app) }
	}
	balancer := ` is for a load balancer that the environment gets: remove it beside listener`
	anARN := `want an ARN such as arn:aws:elasticloadbalancing:eu-west-1:123456789012:`
	for name, test := range map[string]mistake{
		"no VPC": {
			beside("vpc", nil), `listener wants vpc, the one of its load balancer: a target group of another VPC cannot join it`,
		},
		"a domain":                   {beside("domains", []string{"www.example.com"}), `domains` + balancer},
		"a zone":                     {beside("hostedZoneId", "Z0123456789ABC"), `hostedZoneId` + balancer},
		"a firewall":                 {beside("waf", true), `waf` + balancer},
		"no firewall":                {beside("waf", false), `waf` + balancer},
		"free text":                  {beside("freeText", []string{"/a"}), `freeText` + balancer},
		"subnets of a load balancer": {func(app *synth.App) { existingListener(nil)(app); existingVPC(nil)(app) }, `vpc.loadBalancer` + balancer},
		"a load balancer's ARN": {
			key("arn", strings.Replace(theirListener, "listener", "loadbalancer", 1)),
			`listener.arn "` + strings.Replace(theirListener, "listener", "loadbalancer", 1) + `": ` + anARN +
				`listener/app/shop/0123456789abcdef/0123456789abcdef`,
		},
		"a listener of another region": {
			key("arn", strings.Replace(theirListener, "eu-west-1", "eu-west-2", 1)),
			`listener.arn "` + strings.Replace(theirListener, "eu-west-1", "eu-west-2", 1) + `": ` + anARN +
				`listener/app/shop/0123456789abcdef/0123456789abcdef`,
		},
		"a group by name": {key("monolith", "shop"), `listener.monolith "shop": ` + anARN + `targetgroup/shop/0123456789abcdef`},
		"no security group": {
			key("securityGroup", nil), `listener.securityGroup "": want the load balancer's, such as sg-0123456789abcdef0`,
		},
		"no address": {key("url", nil), `listener.url "": want the listener's address without a path, such as https://www.example.com`},
		"a path": {
			key("url", "https://www.example.com/"),
			`listener.url "https://www.example.com/": want the listener's address without a path, such as https://www.example.com`,
		},
		"a negative priority": {
			key("priorities", map[string]any{"preview": -1}), `listener.priorities -1 and 0: want 0 or more`,
		},
		"priorities without a monolith": {
			existingListener(map[string]any{"monolith": nil, "priorities": map[string]any{"live": 1000}}),
			`listener.priorities wants listener.monolith: the rule of a monolith of the catalog has the last priority`,
		},
		"no image": {
			func(app *synth.App) { app.Catalog.Monolith.Image = services.Image{} },
			`"legacy" has no image: set one in the catalog, or listener.monolith to the target group that it is behind`,
		},
		"a call of the monolith": {
			func(app *synth.App) {
				existingListener(nil)(app)
				editService("beta", func(s *services.Service) { s.Calls = []string{"legacy"} })(app)
			},
			`"legacy" calls or is called, and is external here: connections are between programs that the environment runs: remove them`,
		},
		"bands that meet": {
			key("priorities", map[string]any{"live": 100}),
			`services: live rule of "gamma" (priority 150) comes before preview rule of "beta" (priority 200): ` +
				`raise listener.priorities.live above every preview rule`,
		},
	} {
		_, err := environments(neutral(t, test.change))
		assert.EqualError(t, err, `environment "dev": `+test.want, name)
	}
	_, err := environments(neutral(t, existingListener(nil), environment("account", "210987654321")))
	assert.ErrorContains(t, err, "want an ARN such as arn:aws:elasticloadbalancing:eu-west-1:210987654321:", "a listener of another account")
}

// describedRules writes a file with rules of the listener: a default action that leads to
// the monolith, a rule of another program with that priority, and one of alpha's own.
func describedRules(t *testing.T, priority int) string {
	t.Helper()
	const rule = `{"RuleArn": "%s/%d", "Priority": "%d", "Conditions": [{"Field": "path-pattern", "Values": ["%s"]}],
		"Actions": [{"Type": "forward", "TargetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/%s/1"}]},`
	arn := strings.Replace(theirListener, ":listener/", ":listener-rule/", 1)
	own := services.TargetGroupName("fixture-dev", services.Service{Name: "alpha"})
	name := filepath.Join(t.TempDir(), "rules.json")
	require.NoError(t, os.WriteFile(name, []byte(`{"Rules": [`+
		fmt.Sprintf(rule, arn, 1, priority, "/search", "search")+
		fmt.Sprintf(rule, arn, 2, 25100, "/api/alpha", own)+
		`{"RuleArn": "`+arn+`/3", "Priority": "default", "IsDefault": true, "Actions": [{"TargetGroupArn": "`+theirMonolith+`"}]}
		]}`), 0o600))
	return name
}

// The environment's rules are checked against those that the listener has, but for its own,
// and its templates are the same with and without the file.
func TestRulesOfAnExistingListener(t *testing.T) {
	file := describedRules(t, 300)
	with := assemble(t, existingListener(map[string]any{"rules": file}))
	assert.Empty(t, changed(assemble(t, existingListener(nil)), with))

	taken := describedRules(t, 25200)
	for name, test := range map[string]struct {
		changes map[string]any
		want    string
	}{
		"a priority": {
			map[string]any{"rules": taken},
			`services: live rule of "beta" (priority 25200) has the priority of rule 25200 of the listener (/search): ` +
				`change listener.priorities.live, which is 25000, or give "beta" another priority`,
		},
		"another monolith": {
			map[string]any{"rules": file, "monolith": theirMonolith + "0"},
			`services: live rule of "gamma" (priority 25050) takes requests for "/gamma" from the listener's default action, ` +
				`which does not lead to the monolith alone: check listener.monolith, or change the path`,
		},
		"another listener": {
			map[string]any{"rules": file, "arn": theirListener + "0"},
			`listener.rules: ` + file + `: ` + strings.Replace(theirListener, ":listener/", ":listener-rule/", 1) +
				`/1 is of another listener than listener.arn: write it with go run ./test/import rules ` + theirListener + `0`,
		},
		"no file": {
			map[string]any{"rules": "none.json"},
			`listener.rules: open none.json: no such file or directory: write it with go run ./test/import rules ` + theirListener,
		},
		"a folder": {map[string]any{"rules": "testdata"}, `listener.rules: read testdata: is a directory`},
		"no rules": {
			map[string]any{"rules": "app_test.go"}, `listener.rules: app_test.go: want the output of aws elbv2 describe-rules, as JSON: …`,
		},
	} {
		_, err := environments(neutral(t, existingListener(test.changes)))
		if start, open := strings.CutSuffix(test.want, "…"); open {
			assert.ErrorContains(t, err, `environment "dev": `+start, name)
		} else {
			assert.EqualError(t, err, `environment "dev": `+test.want, name)
		}
	}
	moved := map[string]any{"rules": taken, "priorities": map[string]any{"preview": 0, "live": 26000}}
	_, err := environments(neutral(t, existingListener(moved)))
	assert.NoError(t, err, "other priorities")
}

// The name of the file is relative to the folder of cdk.json, wherever a test runs.
func TestRulesAreBesideCDKJSON(t *testing.T) {
	folder := t.TempDir()
	text := `{"context": {"environments": {"a": {"listener": {"rules": "rules.json"}}, "b": {"listener": {"rules": "/rules.json"}}, "c": {}}}}`
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cdk.json"), []byte(text), 0o600))
	app, err := synth.Shipped(folder)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"a": map[string]any{"listener": map[string]any{"rules": filepath.Join(folder, "rules.json")}},
		"b": map[string]any{"listener": map[string]any{"rules": "/rules.json"}},
		"c": map[string]any{},
	}, app.Context["environments"])
}
