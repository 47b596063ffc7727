package constructs

import (
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

// newLiveRule forwards to an imported reference to the service's own target group.
// With the group itself the CDK would make the ECS service depend on this rule, which
// is the order that loses requests.
func newLiveRule(
	scope constructs.Construct, listener elbv2.IApplicationListener, own elbv2.IApplicationTargetGroup,
	rule services.Rule, props *ServiceProps,
) elbv2.ApplicationListenerRule {
	awscdk.Validations_Of(scope).Acknowledge(&awscdk.Acknowledgment{
		Id:     jsii.String("@aws-cdk/aws-elbv2:albTargetGroupCannotRegisterListener"),
		Reason: jsii.String("the preview rule has opened the service to the load balancer"),
	})
	groups := map[string]elbv2.IApplicationTargetGroup{
		props.Service.Name: importTargetGroup(scope, "LiveTargetGroup", own.TargetGroupArn()),
	}
	for _, forward := range rule.Forward {
		if forward.Service != props.Service.Name {
			groups[forward.Service] = importTargetGroup(scope, "SharedTargetGroup", props.Rest)
		}
	}
	return newRule(scope, "LiveRule", listener, rule, groups)
}

func importTargetGroup(scope constructs.Construct, id string, arn *string) elbv2.IApplicationTargetGroup {
	return elbv2.ApplicationTargetGroup_FromTargetGroupAttributes(scope, &id, &elbv2.TargetGroupAttributes{TargetGroupArn: arn})
}

// newRule renders a rule in the service's own stack.
func newRule(
	scope constructs.Construct, id string, listener elbv2.IApplicationListener, rule services.Rule,
	groups map[string]elbv2.IApplicationTargetGroup,
) elbv2.ApplicationListenerRule {
	return elbv2.NewApplicationListenerRule(scope, &id, &elbv2.ApplicationListenerRuleProps{
		Listener:   listener,
		Priority:   jsii.Number(rule.Priority),
		Conditions: conditions(rule),
		Action:     forward(rule, groups),
	})
}

func conditions(rule services.Rule) *[]elbv2.ListenerCondition {
	all := []elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings(rule.Paths...))}
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
	return elbv2.ListenerAction_WeightedForward(&weighted, nil)
}
