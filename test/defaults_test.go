package test

import (
	"os"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	"github.com/aws/jsii-runtime-go"

	"example.com/forum/constructs"
	"example.com/forum/services"
	"example.com/forum/stacks"
	"example.com/forum/test/assembly"
	"example.com/forum/test/synth"
)

// inDefaultNetwork is the shipped app in a VPC as the CDK makes one that is asked
// for nothing, and otherwise the same: its account is known, as the CDK has three
// zones only then.
func inDefaultNetwork(t *testing.T) *assembly.Stage {
	t.Helper()
	app := shipped(t)
	app.Context["environment"] = "dev"
	environment("account", "123456789012")(app)
	catalog, environments, err := stacks.ReadEnvironments(app.Context, app.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Images.Wait(); err != nil {
		t.Fatal(err)
	}
	return inKnownAccount(t, app, func(stage awscdk.Stage) {
		e := environments[0]
		platform := defaultPlatform(stage)
		watch, data, edge := stacks.NewWatch(stage, e, catalog), stacks.NewData(stage, e, catalog), stacks.NewEdge(stage, e, platform)
		rules := services.Rules(catalog, e.Migration, e.PreviewFrom)
		for _, s := range catalog.All() {
			preview := services.FindRule(rules, s.Name, services.PreviewRule)
			if preview == nil {
				continue // a retired monolith
			}
			props := &constructs.ServiceProps{
				Service: s, Stage: *stage.StageName(), Environment: e.Name, Topic: watch.Topic, Images: app.Images, Cluster: platform.Cluster, Subnets: platform.Tasks,
				Listener: edge.Listener, LoadBalancer: edge.SecurityGroup,
				Preview: *preview, Live: services.FindRule(rules, s.Name, services.LiveRule),
			}
			if table := data.Tables[s.Name]; table != nil {
				props.Tables = []*constructs.Table{table}
			}
			constructs.NewService(awscdk.NewStack(stage, jsii.String(s.ID()), nil), s.ID(), props)
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
		fill(awscdk.NewStage(app, jsii.String("forum-dev"), &awscdk.StageProps{
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
