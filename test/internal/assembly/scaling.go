package assembly

import (
	"strings"
	"time"
)

// ScalableTarget is an AWS::ApplicationAutoScaling::ScalableTarget for the number
// of tasks of a service, with its target-tracking policies.
type ScalableTarget struct {
	Resource
	// Service is the identity of the service that scales.
	Service string
	// Min and Max bound the number of tasks.
	Min, Max int
	// Policies are the target-tracking policies; those of other types are left out.
	Policies []ScalingPolicy
	// ScheduledActions are the names of the actions that change the bounds at set times.
	ScheduledActions []string
}

// ScalingPolicy is an AWS::ApplicationAutoScaling::ScalingPolicy of the type
// TargetTrackingScaling with a predefined metric, or with an expression over the length of
// a queue.
type ScalingPolicy struct {
	Resource
	// Metric is the predefined metric's type, such as "ECSServiceAverageCPUUtilization".
	Metric string
	// Queue is the name of the SQS queue whose length is in the metric, and empty for a
	// predefined metric.
	Queue string
	// Target is the target value of the metric.
	Target float64
	// TargetGroup is the identity of the target group whose requests the metric
	// ALBRequestCountPerTarget counts, and empty for other metrics.
	TargetGroup string
	// ScaleOutCooldown and ScaleInCooldown follow a change of the number of tasks. A
	// template that leaves one out means 300 s:
	// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
	ScaleOutCooldown, ScaleInCooldown time.Duration
	// DisableScaleIn is true when the policy never removes a task.
	DisableScaleIn bool
}

func (s *Stage) readScalableTarget(r Resource) (ScalableTarget, error) {
	var properties struct {
		MinCapacity, MaxCapacity int
		ResourceID               string
		ScheduledActions         []struct{ ScheduledActionName string }
	}
	if err := decode(r.Properties, &properties); err != nil {
		return ScalableTarget{}, err
	}
	target := ScalableTarget{
		Resource: r,
		Service:  serviceOf(properties.ResourceID),
		Min:      properties.MinCapacity,
		Max:      properties.MaxCapacity,
	}
	for _, action := range properties.ScheduledActions {
		target.ScheduledActions = append(target.ScheduledActions, action.ScheduledActionName)
	}
	for resource := range s.Resources("AWS::ApplicationAutoScaling::ScalingPolicy") {
		policy, of, err := readScalingPolicy(resource)
		if err != nil {
			return ScalableTarget{}, err
		}
		if of == r.Identity() {
			target.Policies = append(target.Policies, policy)
		}
	}
	return target, nil
}

// readScalingPolicy also returns the identity of the scalable target, which is
// empty for a policy of another type.
func readScalingPolicy(r Resource) (policy ScalingPolicy, target string, err error) {
	var properties struct {
		PolicyType, ScalingTargetID              string
		TargetTrackingScalingPolicyConfiguration struct {
			TargetValue                       float64
			PredefinedMetricSpecification     struct{ PredefinedMetricType, ResourceLabel string }
			CustomizedMetricSpecification     struct{ Metrics []trackedMetric }
			ScaleOutCooldown, ScaleInCooldown int
			DisableScaleIn                    bool
		}
	}
	properties.TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown = 300
	properties.TargetTrackingScalingPolicyConfiguration.ScaleInCooldown = 300
	if err := decode(r.Properties, &properties); err != nil || properties.PolicyType != "TargetTrackingScaling" {
		return ScalingPolicy{}, "", err
	}
	tracking := properties.TargetTrackingScalingPolicyConfiguration
	return ScalingPolicy{
		Resource:         r,
		Metric:           tracking.PredefinedMetricSpecification.PredefinedMetricType,
		Queue:            queueOf(tracking.CustomizedMetricSpecification.Metrics),
		Target:           tracking.TargetValue,
		TargetGroup:      groupOf(tracking.PredefinedMetricSpecification.ResourceLabel),
		ScaleOutCooldown: seconds(tracking.ScaleOutCooldown),
		ScaleInCooldown:  seconds(tracking.ScaleInCooldown),
		DisableScaleIn:   tracking.DisableScaleIn,
	}, properties.ScalingTargetID, nil
}

// trackedMetric is a metric in the expression that a policy tracks.
type trackedMetric struct {
	MetricStat struct {
		Metric struct {
			Namespace  string
			Dimensions []struct{ Name, Value string }
		}
	}
}

func queueOf(metrics []trackedMetric) string {
	for _, m := range metrics {
		for _, dimension := range m.MetricStat.Metric.Dimensions {
			if m.MetricStat.Metric.Namespace == "AWS/SQS" && dimension.Name == "QueueName" {
				return dimension.Value
			}
		}
	}
	return ""
}

// serviceOf returns the service in "service/<cluster>/<service's name>".
func serviceOf(resourceID string) string { return lastOf(resourceID, ".Name}") }

// groupOf returns the target group in "app/<load balancer>/<its id>/<group's full name>".
func groupOf(resourceLabel string) string { return lastOf(resourceLabel, ".TargetGroupFullName}") }

// lastOf returns the identity of the resource whose attribute ends a path.
func lastOf(path, attribute string) string {
	name := path[strings.LastIndex(path, "/")+1:]
	if resource, ok := strings.CutSuffix(name, attribute); ok {
		return resource + "}"
	}
	return name
}
