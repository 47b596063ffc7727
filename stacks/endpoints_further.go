package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// furtherEndpoint is an interface endpoint that an environment may ask for.
type furtherEndpoint struct {
	id      string
	service func() awsec2.InterfaceVpcEndpointAwsService
}

// furtherEndpoints are found by the word that begins the service's actions.
var furtherEndpoints = map[string]furtherEndpoint{
	"events":         {"Events", awsec2.InterfaceVpcEndpointAwsService_EVENTBRIDGE},
	"kinesis":        {"Kinesis", awsec2.InterfaceVpcEndpointAwsService_KINESIS_STREAMS},
	"kms":            {"Kms", awsec2.InterfaceVpcEndpointAwsService_KMS},
	"lambda":         {"Lambda", awsec2.InterfaceVpcEndpointAwsService_LAMBDA},
	"secretsmanager": {"SecretsManager", awsec2.InterfaceVpcEndpointAwsService_SECRETS_MANAGER},
	"sns":            {"Sns", awsec2.InterfaceVpcEndpointAwsService_SNS},
	"sqs":            {"Sqs", awsec2.InterfaceVpcEndpointAwsService_SQS},
	"ssm":            {"Ssm", awsec2.InterfaceVpcEndpointAwsService_SSM},
	"states":         {"States", awsec2.InterfaceVpcEndpointAwsService_STEP_FUNCTIONS},
}

// gateways are the services whose endpoints are there in any case. An environment that
// names one lets it pass more than the app's own tables and the images' layers.
var gateways = []string{"dynamodb", "s3"}

// passes allows every call to the resources of this environment's account and region. The
// roles say which calls to which resource.
func passes(stack awscdk.Stack, service string) awsiam.PolicyStatement {
	return ownAccount(stack, own(stack, service, "*"), service+":*")
}

// useBuckets allows every call of this account's roles to any bucket, as the name of a
// bucket does not say whose it is. The roles say which calls to which bucket.
func useBuckets(stack awscdk.Stack) awsiam.PolicyStatement {
	return ownAccount(stack, jsii.Sprintf("arn:%s:s3:::*", *stack.Partition()), "s3:*")
}

// checkEndpoints refuses a service that has no endpoint here, and one that is named twice.
func (e Environment) checkEndpoints() error {
	known := slices.Sorted(maps.Keys(furtherEndpoints))
	known = slices.Sorted(slices.Values(append(known, gateways...)))
	for i, name := range e.Endpoints {
		if !slices.Contains(known, name) {
			return fmt.Errorf("endpoints: %q: want one of %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(e.Endpoints[:i], name) {
			return fmt.Errorf("endpoints: %q is there twice: remove one", name)
		}
	}
	return nil
}
