package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// newLogGroup keeps a month, and goes with its stack.
func newLogGroup(stack awscdk.Stack, id string) awslogs.LogGroup {
	return awslogs.NewLogGroup(stack, &id, &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

// newNamedLogGroup is newLogGroup for who finds a log by its name.
func newNamedLogGroup(stack awscdk.Stack, id, name string) awslogs.LogGroup {
	return awslogs.NewLogGroup(stack, &id, &awslogs.LogGroupProps{
		LogGroupName:  &name,
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

// adopt gives one of the CDK's own custom resources what it lacks: a log group, as
// Lambda would make one that is kept for ever, also after the stack is gone; and
// the tags, which the CDK does not put on what it makes for itself.
func adopt(stack awscdk.Stack, e Environment, provider, logs string) {
	child := func(id string) awscdk.CfnResource {
		return stack.Node().FindChild(&provider).Node().FindChild(&id).(awscdk.CfnResource)
	}
	child("Handler").AddPropertyOverride(jsii.String("LoggingConfig.LogGroup"), newLogGroup(stack, logs).LogGroupName())
	for _, id := range []string{"Handler", "Role"} {
		child(id).AddPropertyOverride(jsii.String("Tags"), services.Tags(e.App, e.Name, services.Shared))
	}
}
