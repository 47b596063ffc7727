package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"
)

// requestsPerAddress is how many requests one address may make in five minutes,
// the window of a rate-based rule: seven a second for a person who never rests,
// or for an office behind one address.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html
const requestsPerAddress = 2000

// newFirewall turns requests away before they reach the listener. The cheapest
// look comes first: who asks, how often, and only then for what.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
func newFirewall(stack awscdk.Stack, balancer elbv2.ApplicationLoadBalancer) {
	acl := awswafv2.NewCfnWebACL(stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:         jsii.String("REGIONAL"),
		DefaultAction: &awswafv2.CfnWebACL_DefaultActionProperty{Allow: nothing},
		Rules: &[]any{
			managed(0, "AWSManagedRulesAmazonIpReputationList"),
			limitRate(1),
			managed(2, "AWSManagedRulesCommonRuleSet", "SizeRestrictions_BODY"),
			managed(3, "AWSManagedRulesKnownBadInputsRuleSet"),
		},
		VisibilityConfig: metrics("Firewall"),
	})
	awswafv2.NewCfnWebACLAssociation(stack, jsii.String("FirewallAssociation"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: balancer.LoadBalancerArn(),
		WebAclArn:   acl.AttrArn(),
	})
	logBlocked(stack, acl)
}

// nothing is how WAF writes an action or a match that has no more to say.
var nothing = map[string]any{}

// managed is one of the rule groups that AWS keeps up to date, of which some
// rules only count. Of the body WAF sees 8 KiB, and the size rule would block
// all that is longer; the programs take 64 KiB, and say 413 themselves.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-setting-body-inspection-limit.html
func managed(priority int, group string, counted ...string) *awswafv2.CfnWebACL_RuleProperty {
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:     &group,
		Priority: jsii.Number(priority),
		Statement: &awswafv2.CfnWebACL_StatementProperty{ManagedRuleGroupStatement: &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{
			VendorName:          jsii.String("AWS"),
			Name:                &group,
			RuleActionOverrides: onlyCount(counted),
		}},
		OverrideAction:   &awswafv2.CfnWebACL_OverrideActionProperty{None: nothing},
		VisibilityConfig: metrics(group),
	}
}

// onlyCount lets rules of a group count what they would block. It is nil, and not
// an empty list, where there are none.
func onlyCount(rules []string) any {
	if len(rules) == 0 {
		return nil
	}
	var overrides []any
	for _, rule := range rules {
		overrides = append(overrides, &awswafv2.CfnWebACL_RuleActionOverrideProperty{
			Name:        &rule,
			ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: nothing},
		})
	}
	return &overrides
}

// limitRate blocks an address for as long as it asks too often.
func limitRate(priority int) *awswafv2.CfnWebACL_RuleProperty {
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:     jsii.String("RequestsPerAddress"),
		Priority: jsii.Number(priority),
		Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
			AggregateKeyType:    jsii.String("IP"),
			Limit:               jsii.Number(requestsPerAddress),
			EvaluationWindowSec: jsii.Number(300),
		}},
		Action:           &awswafv2.CfnWebACL_RuleActionProperty{Block: nothing},
		VisibilityConfig: metrics("RequestsPerAddress"),
	}
}

func metrics(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		MetricName:               &name,
		CloudWatchMetricsEnabled: jsii.Bool(true),
		SampledRequestsEnabled:   jsii.Bool(true),
	}
}

// logBlocked keeps the requests that were turned away, without the secrets in
// them; the load balancer's log has the others. WAF wants a log group of such a
// name, and its ARN as it is, while CloudFormation's own ends in ":*".
//
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
func logBlocked(stack awscdk.Stack, acl awswafv2.CfnWebACL) {
	logs := newNamedLogGroup(stack, "FirewallLogs", "aws-waf-logs-"+stageName(stack))
	awswafv2.NewCfnLoggingConfiguration(stack, jsii.String("FirewallLogging"), &awswafv2.CfnLoggingConfigurationProps{
		ResourceArn:           acl.AttrArn(),
		LogDestinationConfigs: &[]any{own(stack, "logs", "log-group:"+*logs.LogGroupName())},
		LoggingFilter:         blockedOnly,
		RedactedFields:        &[]any{redacted("authorization"), redacted("cookie")},
	})
}

// blockedOnly is a map because the CDK writes its own types for what is JSON to
// it with small letters, which CloudFormation refuses. So is redacted's header.
//
// https://github.com/aws/aws-cdk/issues/23709
var blockedOnly = map[string]any{
	"DefaultBehavior": "DROP",
	"Filters": []any{map[string]any{
		"Behavior":    "KEEP",
		"Requirement": "MEETS_ANY",
		"Conditions":  []any{map[string]any{"ActionCondition": map[string]any{"Action": "BLOCK"}}},
	}},
}

func redacted(header string) *awswafv2.CfnLoggingConfiguration_FieldToMatchProperty {
	return &awswafv2.CfnLoggingConfiguration_FieldToMatchProperty{SingleHeader: map[string]any{"Name": header}}
}
