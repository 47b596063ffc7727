package constructs

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// addSecrets puts secrets into variables of the program, which is the task's first
// container, and allows ECS to read them when it starts a task, by the execution role. The
// CDK's own grants would also let it describe secrets and read the history of parameters.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html#task-execution-secrets
func addSecrets(task awsecs.FargateTaskDefinition, execution *grants, secrets map[string]services.Secret) {
	if len(secrets) == 0 {
		return
	}
	place := placeOf(awscdk.Stack_Of(task))
	var variables []any
	resources := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		secret := secrets[name]
		variables = append(variables, map[string]any{"Name": name, "ValueFrom": secret.ValueFrom(place)})
		resources[secret.Service()] = append(resources[secret.Service()], secret.Resource(place))
		if secret.EncryptionKey != "" {
			resources["kms"] = append(resources["kms"], place.Resolve(secret.EncryptionKey))
		}
	}
	task.Node().DefaultChild().(awsecs.CfnTaskDefinition).AddPropertyOverride(jsii.String("ContainerDefinitions.0.Secrets"), variables)
	for _, read := range []struct{ service, name, action string }{
		{"secretsmanager", "Secrets", "secretsmanager:GetSecretValue"},
		{"ssm", "Parameters", "ssm:GetParameters"},
		{"kms", "SecretKeys", "kms:Decrypt"},
	} {
		if all := resources[read.service]; len(all) > 0 {
			slices.Sort(all)
			execution.allow(read.name, []string{read.action}, slices.Compact(all))
		}
	}
}
