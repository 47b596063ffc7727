package constructs

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// newWorker creates a Fargate service without a load balancer. A deployment whose tasks end
// before they run fails; one whose tasks run, and then end, is found by the alarm on tasks,
// and rolled back only where the worker has a health check of its own.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func newWorker(scope constructs.Construct, props *ServiceProps) *Service {
	task, logs := newTask(scope, props)
	alarms := newThrottleAlarms(scope, props)
	tasks := newSecurityGroup(scope, props)
	service := newFargateService(scope, props, task, tasks, logs, alarms)
	waitForIngress(service)
	service.Node().AddDependency(newWays(scope, tasks, props)...)
	scaleOnQueue(scope, scaleOnLoad(service, props.Service.Scaling), props, service)
	newTasksAlarm(scope, props, service)
	newCallsAlarms(scope, props, service)
	if props.Budget {
		newBudget(scope, props)
	}
	return &Service{SecurityGroup: tasks}
}

// containerHealth is what ECS runs in the container of a worker, or nil.
func containerHealth(s services.Service) *awsecs.HealthCheck {
	if len(s.Health.Command) == 0 {
		return nil
	}
	return &awsecs.HealthCheck{
		Command:     jsii.Strings(s.Health.Command...),
		Interval:    seconds(s.Health.Interval),
		Timeout:     seconds(s.Health.Timeout),
		Retries:     jsii.Number(s.Health.Unhealthy),
		StartPeriod: seconds(s.StartUp),
	}
}

// gracePeriod is nil for a worker without a health check.
func gracePeriod(s services.Service) awscdk.Duration {
	if s.IsWorker() && len(s.Health.Command) == 0 {
		return nil
	}
	return seconds(s.StartUp)
}

// scaleOnQueue tracks the messages that wait for each task that runs. While none runs, as
// after an error at their start, all that wait count for one.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html
func scaleOnQueue(scope constructs.Construct, tasks awsecs.ScalableTaskCount, props *ServiceProps, service awsecs.FargateService) {
	scaling := props.Service.Scaling
	if scaling.Queue == "" {
		return
	}
	queue := scaling.QueueName()
	awsapplicationautoscaling.NewCfnScalingPolicy(target(tasks), jsii.String("Queue"), &awsapplicationautoscaling.CfnScalingPolicyProps{
		PolicyName:      awscdk.Names_UniqueResourceName(scope, &awscdk.UniqueResourceNameOptions{}),
		PolicyType:      jsii.String("TargetTrackingScaling"),
		ScalingTargetId: target(tasks).ScalableTargetId(),
		TargetTrackingScalingPolicyConfiguration: &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingScalingPolicyConfigurationProperty{
			TargetValue:      jsii.Number(scaling.MessagesPerTask),
			ScaleOutCooldown: jsii.Number(scaling.OutCooldown.Seconds()),
			ScaleInCooldown:  jsii.Number(scaling.InCooldown.Seconds()),
			CustomizedMetricSpecification: &awsapplicationautoscaling.CfnScalingPolicy_CustomizedMetricSpecificationProperty{
				Metrics: []any{
					trackedMetric("waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", map[string]*string{"QueueName": &queue}),
					trackedMetric("running", "ECS/ContainerInsights", "RunningTaskCount", "Average", map[string]*string{
						"ClusterName": props.Cluster.ClusterName(), "ServiceName": service.ServiceName(),
					}),
					&awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricDataQueryProperty{
						Id:         jsii.String("backlog"),
						Label:      jsii.String("Messages that wait for each task"),
						Expression: jsii.String("IF(running > 0, waiting / running, waiting)"),
						ReturnData: jsii.Bool(true),
					},
				},
			},
		},
	})
}

// trackedMetric is a metric of a scaling policy's expression.
func trackedMetric(id, namespace, name, statistic string, dimensions map[string]*string) any {
	var all []any
	for _, key := range slices.Sorted(maps.Keys(dimensions)) {
		all = append(all, &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricDimensionProperty{Name: &key, Value: dimensions[key]})
	}
	return &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricDataQueryProperty{
		Id:         &id,
		ReturnData: jsii.Bool(false),
		MetricStat: &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricStatProperty{
			Stat: &statistic,
			Metric: &awsapplicationautoscaling.CfnScalingPolicy_TargetTrackingMetricProperty{
				Namespace: &namespace, MetricName: &name, Dimensions: all,
			},
		},
	}
}
