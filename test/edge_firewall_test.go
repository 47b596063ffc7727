package test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// webACL is an AWS::WAFv2::WebACL.
type webACL struct {
	Scope            string
	DefaultAction    map[string]any
	VisibilityConfig visibility
	Rules            []struct {
		Name                   string
		Priority               int
		Action, OverrideAction map[string]any
		VisibilityConfig       visibility
		Statement              struct {
			ManagedRuleGroupStatement struct {
				VendorName, Name    string
				RuleActionOverrides []struct {
					Name        string
					ActionToUse map[string]any
				}
			}
			RateBasedStatement struct {
				AggregateKeyType           string
				Limit, EvaluationWindowSec int
			}
		}
	}
}

type visibility struct {
	CloudWatchMetricsEnabled bool
	MetricName               string
}

// A firewall stands before the load balancer where the environment says so.
func TestFirewall(t *testing.T) {
	for name, test := range map[string]struct {
		stage *assembly.Stage
		want  bool
	}{
		"dev":              {at(t, situation{"live", services.Serving}), false},
		"prod":             {atPublic(t), true},
		"dev with one":     {assemble(t, environment("waf", true)), true},
		"prod without one": {assemble(t, environment("waf", false), called("prod")), false},
	} {
		assert.Len(t, slices.Collect(test.stage.Resources("AWS::WAFv2::WebACL")), map[bool]int{true: 1}[test.want], name)
		if test.want {
			assert.NoError(t, checkFirewall(test.stage), name)
		}
	}
}

func TestFirewallMutants(t *testing.T) {
	atPublic(t)
	rule := func(resources map[string]any, i int) map[string]any {
		return ofType(resources, "AWS::WAFv2::WebACL")[0]["Rules"].([]any)[i].(map[string]any)
	}
	statement := func(resources map[string]any, i int, kind string) map[string]any {
		return rule(resources, i)["Statement"].(map[string]any)[kind].(map[string]any)
	}
	logging := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::WAFv2::LoggingConfiguration")[0]
	}
	for name, edit := range map[string]func(resources map[string]any){
		"of a distribution": func(resources map[string]any) { ofType(resources, "AWS::WAFv2::WebACL")[0]["Scope"] = "CLOUDFRONT" },
		"before nothing": func(resources map[string]any) {
			ofType(resources, "AWS::WAFv2::WebACLAssociation")[0]["ResourceArn"] = "arn"
		},
		"a group that counts": func(resources map[string]any) {
			rule(resources, 0)["OverrideAction"] = map[string]any{"Count": map[string]any{}}
		},
		"a group of another": func(resources map[string]any) {
			statement(resources, 2, "ManagedRuleGroupStatement")["Name"] = "AWSManagedRulesPHPRuleSet"
		},
		"long bodies blocked": func(resources map[string]any) {
			delete(statement(resources, 2, "ManagedRuleGroupStatement"), "RuleActionOverrides")
		},
		"an empty list": func(resources map[string]any) {
			statement(resources, 0, "ManagedRuleGroupStatement")["RuleActionOverrides"] = []any{}
		},
		"a log filter in small letters": func(resources map[string]any) {
			filter := logging(resources)["LoggingFilter"].(map[string]any)
			filter["defaultBehavior"] = filter["DefaultBehavior"]
			delete(filter, "DefaultBehavior")
		},
		"a rate that counts": func(resources map[string]any) {
			rule(resources, 1)["Action"] = map[string]any{"Count": map[string]any{}}
		},
		"a rate for all together": func(resources map[string]any) {
			statement(resources, 1, "RateBasedStatement")["AggregateKeyType"] = "CONSTANT"
		},
		"a rate ten times that": func(resources map[string]any) { statement(resources, 1, "RateBasedStatement")["Limit"] = 20000 },
		"a rate of a minute": func(resources map[string]any) {
			statement(resources, 1, "RateBasedStatement")["EvaluationWindowSec"] = 60
		},
		"a priority used twice": func(resources map[string]any) { rule(resources, 3)["Priority"] = 2 },
		"no metrics": func(resources map[string]any) {
			rule(resources, 3)["VisibilityConfig"].(map[string]any)["CloudWatchMetricsEnabled"] = false
		},
		"a log WAF refuses":     func(resources map[string]any) { firewallLogs(resources)["LogGroupName"] = "firewall" },
		"a log of all groups":   func(resources map[string]any) { logging(resources)["LogDestinationConfigs"] = []any{"arn:*"} },
		"a log of another list": func(resources map[string]any) { logging(resources)["ResourceArn"] = "arn" },
		"a log of all requests": func(resources map[string]any) { delete(logging(resources), "LoggingFilter") },
		"a log with passwords":  func(resources map[string]any) { delete(logging(resources), "RedactedFields") },
	} {
		assert.Error(t, checkFirewall(mutated(t, public, "Edge", edit)), "%s: mutant passed the check", name)
	}
}

func firewallLogs(resources map[string]any) map[string]any {
	for _, group := range ofType(resources, "AWS::Logs::LogGroup") {
		if group["LogGroupName"] != nil {
			return group
		}
	}
	panic("no log group has a name")
}

func checkFirewall(stage *assembly.Stage) error {
	for r := range stage.Resources("AWS::WAFv2::WebACL") {
		acl, err := into[webACL](r.Properties)
		if err != nil {
			return err
		}
		arn := fmt.Sprintf("${%s.%s.Arn}", r.Stack, r.LogicalID)
		return errors.Join(checkFirewallRules(acl), checkAssociation(stage, arn), checkFirewallLog(stage, arn))
	}
	return errors.New("no firewall")
}

func checkFirewallRules(acl webACL) error {
	want := []string{
		"0 AWSManagedRulesAmazonIpReputationList blocks",
		"1 2000 in 300 s by IP blocks",
		"2 AWSManagedRulesCommonRuleSet blocks, SizeRestrictions_BODY counts",
		"3 AWSManagedRulesKnownBadInputsRuleSet blocks",
	}
	var got []string
	var dark bool
	for _, rule := range acl.Rules {
		group, rate := rule.Statement.ManagedRuleGroupStatement, rule.Statement.RateBasedStatement
		line := fmt.Sprintf("%d %s", rule.Priority, group.Name)
		if group.VendorName != "AWS" {
			line = fmt.Sprintf("%d %d in %d s by %s", rule.Priority, rate.Limit, rate.EvaluationWindowSec, rate.AggregateKeyType)
		}
		if group.RuleActionOverrides != nil && len(group.RuleActionOverrides) == 0 {
			line += " with an empty list"
		}
		if rule.Action["Block"] != nil || rule.OverrideAction["None"] != nil {
			line += " blocks"
		}
		for _, override := range group.RuleActionOverrides {
			line += fmt.Sprintf(", %s %s", override.Name, strings.ToLower(slices.Sorted(maps.Keys(override.ActionToUse))[0])+"s")
		}
		got = append(got, line)
		dark = dark || !rule.VisibilityConfig.CloudWatchMetricsEnabled || rule.VisibilityConfig.MetricName == ""
	}
	dark = dark || !acl.VisibilityConfig.CloudWatchMetricsEnabled
	if !slices.Equal(got, want) || dark || acl.Scope != "REGIONAL" || acl.DefaultAction["Allow"] == nil {
		return fmt.Errorf("%s, then %v, without metrics: %v\n got %q\nwant %q", acl.Scope, acl.DefaultAction, dark, got, want)
	}
	return nil
}

func checkAssociation(stage *assembly.Stage, acl string) error {
	association := only(stage, "Edge", "AWS::WAFv2::WebACLAssociation").Properties
	if association["WebACLArn"] != acl || association["ResourceArn"] != stage.LoadBalancers[0].Identity() {
		return fmt.Errorf("the firewall stands before %v", association)
	}
	return nil
}

// checkFirewallLog wants what was blocked, without secrets, in a log group of
// the name that WAF asks for. It compares letter by letter, capitals too.
func checkFirewallLog(stage *assembly.Stage, acl string) error {
	logging := only(stage, "Edge", "AWS::WAFv2::LoggingConfiguration").Properties
	var destinations []any
	for r := range stage.Resources("AWS::Logs::LogGroup") {
		if r.Properties["LogGroupName"] == "aws-waf-logs-"+stage.Name {
			destinations = append(destinations, "arn:aws:logs:eu-west-1:${AWS::AccountId}:log-group:"+r.Identity())
		}
	}
	want := map[string]any{
		"ResourceArn":           acl,
		"LogDestinationConfigs": destinations,
		"LoggingFilter": map[string]any{"DefaultBehavior": "DROP", "Filters": []any{map[string]any{
			"Behavior": "KEEP", "Requirement": "MEETS_ANY",
			"Conditions": []any{map[string]any{"ActionCondition": map[string]any{"Action": "BLOCK"}}},
		}}},
		"RedactedFields": []any{
			map[string]any{"SingleHeader": map[string]any{"Name": "authorization"}},
			map[string]any{"SingleHeader": map[string]any{"Name": "cookie"}},
		},
	}
	if len(destinations) != 1 || !reflect.DeepEqual(logging, want) {
		return fmt.Errorf("the firewall's log is %v, want %v", logging, want)
	}
	return nil
}
