package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// newStack creates a stack of an environment. Where the environment is protected
// AWS refuses to delete any of them, so that a destroy does not take the services
// away before it stops at the tables.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html
func newStack(scope awscdk.Stage, id string, e Environment, what string) awscdk.Stack {
	return awscdk.NewStack(scope, &id, &awscdk.StackProps{
		Description:           jsii.Sprintf("%s of %s", what, e.StageName()),
		TerminationProtection: e.Protected,
	})
}

// pin exports values of a stack whether another stack reads them or not, in this
// order. So no phase and no order of the stacks that read changes what is exported,
// and CloudFormation refuses to take away what is in use.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
func pin(stack awscdk.Stack, values ...*string) {
	for _, value := range values {
		stack.ExportValue(value, nil)
	}
}
