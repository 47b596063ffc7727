package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// newLogGroup keeps a month of log. It is deleted with its stack.
func newLogGroup(stack awscdk.Stack, id string) awslogs.LogGroup {
	return awslogs.NewLogGroup(stack, &id, &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

// newNamedLogGroup is newLogGroup with a name, for AWS services that require one.
func newNamedLogGroup(stack awscdk.Stack, id, name string) awslogs.LogGroup {
	return awslogs.NewLogGroup(stack, &id, &awslogs.LogGroupProps{
		LogGroupName:  &name,
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

// ownLogGroup gives the Lambda function of one of the CDK's custom resources a log group
// of this stack, and the tags that the CDK does not set on it. Without it Lambda creates
// a log group that never expires and remains when the stack is deleted.
//
// A feature flag of cdk.json may leave the custom resource out. Then nothing is done, and a
// control says what is missing.
func ownLogGroup(stack awscdk.Stack, e Environment, provider, logs string) {
	if stack.Node().TryFindChild(&provider) == nil {
		return
	}
	child := func(id string) awscdk.CfnResource {
		return stack.Node().FindChild(&provider).Node().FindChild(&id).(awscdk.CfnResource)
	}
	child("Handler").AddPropertyOverride(jsii.String("LoggingConfig.LogGroup"), newLogGroup(stack, logs).LogGroupName())
	child("Handler").AddDeletionOverride(jsii.String("DependsOn")) // it names its role
	for _, id := range []string{"Handler", "Role"} {
		child(id).AddPropertyOverride(jsii.String("Tags"), services.Tags(e.App, e.Name, services.Shared))
	}
}
