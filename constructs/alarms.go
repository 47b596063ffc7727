package constructs

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// minRequests is the number of requests a minute below which an alarm ignores errors
// and latency: with fewer, one error is more than a percent.
const minRequests = 100

// newDeploymentAlarms creates the alarms on what a new version of the program can
// break. ECS rolls a deployment back while one of them is in ALARM.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func newDeploymentAlarms(scope constructs.Construct, props *ServiceProps, group elbv2.ApplicationTargetGroup) []awscloudwatch.Alarm {
	name, bounds := props.Service.Name, props.Service.Alarms
	metric := func(metric, statistic string) awscloudwatch.IMetric {
		return newMetric("AWS/ApplicationELB", metric, statistic, map[string]*string{
			"TargetGroup":  group.TargetGroupFullName(),
			"LoadBalancer": group.FirstLoadBalancerFullName(),
		})
	}
	alarms := []awscloudwatch.Alarm{
		newAlarm(scope, "Errors", props, &awscloudwatch.AlarmProps{
			AlarmDescription: jsii.Sprintf("%s answers more than %d%% of its requests with a 5xx status", name, bounds.ErrorPercent),
			Metric: newMath(fmt.Sprintf("IF(requests >= %d, 100 * FILL(errors, 0) / requests, 0)", minRequests), map[string]awscloudwatch.IMetric{
				"requests": metric("RequestCount", "Sum"),
				"errors":   metric("HTTPCode_Target_5XX_Count", "Sum"),
			}),
			Threshold: jsii.Number(bounds.ErrorPercent),
		}),
		newAlarm(scope, "Latency", props, &awscloudwatch.AlarmProps{
			AlarmDescription: jsii.Sprintf("one request in a hundred to %s takes more than %s", name, bounds.P99),
			Metric: newMath(fmt.Sprintf("IF(requests >= %d, p99, 0)", minRequests), map[string]awscloudwatch.IMetric{
				"requests": metric("RequestCount", "Sum"),
				"p99":      metric("TargetResponseTime", "p99"),
			}),
			Threshold: jsii.Number(bounds.P99.Seconds()),
		}),
		newAlarm(scope, "UnhealthyHosts", props, &awscloudwatch.AlarmProps{
			AlarmDescription: jsii.Sprintf("a task of %s fails its health checks", name),
			Metric:           metric("UnHealthyHostCount", "Maximum"),
			Threshold:        jsii.Number(0),
		}),
	}
	for _, table := range props.Tables {
		if table.Owner.Name == name {
			alarms = append(alarms, newThrottleAlarm(scope, props, table))
		}
	}
	return alarms
}

// newThrottleAlarm counts the throttled calls to the service's own table and its
// indexes, for each action that the table allows.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html#ThrottledRequests
func newThrottleAlarm(scope constructs.Construct, props *ServiceProps, table *Table) awscloudwatch.Alarm {
	metrics := map[string]awscloudwatch.IMetric{}
	var sum []string
	for i, action := range table.Owner.Table.Actions {
		id := fmt.Sprintf("calls%d", i+1)
		sum = append(sum, fmt.Sprintf("FILL(%s, 0)", id))
		metrics[id] = newMetric("AWS/DynamoDB", "ThrottledRequests", "Sum", map[string]*string{
			"TableName": table.Table.TableName(),
			"Operation": &action,
		})
	}
	return newAlarm(scope, "Throttles", props, &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.Sprintf("the table of %s refuses calls", props.Service.Name),
		Metric:           newMath(strings.Join(sum, " + "), metrics),
		Threshold:        jsii.Number(0),
	})
}

// newTasksAlarm watches the number of running tasks. It refers to the ECS service, so
// it cannot be one of the service's deployment alarms; during a deployment the circuit
// breaker counts the tasks.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-enhanced-observability-metrics-ECS.html
func newTasksAlarm(scope constructs.Construct, props *ServiceProps, service awsecs.FargateService) {
	lowest := props.Service.Scaling.Lowest()
	newAlarm(scope, "Tasks", props, &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.Sprintf("fewer than %d tasks of %s run", lowest, props.Service.Name),
		Metric: newMetric("ECS/ContainerInsights", "RunningTaskCount", "Minimum", map[string]*string{
			"ClusterName": props.Cluster.ClusterName(),
			"ServiceName": service.ServiceName(),
		}),
		ComparisonOperator: awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD,
		Threshold:          jsii.Number(lowest),
		TreatMissingData:   awscloudwatch.TreatMissingData_BREACHING,
	})
}

// newAlarm creates an alarm that publishes to the environment's topic after two bad
// minutes of three. By default a minute is bad when the metric is above the threshold,
// and a minute without data, in which no request came, is good.
func newAlarm(scope constructs.Construct, id string, props *ServiceProps, alarm *awscloudwatch.AlarmProps) awscloudwatch.Alarm {
	alarm.EvaluationPeriods, alarm.DatapointsToAlarm = jsii.Number(3), jsii.Number(2)
	if alarm.ComparisonOperator == "" {
		alarm.ComparisonOperator = awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	}
	if alarm.TreatMissingData == "" {
		alarm.TreatMissingData = awscloudwatch.TreatMissingData_NOT_BREACHING
	}
	added := awscloudwatch.NewAlarm(scope, jsii.String(id+"Alarm"), alarm)
	added.AddAlarmAction(awscloudwatchactions.NewSnsAction(props.Topic))
	return added
}

func newMetric(namespace, name, statistic string, dimensions map[string]*string) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     &namespace,
		MetricName:    &name,
		Statistic:     &statistic,
		Period:        awscdk.Duration_Minutes(jsii.Number(1)),
		DimensionsMap: &dimensions,
	})
}

func newMath(expression string, metrics map[string]awscloudwatch.IMetric) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   &expression,
		UsingMetrics: &metrics,
		Period:       awscdk.Duration_Minutes(jsii.Number(1)),
	})
}
