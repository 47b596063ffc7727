package assembly

import "strings"

// ScalableTarget is an AWS::ApplicationAutoScaling::ScalableTarget for the number
// of tasks of a service, with its target-tracking policies.
type ScalableTarget struct {
	Resource
	// Service is the identity of the service that scales.
	Service string
	// Min and Max bound the number of tasks.
	Min, Max int
	Policies []ScalingPolicy
}

// ScalingPolicy is an AWS::ApplicationAutoScaling::ScalingPolicy.
type ScalingPolicy struct {
	Resource
	// Metric is the predefined metric's type, such as "ECSServiceAverageCPUUtilization".
	Metric string
	// Target is the value of the metric that scaling aims at.
	Target float64
	// ResourceLabel names the target group of the metric ALBRequestCountPerTarget.
	ResourceLabel string
}

func (s *Stage) readScalableTarget(r Resource) (ScalableTarget, error) {
	var properties struct {
		MinCapacity, MaxCapacity int
		ResourceID               string
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
	for policy := range s.Resources("AWS::ApplicationAutoScaling::ScalingPolicy") {
		var properties struct {
			ScalingTargetID                          string
			TargetTrackingScalingPolicyConfiguration struct {
				TargetValue                   float64
				PredefinedMetricSpecification struct{ PredefinedMetricType, ResourceLabel string }
			}
		}
		if err := decode(policy.Properties, &properties); err != nil {
			return ScalableTarget{}, err
		}
		if properties.ScalingTargetID != r.Identity() {
			continue
		}
		tracking := properties.TargetTrackingScalingPolicyConfiguration
		target.Policies = append(target.Policies, ScalingPolicy{
			Resource:      policy,
			Metric:        tracking.PredefinedMetricSpecification.PredefinedMetricType,
			Target:        tracking.TargetValue,
			ResourceLabel: tracking.PredefinedMetricSpecification.ResourceLabel,
		})
	}
	return target, nil
}

// serviceOf takes the service out of "service/<cluster>/<service's name>".
func serviceOf(resourceID string) string {
	name := resourceID[strings.LastIndex(resourceID, "/")+1:]
	if service, ok := strings.CutSuffix(name, ".Name}"); ok {
		return service + "}"
	}
	return name
}
