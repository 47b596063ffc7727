package constructs

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// grant allows a role actions on resources, by a policy whose id is made of both. CloudFormation
// creates a policy before the tasks that need it start, and deletes one after the tasks that had
// it have gone; one that it updates in place changes before they go. So whatever allows less is
// another policy, and no task loses a right while it runs.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
func grant(role awsiam.Role, name string, actions, resources []string) {
	id := name + digest(awscdk.Stack_Of(role).Resolve([][]string{actions, resources}))
	if role.Node().TryFindChild(&id) != nil {
		return // the catalog says it twice
	}
	awsiam.NewPolicy(role, &id, &awsiam.PolicyProps{
		Roles: &[]awsiam.IRole{role},
		Statements: &[]awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings(actions...), Resources: jsii.Strings(resources...),
		})},
	})
}

// digest is short, and the same for the same values of a template.
func digest(values any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // what the CDK resolves is JSON
	}
	return fmt.Sprintf("%.4x", sha256.Sum256(text))
}
