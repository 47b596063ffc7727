package constructs

import (
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// localListener is a reference to the listener, imported into the service's own scope.
// With the listener itself the CDK would add the service's security group rule to the
// load balancer's stack, which must not depend on any service.
func localListener(scope constructs.Construct, props *ServiceProps) elbv2.IApplicationListener {
	return elbv2.ApplicationListener_FromApplicationListenerAttributes(scope, jsii.String("Listener"), &elbv2.ApplicationListenerAttributes{
		ListenerArn: props.Listener,
		SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(scope, jsii.String("LoadBalancer"), props.LoadBalancer,
			&awsec2.SecurityGroupImportOptions{Mutable: jsii.Bool(false)}),
	})
}

// newPreviewRules attach the service's target group to the load balancer.
func newPreviewRules(
	scope constructs.Construct, listener elbv2.IApplicationListener, own elbv2.IApplicationTargetGroup, props *ServiceProps,
) {
	for _, rule := range props.Rules.Preview {
		newRule(scope, "PreviewRule", listener, rule, map[string]elbv2.IApplicationTargetGroup{props.Service.Name: own})
	}
}

// newLiveRules forward to an imported reference to the service's own target group.
// With the group itself the CDK would make the ECS service depend on these rules, which
// is the order that loses requests.
func newLiveRules(
	scope constructs.Construct, listener elbv2.IApplicationListener, own elbv2.IApplicationTargetGroup, props *ServiceProps,
) []elbv2.ApplicationListenerRule {
	if len(props.Rules.Live) == 0 {
		return nil
	}
	awscdk.Validations_Of(scope).Acknowledge(&awscdk.Acknowledgment{
		Id:     jsii.String("@aws-cdk/aws-elbv2:albTargetGroupCannotRegisterListener"),
		Reason: jsii.String("the preview rule has opened the service to the load balancer"),
	})
	groups := map[string]elbv2.IApplicationTargetGroup{
		props.Service.Name: importTargetGroup(scope, "LiveTargetGroup", own.TargetGroupArn()),
	}
	for name, rest := range props.Rest {
		groups[name] = importTargetGroup(scope, "SharedTargetGroup"+name, rest)
	}
	var rules []elbv2.ApplicationListenerRule
	for _, rule := range props.Rules.Live {
		rules = append(rules, newRule(scope, "LiveRule", listener, rule, groups))
	}
	return rules
}

func importTargetGroup(scope constructs.Construct, id string, arn *string) elbv2.IApplicationTargetGroup {
	return elbv2.ApplicationTargetGroup_FromTargetGroupAttributes(scope, &id, &elbv2.TargetGroupAttributes{TargetGroupArn: arn})
}

// newRule renders a rule in the service's own stack. The first of its kind has the id,
// and the others have their number behind it.
func newRule(
	scope constructs.Construct, id string, listener elbv2.IApplicationListener, rule services.Rule,
	groups map[string]elbv2.IApplicationTargetGroup,
) elbv2.ApplicationListenerRule {
	if rule.Number > 1 {
		id += strconv.Itoa(rule.Number)
	}
	rendered := elbv2.NewApplicationListenerRule(scope, &id, &elbv2.ApplicationListenerRuleProps{
		Listener:   listener,
		Priority:   jsii.Number(rule.Priority),
		Conditions: conditions(rule),
		Action:     forward(rule, groups),
	})
	if rule.Route != "" {
		awscdk.Tags_Of(rendered).Add(jsii.String(services.RouteTag), &rule.Route, nil)
	}
	if rule.Rewrite.Regex != "" {
		rewrite(rendered, rule.Rewrite)
	}
	return rendered
}

// rewrite adds a transform of the URL, which the L2 construct does not have.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-elasticloadbalancingv2-listenerrule-transform.html
func rewrite(rule elbv2.ApplicationListenerRule, r services.Rewrite) {
	rule.Node().DefaultChild().(elbv2.CfnListenerRule).SetTransforms([]any{&elbv2.CfnListenerRule_TransformProperty{
		Type: jsii.String("url-rewrite"),
		UrlRewriteConfig: &elbv2.CfnListenerRule_RewriteConfigObjectProperty{
			Rewrites: []any{&elbv2.CfnListenerRule_RewriteConfigProperty{Regex: &r.Regex, Replace: &r.Replace}},
		},
	}})
}

func conditions(rule services.Rule) *[]elbv2.ListenerCondition {
	all := []elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings(rule.Paths...))}
	if len(rule.Hosts) > 0 {
		all = append(all, elbv2.ListenerCondition_HostHeaders(jsii.Strings(rule.Hosts...)))
	}
	if len(rule.Verbs) > 0 {
		all = append(all, elbv2.ListenerCondition_HttpRequestMethods(jsii.Strings(rule.Verbs...)))
	}
	if rule.RouteTo != "" {
		all = append(all, elbv2.ListenerCondition_HttpHeader(jsii.String(services.PreviewHeader), jsii.Strings(rule.RouteTo)))
	}
	if len(rule.Sources) > 0 {
		all = append(all, elbv2.ListenerCondition_SourceIps(jsii.Strings(rule.Sources...)))
	}
	return &all
}

func forward(rule services.Rule, groups map[string]elbv2.IApplicationTargetGroup) elbv2.ListenerAction {
	if len(rule.Forward) == 1 {
		return elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{groups[rule.Forward[0].Service]}, nil)
	}
	var weighted []*elbv2.WeightedTargetGroup
	for _, f := range rule.Forward {
		weighted = append(weighted, &elbv2.WeightedTargetGroup{TargetGroup: groups[f.Service], Weight: jsii.Number(f.Percent)})
	}
	return elbv2.ListenerAction_WeightedForward(&weighted, &elbv2.ForwardOptions{StickinessDuration: sticky(rule.Sticky)})
}

// sticky is a duration of stickiness, or nil for none.
func sticky(duration time.Duration) awscdk.Duration {
	if duration == 0 {
		return nil
	}
	return seconds(duration)
}
