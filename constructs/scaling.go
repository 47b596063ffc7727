package constructs

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// scale adds the scaling target, its policies and its schedule.
func scale(service awsecs.FargateService, group elbv2.ApplicationTargetGroup, scaling services.Scaling) {
	tasks := scaleOnLoad(service, scaling)
	tasks.ScaleOnRequestCount(jsii.String("Requests"), &awsecs.RequestCountScalingProps{
		TargetGroup:       group,
		RequestsPerTarget: jsii.Number(scaling.RequestsPerTarget),
		ScaleOutCooldown:  seconds(scaling.OutCooldown),
		ScaleInCooldown:   seconds(scaling.InCooldown),
	})
}

// scaleOnLoad adds the scaling target of any program, with the policy that follows the CPU,
// the schedule and the prediction.
func scaleOnLoad(service awsecs.FargateService, scaling services.Scaling) awsecs.ScalableTaskCount {
	tasks := service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: jsii.Number(scaling.Min),
		MaxCapacity: jsii.Number(scaling.Max),
	})
	scaleOnCPU(service, tasks, scaling)
	for _, bounds := range scaling.Schedule {
		tasks.ScaleOnSchedule(&bounds.Name, &awsapplicationautoscaling.ScalingSchedule{
			Schedule:    awsapplicationautoscaling.Schedule_Expression(&bounds.Cron),
			TimeZone:    awscdk.TimeZone_Of(&bounds.TimeZone),
			MinCapacity: jsii.Number(bounds.Min),
			MaxCapacity: jsii.Number(bounds.Max),
		})
	}
	if scaling.Predictive {
		predict(service, tasks, scaling)
	}
	return tasks
}

// scaleOnCPU tracks the CPU use that ECS measures every minute or, with HighResolution,
// every 20 seconds. The CDK has no constant yet for the metric of the latter.
func scaleOnCPU(service awsecs.FargateService, tasks awsecs.ScalableTaskCount, scaling services.Scaling) {
	tasks.ScaleOnCpuUtilization(jsii.String("Cpu"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: jsii.Number(scaling.CPUPercent),
		ScaleOutCooldown:         seconds(scaling.OutCooldown),
		ScaleInCooldown:          seconds(scaling.InCooldown),
	})
	if !scaling.HighResolution {
		return
	}
	service.Node().DefaultChild().(awsecs.CfnService).SetMonitoring(&awsecs.CfnService_MonitoringConfigurationProperty{
		MetricConfigurations: []any{&awsecs.CfnService_MetricConfigurationProperty{
			MetricNames:       jsii.Strings("CPUUtilization"),
			ResolutionSeconds: jsii.Number(20),
		}},
	})
	target(tasks).Node().FindChild(jsii.String("Cpu")).Node().DefaultChild().(awscdk.CfnResource).AddPropertyOverride(
		jsii.String("TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType"),
		"ECSServiceAverageCPUUtilizationHighResolution")
}

// target is the scalable target that the policies belong to.
func target(tasks awsecs.ScalableTaskCount) awsapplicationautoscaling.ScalableTarget {
	return tasks.Node().FindChild(jsii.String("Target")).(awsapplicationautoscaling.ScalableTarget)
}

func predict(scope constructs.Construct, tasks awsecs.ScalableTaskCount, scaling services.Scaling) {
	awsapplicationautoscaling.NewCfnScalingPolicy(target(tasks), jsii.String("Prediction"), &awsapplicationautoscaling.CfnScalingPolicyProps{
		PolicyName:      awscdk.Names_UniqueResourceName(scope, &awscdk.UniqueResourceNameOptions{}),
		PolicyType:      jsii.String("PredictiveScaling"),
		ScalingTargetId: target(tasks).ScalableTargetId(),
		PredictiveScalingPolicyConfiguration: &awsapplicationautoscaling.CfnScalingPolicy_PredictiveScalingPolicyConfigurationProperty{
			Mode: jsii.String("ForecastAndScale"),
			MetricSpecifications: []any{&awsapplicationautoscaling.CfnScalingPolicy_PredictiveScalingMetricSpecificationProperty{
				TargetValue: jsii.Number(scaling.CPUPercent),
				PredefinedMetricPairSpecification: &awsapplicationautoscaling.CfnScalingPolicy_PredictiveScalingPredefinedMetricPairProperty{
					PredefinedMetricType: jsii.String("ECSServiceCPUUtilization"),
				},
			}},
		},
	})
}

// capacity is the capacity provider strategy: the minimum on Fargate, and SpotPercent of
// the tasks beyond it on Fargate Spot. A service that names capacity providers from the
// start changes their shares in place; one that names a launch type would be replaced.
func capacity(scaling services.Scaling) *[]*awsecs.CapacityProviderStrategy {
	if scaling.SpotPercent == 0 {
		return &[]*awsecs.CapacityProviderStrategy{{CapacityProvider: jsii.String("FARGATE"), Weight: jsii.Number(1)}}
	}
	return &[]*awsecs.CapacityProviderStrategy{
		{CapacityProvider: jsii.String("FARGATE"), Base: jsii.Number(scaling.Min), Weight: jsii.Number(100 - scaling.SpotPercent)},
		{CapacityProvider: jsii.String("FARGATE_SPOT"), Weight: jsii.Number(scaling.SpotPercent)},
	}
}

// forceDeployment starts a deployment when the capacity providers change. Without it ECS
// refuses the change.
func forceDeployment(scaling services.Scaling) *awsecs.ForceNewDeployment {
	nonce := "on demand"
	if scaling.SpotPercent > 0 {
		nonce = fmt.Sprintf("%d%% Spot beyond %d", scaling.SpotPercent, scaling.Min)
	}
	return &awsecs.ForceNewDeployment{Enabled: jsii.Bool(true), Nonce: &nonce}
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
