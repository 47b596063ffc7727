package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// Watch is the dashboard and the topic of alarms.
type Watch struct {
	Stack awscdk.Stack
	// Topic receives the notifications of budgets.
	Topic awssns.Topic
	// AlarmAction makes it receive alarms too.
	AlarmAction awscloudwatch.IAlarmAction
}

// WatchProps say what the dashboard shows and who gets the alarms.
type WatchProps struct {
	Environment Environment
	// Catalog is complete.
	Catalog services.Catalog
}

// NewWatch creates the topic and the dashboard. It refers to no other stack: the
// dashboard finds its metrics by SEARCH, so no service depends on it or it on a service.
func NewWatch(scope awscdk.Stage, id string, props *WatchProps) *Watch {
	e := props.Environment
	stack := newStack(scope, id, e, "Dashboard and alarm topic")
	topic := newTopic(stack)
	subscribe(stack, e, topic)
	newDashboard(stack, e, props.Catalog)
	pin(stack, topic.TopicArn())
	return &Watch{Stack: stack, Topic: topic, AlarmAction: awscloudwatchactions.NewSnsAction(topic)}
}

// publishers are the services of AWS that publish to the topic.
var publishers = []string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}

// newTopic accepts messages of this account's alarms and budgets alone. They are
// encrypted under a customer managed key, because alarms cannot publish under the AWS
// managed one.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
// https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
func newTopic(stack awscdk.Stack) awssns.Topic {
	key := newTopicKey(stack)
	topic := awssns.NewTopic(stack, jsii.String("Topic"), &awssns.TopicProps{
		MasterKey:  key,
		EnforceSSL: jsii.Bool(true),
	})
	for _, publisher := range publishers {
		key.AddToResourcePolicy(allowPublish(stack, publisher, "*", "kms:Decrypt", "kms:GenerateDataKey*"), nil)
		topic.AddToResourcePolicy(allowPublish(stack, publisher, *topic.TopicArn(), "sns:Publish"))
	}
	return topic
}

// newTopicKey denies kms:CreateGrant, except to AWS services.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func newTopicKey(stack awscdk.Stack) awskms.Key {
	key := awskms.NewKey(stack, jsii.String("TopicKey"), &awskms.KeyProps{
		Description:       jsii.String("Alarms"),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect:     awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings("kms:CreateGrant"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{"BoolIfExists": map[string]any{
			"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false",
		}},
	}), nil)
	return key
}

// allowPublish allows actions to an AWS service that acts for this account.
func allowPublish(stack awscdk.Stack, service, resource string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(&service, nil)},
		Actions:    jsii.Strings(actions...),
		Resources:  jsii.Strings(resource),
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	})
}

func subscribe(stack awscdk.Stack, e Environment, topic awssns.Topic) {
	if e.AlarmEmail == "" {
		awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("strangler:alarms"),
			jsii.Sprintf("%s has no alarmEmail: its alarms send no mail", e.Name))
		return
	}
	topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&e.AlarmEmail, nil))
}

func newDashboard(stack awscdk.Stack, e Environment, catalog services.Catalog) {
	dashboard := awscloudwatch.NewCfnDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardBody: jsii.String(services.Dashboard(stageName(stack), e.Region, catalog, e.external())),
	})
	awscdk.NewCfnOutput(stack, jsii.String("DashboardUrl"), &awscdk.CfnOutputProps{
		Value: jsii.Sprintf("https://%s/cloudwatch/home?region=%s#dashboards/dashboard/%s", console(e.Region), e.Region, *dashboard.Ref()),
	})
}

// console is the host of the management console for a region.
//
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func console(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return region + ".console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return region + ".console.amazonaws-us-gov.com"
	case strings.HasPrefix(region, "eusc-"):
		return region + ".console.amazonaws.eu"
	}
	return region + ".console.aws.amazon.com"
}
