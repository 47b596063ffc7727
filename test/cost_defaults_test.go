package test

import (
	"os"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// inDefaultNetwork is the shipped app in a VPC as the CDK makes one that is asked
// for nothing, and otherwise the same: its account is known, as the CDK has three
// zones only then.
func inDefaultNetwork(t *testing.T) *assembly.Stage {
	t.Helper()
	app := shipped(t)
	app.Context["environment"] = "dev"
	environment("account", "123456789012")(app)
	read, err := stacks.Read(app.Context, app.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Images.Wait(); err != nil {
		t.Fatal(err)
	}
	return inKnownAccount(t, app, func(stage awscdk.Stage) {
		e, catalog := read.Environments[0], read.Catalog
		platform := defaultPlatform(stage)
		watch := stacks.NewWatch(stage, "Watch", &stacks.WatchProps{Environment: e, Catalog: catalog})
		data := stacks.NewData(stage, "Data", &stacks.DataProps{Environment: e, Catalog: catalog})
		edge := stacks.NewEdge(stage, "Edge", &stacks.EdgeProps{Environment: e, VPC: platform.VPC})
		plan := services.Plan(catalog, e.Migration, e.PreviewFrom)
		var monolith *stacks.Microservice
		for _, s := range append([]services.Service{catalog.Monolith}, catalog.Services...) {
			props := &stacks.MicroserviceProps{
				Environment: e, Service: s, Rules: plan[s.Name], Images: app.Images, Platform: platform, Edge: edge, Watch: watch, Monolith: monolith,
			}
			if table := data.Tables[s.Name]; table != nil {
				props.Tables = []*constructs.Table{table}
			}
			if m := stacks.NewMicroservice(stage, s.ID(), props); monolith == nil {
				monolith = m
			}
		}
	})
}

func defaultPlatform(stage awscdk.Stage) *stacks.Platform {
	stack := awscdk.NewStack(stage, jsii.String("Platform"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), nil)
	return &stacks.Platform{
		Stack: stack, VPC: vpc,
		Cluster: awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{
			Vpc: vpc, ContainerInsightsV2: awsecs.ContainerInsights_ENHANCED, EnableFargateCapacityProviders: jsii.Bool(true),
		}),
		Tasks: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
	}
}

// inKnownAccount synthesizes an environment of other stacks than the app's, in an account
// whose region has as many zones as eu-west-1.
func inKnownAccount(t *testing.T, app *synth.App, fill func(stage awscdk.Stage)) *assembly.Stage {
	t.Helper()
	folder, err := os.MkdirTemp(scratch, "")
	if err != nil {
		t.Fatal(err)
	}
	app.Context["availability-zones:account=123456789012:region=eu-west-1"] = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}
	a, err := app.Compose(folder, func(app awscdk.App) {
		fill(awscdk.NewStage(app, jsii.String("fixture-dev"), &awscdk.StageProps{
			Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-west-1")},
		}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return onlyStage(t, a)
}

// defaultService is a service behind a load balancer as the CDK makes one that is
// given an image and nothing else.
func defaultService(t *testing.T) *assembly.Stage {
	t.Helper()
	return inKnownAccount(t, shipped(t), func(stage awscdk.Stage) {
		stack := awscdk.NewStack(stage, jsii.String("Default"), nil)
		awsecspatterns.NewApplicationLoadBalancedFargateService(stack, jsii.String("Service"), &awsecspatterns.ApplicationLoadBalancedFargateServiceProps{
			TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageOptions{
				Image: awsecs.ContainerImage_FromRegistry(jsii.String("example"), nil),
			},
		})
	})
}
