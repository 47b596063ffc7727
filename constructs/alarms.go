package constructs

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// minRequests is the number of requests a minute below which an alarm ignores errors
// and latency: with fewer, one error is more than a percent.
const minRequests = 100

// newDeploymentAlarms watch what a new version of the program can break. ECS rolls
// a deployment back while one of them rings. None looks at the health of targets: a
// task that starts fails its health checks in its grace period, and one that never
// passes them is the circuit breaker's.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func newDeploymentAlarms(scope constructs.Construct, props *ServiceProps, group dimensions) []awscloudwatch.Alarm {
	name, bounds := props.Service.Name, props.Service.Alarms
	alarms := []awscloudwatch.Alarm{
		newErrorsAlarm(scope, props, group),
		newAlarm(scope, "Latency", props, &awscloudwatch.AlarmProps{
			AlarmDescription: jsii.Sprintf("one request in a hundred to %s takes more than %s", name, bounds.P99),
			Metric: newMath(fmt.Sprintf("IF(requests >= %d, p99, 0)", minRequests), map[string]awscloudwatch.IMetric{
				"requests": groupMetric(group, "RequestCount", "Sum"),
				"p99":      groupMetric(group, "TargetResponseTime", "p99"),
			}),
			Threshold: jsii.Number(bounds.P99.Seconds()),
		}),
	}
	return append(alarms, newThrottleAlarms(scope, props)...)
}

// newThrottleAlarms are of the service's own table, if it has one.
func newThrottleAlarms(scope constructs.Construct, props *ServiceProps) []awscloudwatch.Alarm {
	for _, table := range props.Tables {
		if table.Owner.Name == props.Service.Name {
			return []awscloudwatch.Alarm{newThrottleAlarm(scope, props, table)}
		}
	}
	return nil
}

// newErrorsAlarm rings for the share of requests that fail. A request counts once the
// load balancer has chosen a target; without one there is no task, which is another
// alarm's.
func newErrorsAlarm(scope constructs.Construct, props *ServiceProps, group dimensions) awscloudwatch.Alarm {
	failed, metrics := unanswered(group)
	if props.Service.Alarms.WebSockets {
		failed, metrics = failures(group)
	}
	metrics["requests"] = groupMetric(group, "RequestCount", "Sum")
	return newAlarm(scope, "Errors", props, &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.Sprintf("more than %d%% of the requests to %s get a 5xx status", props.Service.Alarms.ErrorPercent,
			props.Service.Name),
		Metric:    newMath(fmt.Sprintf("IF(requests >= %d, 100 * (%s) / requests, 0)", minRequests, failed), metrics),
		Threshold: jsii.Number(props.Service.Alarms.ErrorPercent),
	})
}

// unanswered counts what the callers of the group did not get: an answer of a target
// below 500. That is each 5xx of a target, and each 502 and 504 of the load balancer in
// the place of one, which it counts by load balancer only. A client that hangs up has no
// answer either, and is no failure (460): so no more count than there are such answers in the
// same minute, of which the load balancer's may be those of other groups. A request and its 504
// may be counted in two minutes, so that one burst of them is too little; what goes on is not.
func unanswered(group dimensions) (expression string, metrics map[string]awscloudwatch.IMetric) {
	missing, metrics := "requests", map[string]awscloudwatch.IMetric{}
	for _, class := range []string{"2XX", "3XX", "4XX"} {
		id := "answered" + class[:1]
		missing += fmt.Sprintf(" - FILL(%s, 0)", id)
		metrics[id] = groupMetric(group, "HTTPCode_Target_"+class+"_Count", "Sum")
	}
	metrics["answered5"] = groupMetric(group, "HTTPCode_Target_5XX_Count", "Sum")
	metrics["balancer5"] = newMetric("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", dimensions{"LoadBalancer": group["LoadBalancer"]})
	const known = "FILL(answered5, 0) + FILL(balancer5, 0)"
	return fmt.Sprintf("IF(%[1]s > %[2]s, %[2]s, %[1]s)", missing, known), metrics
}

// failures counts the 5xx of the targets and the connections to them that fail. It does
// not take an answer 101, which no metric counts, for one that never came.
func failures(group dimensions) (expression string, metrics map[string]awscloudwatch.IMetric) {
	return "FILL(failed, 0) + FILL(refused, 0)", map[string]awscloudwatch.IMetric{
		"failed":  groupMetric(group, "HTTPCode_Target_5XX_Count", "Sum"),
		"refused": groupMetric(group, "TargetConnectionErrorCount", "Sum"),
	}
}

// newUnhealthyAlarm rings for a target that fails its health checks for whole
// minutes on end, more of them than a task has to start.
func newUnhealthyAlarm(scope constructs.Construct, props *ServiceProps, group dimensions) {
	minutes := wholeMinutes(props.Service.StartUp) + 1
	newAlarm(scope, "UnhealthyHosts", props, &awscloudwatch.AlarmProps{
		AlarmDescription:  jsii.Sprintf("a task of %s fails its health checks for longer than it may take to start", props.Service.Name),
		Metric:            groupMetric(group, "UnHealthyHostCount", "Minimum").With(&awscloudwatch.MetricOptions{Period: minute()}),
		Threshold:         jsii.Number(0),
		EvaluationPeriods: jsii.Number(minutes),
		DatapointsToAlarm: jsii.Number(minutes),
	})
}

// dimensions are those of a metric, by name.
type dimensions map[string]*string

// dimensionsOf are those of the metrics of a target group that a rule attaches to a load balancer.
func dimensionsOf(group elbv2.ApplicationTargetGroup) dimensions {
	return dimensions{"TargetGroup": group.TargetGroupFullName(), "LoadBalancer": group.FirstLoadBalancerFullName()}
}

// groupMetric is a metric of a target group.
func groupMetric(group dimensions, metric, statistic string) awscloudwatch.Metric {
	return newMetric("AWS/ApplicationELB", metric, statistic, group)
}

// wholeMinutes is how many minutes a duration takes, rounded up.
func wholeMinutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// newThrottleAlarm counts the throttled calls to the service's own table and its
// indexes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html#ThrottledRequests
func newThrottleAlarm(scope constructs.Construct, props *ServiceProps, table *Table) awscloudwatch.Alarm {
	metrics, name := map[string]awscloudwatch.IMetric{}, table.Table.TableName()
	var sum []string
	for i, call := range table.Owner.Table.ThrottledCalls() {
		id := fmt.Sprintf("calls%d", i+1)
		sum = append(sum, fmt.Sprintf("FILL(%s, 0)", id))
		metrics[id] = newMetric("AWS/DynamoDB", "ThrottledRequests", "Sum", dimensions{
			"TableName": name,
			"Operation": &call,
		})
	}
	return newAlarm(scope, "Throttles", props, &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.Sprintf("the table of %s refuses calls", props.Service.Name),
		Metric:           newMath(strings.Join(sum, " + "), metrics),
		Threshold:        jsii.Number(0),
	})
}

// newTasksAlarm rings when fewer tasks run than the service wants and than its
// scaling allows. CloudFormation creates a service with one task, which scaling then
// lifts to its minimum: until it does one task is all that the service wants, and
// after that a task has its time to start.
//
// It names the service, so the service cannot name it: the circuit breaker counts
// the tasks of a deployment.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-enhanced-observability-metrics-ECS.html
func newTasksAlarm(scope constructs.Construct, props *ServiceProps, service awsecs.FargateService) {
	lowest, minutes := props.Service.Scaling.Lowest(), wholeMinutes(props.Service.StartUp)+2
	own := dimensions{
		"ClusterName": props.Cluster.ClusterName(),
		"ServiceName": service.ServiceName(),
	}
	count := func(metric string) awscloudwatch.IMetric {
		return newMetric("ECS/ContainerInsights", metric, "Minimum", own)
	}
	newAlarm(scope, "Tasks", props, &awscloudwatch.AlarmProps{
		AlarmDescription: jsii.Sprintf("fewer than %d tasks of %s run", lowest, props.Service.Name),
		Metric: newMath(fmt.Sprintf("IF(running < %d, IF(running < desired, 1, 0), 0)", lowest), map[string]awscloudwatch.IMetric{
			"running": count("RunningTaskCount"),
			"desired": count("DesiredTaskCount"),
		}),
		Threshold:         jsii.Number(0),
		EvaluationPeriods: jsii.Number(minutes),
		DatapointsToAlarm: jsii.Number(minutes),
		// Container Insights is minutes late, also with the first minutes of a service.
		TreatMissingData: awscloudwatch.TreatMissingData_IGNORE,
	})
}

// newAlarm adds an alarm that tells the environment's topic. Unless it says
// otherwise it rings above its threshold, after two bad minutes of three, and not
// for minutes without data, in which nothing was requested.
func newAlarm(scope constructs.Construct, id string, props *ServiceProps, alarm *awscloudwatch.AlarmProps) awscloudwatch.Alarm {
	alarm.ComparisonOperator = awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	if alarm.EvaluationPeriods == nil {
		alarm.EvaluationPeriods, alarm.DatapointsToAlarm = jsii.Number(3), jsii.Number(2)
	}
	if alarm.TreatMissingData == "" {
		alarm.TreatMissingData = awscloudwatch.TreatMissingData_NOT_BREACHING
	}
	added := awscloudwatch.NewAlarm(scope, jsii.String(id+"Alarm"), alarm)
	added.AddAlarmAction(props.AlarmAction)
	return added
}

// newMetric is a metric for an expression, which says the period.
func newMetric(namespace, name, statistic string, of dimensions) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     &namespace,
		MetricName:    &name,
		Statistic:     &statistic,
		DimensionsMap: (*map[string]*string)(&of),
	})
}

func newMath(expression string, metrics map[string]awscloudwatch.IMetric) awscloudwatch.IMetric {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   &expression,
		UsingMetrics: &metrics,
		Period:       minute(),
	})
}

func minute() awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(1)) }
