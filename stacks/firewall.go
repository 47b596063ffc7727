package stacks

import (
	"maps"
	"slices"

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
//
// On paths that take free text the common rules on bodies only count; their labels let
// a rule of the app's block on every other path.
func newFirewall(stack awscdk.Stack, balancer elbv2.ApplicationLoadBalancer, freeText []string) {
	counted := []string{"SizeRestrictions_BODY"}
	if len(freeText) > 0 {
		counted = append(counted, slices.Sorted(maps.Keys(bodyRules))...)
	}
	rules := []any{
		managed(0, "AWSManagedRulesAmazonIpReputationList"),
		limitRate(1),
		managed(2, commonRules, counted...),
		managed(3, "AWSManagedRulesKnownBadInputsRuleSet"),
	}
	if len(freeText) > 0 {
		rules = append(rules, blockBodies(4, freeText))
	}
	acl := awswafv2.NewCfnWebACL(stack, jsii.String("Firewall"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: empty},
		Rules:            &rules,
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

const commonRules = "AWSManagedRulesCommonRuleSet"

// bodyRules are the common rules that look at what a body says, and the label that each
// puts on a request that it counts.
//
// https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
var bodyRules = map[string]string{
	"CrossSiteScripting_BODY": "awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body",
	"EC2MetaDataSSRF_BODY":    "awswaf:managed:aws:core-rule-set:EC2MetaDataSSRF_Body",
	"GenericLFI_BODY":         "awswaf:managed:aws:core-rule-set:GenericLFI_Body",
	"GenericRFI_BODY":         "awswaf:managed:aws:core-rule-set:GenericRFI_Body",
}

// blockBodies blocks what the common rules on bodies have counted, but on the paths
// that begin with free text's.
func blockBodies(priority int, freeText []string) *awswafv2.CfnWebACL_RuleProperty {
	const name = "BodiesElsewhere"
	var labels, paths []any
	for _, rule := range slices.Sorted(maps.Keys(bodyRules)) {
		labels = append(labels, &awswafv2.CfnWebACL_StatementProperty{LabelMatchStatement: &awswafv2.CfnWebACL_LabelMatchStatementProperty{
			Scope: jsii.String("LABEL"), Key: jsii.String(bodyRules[rule]),
		}})
	}
	for _, path := range freeText {
		paths = append(paths, beginsWith(path))
	}
	return &awswafv2.CfnWebACL_RuleProperty{
		Name:     jsii.String(name),
		Priority: jsii.Number(priority),
		Statement: &awswafv2.CfnWebACL_StatementProperty{AndStatement: &awswafv2.CfnWebACL_AndStatementProperty{Statements: &[]any{
			anyOf(labels),
			&awswafv2.CfnWebACL_StatementProperty{NotStatement: &awswafv2.CfnWebACL_NotStatementProperty{Statement: anyOf(paths)}},
		}}},
		Action:           &awswafv2.CfnWebACL_RuleActionProperty{Block: empty},
		VisibilityConfig: metrics(name),
	}
}

// anyOf is a statement that one of several holds. WAF takes no list of one.
func anyOf(statements []any) any {
	if len(statements) == 1 {
		return statements[0]
	}
	return &awswafv2.CfnWebACL_StatementProperty{OrStatement: &awswafv2.CfnWebACL_OrStatementProperty{Statements: &statements}}
}

// beginsWith matches a path as a listener rule sees it, decoded and without dots.
func beginsWith(path string) *awswafv2.CfnWebACL_StatementProperty {
	return &awswafv2.CfnWebACL_StatementProperty{ByteMatchStatement: &awswafv2.CfnWebACL_ByteMatchStatementProperty{
		FieldToMatch:         &awswafv2.CfnWebACL_FieldToMatchProperty{UriPath: empty},
		PositionalConstraint: jsii.String("STARTS_WITH"),
		SearchString:         jsii.String(path),
		TextTransformations: &[]any{
			&awswafv2.CfnWebACL_TextTransformationProperty{Priority: jsii.Number(0), Type: jsii.String("URL_DECODE")},
			&awswafv2.CfnWebACL_TextTransformationProperty{Priority: jsii.Number(1), Type: jsii.String("NORMALIZE_PATH")},
		},
	}}
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
