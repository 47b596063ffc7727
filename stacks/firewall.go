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

// newFirewall blocks requests before they reach the listener. The cheapest rules come
// first: the address, then the rate, then the content.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
func newFirewall(stack awscdk.Stack, balancer elbv2.ApplicationLoadBalancer) {
	acl := awswafv2.NewCfnWebACL(stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:         jsii.String("REGIONAL"),
		DefaultAction: &awswafv2.CfnWebACL_DefaultActionProperty{Allow: empty},
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

// empty is how WAF writes an action or a match without options.
var empty = map[string]any{}

// managed is a rule group of AWS's, in which the counted rules do not block. WAF inspects
// the first 8 KiB of a body, and the group's size rule would block longer ones; the
// programs accept 64 KiB and answer 413 above that.
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
		OverrideAction:   &awswafv2.CfnWebACL_OverrideActionProperty{None: empty},
		VisibilityConfig: metrics(group),
	}
}

// onlyCount makes rules of a group count what they would block. It is nil, and not an
// empty list, without such rules.
func onlyCount(rules []string) any {
	if len(rules) == 0 {
		return nil
	}
	var overrides []any
	for _, rule := range rules {
		overrides = append(overrides, &awswafv2.CfnWebACL_RuleActionOverrideProperty{
			Name:        &rule,
			ActionToUse: &awswafv2.CfnWebACL_RuleActionProperty{Count: empty},
		})
	}
	return &overrides
}

// limitRate blocks an address while it sends too many requests.
func limitRate(priority int) *awswafv2.CfnWebACL_RuleProperty {
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:     jsii.String("RequestsPerAddress"),
		Priority: jsii.Number(priority),
		Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
			AggregateKeyType:    jsii.String("IP"),
			Limit:               jsii.Number(requestsPerAddress),
			EvaluationWindowSec: jsii.Number(300),
		}},
		Action:           &awswafv2.CfnWebACL_RuleActionProperty{Block: empty},
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

// logBlocked logs the blocked requests without their secrets; the load balancer's log has
// the others. WAF requires a log group with the prefix aws-waf-logs-, and its ARN without
// the ":*" at the end of CloudFormation's.
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

// blockedOnly is a map because the CDK writes the keys of its own type in camelCase,
// which CloudFormation refuses. So is redacted's header.
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
