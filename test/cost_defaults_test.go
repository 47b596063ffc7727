package test

import (
	"os"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// inDefaultNetwork is the shipped app in three zones with a gateway in each, and in
// the place of its Platform stack one with the VPC that the CDK makes by default, and
// with the same cluster.
func inDefaultNetwork(t *testing.T) *assembly.Stage {
	t.Helper()
	app := onItsOwn(t)
	for _, change := range []change{contextKey("environment", "dev"), environment("azs", 3), environment("natGateways", 3)} {
		change(app)
	}
	stage := onlyStage(t, synthesized(t, app))
	platform, ok := defaultPlatform(t).Stack("Platform")
	require.True(t, ok)
	i := slices.IndexFunc(stage.Stacks, func(s *assembly.Stack) bool { return s.ID == platform.ID })
	require.GreaterOrEqual(t, i, 0, "the app has no stack %s", platform.ID)
	stage.Stacks[i] = platform
	return stage
}

func defaultPlatform(t *testing.T) *assembly.Stage {
	t.Helper()
	return byCDK(t, "Platform", func(stack awscdk.Stack) {
		awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{
			Vpc:                            awsec2.NewVpc(stack, jsii.String("Vpc"), nil),
			ContainerInsightsV2:            awsecs.ContainerInsights_ENHANCED,
			EnableFargateCapacityProviders: jsii.Bool(true),
		})
	})
}

// byCDK synthesizes a stack of the CDK's own constructs, with the feature flags of the
// app. Its account is known, because the CDK makes a VPC in three zones only then, and
// its region has as many zones as eu-west-1.
func byCDK(t *testing.T, id string, fill func(stack awscdk.Stack)) *assembly.Stage {
	t.Helper()
	folder, err := os.MkdirTemp(scratch, "")
	require.NoError(t, err)
	app := shipped(t)
	app.Context["availability-zones:account=123456789012:region=eu-west-1"] = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}
	a, err := app.Compose(folder, func(app awscdk.App) {
		stage := awscdk.NewStage(app, jsii.String("default"), &awscdk.StageProps{
			Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-west-1")},
		})
		fill(awscdk.NewStack(stage, &id, nil))
	})
	require.NoError(t, err)
	return onlyStage(t, a)
}

// defaultService is a service behind a load balancer as the CDK makes one that is
// given an image and nothing else.
func defaultService(t *testing.T) *assembly.Stage {
	t.Helper()
	return byCDK(t, "Default", func(stack awscdk.Stack) {
		awsecspatterns.NewApplicationLoadBalancedFargateService(stack, jsii.String("Service"),
			&awsecspatterns.ApplicationLoadBalancedFargateServiceProps{
				TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageOptions{
					Image: awsecs.ContainerImage_FromRegistry(jsii.String("example"), nil),
				},
			})
	})
}
