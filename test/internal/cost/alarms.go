package cost

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// uncounted matches an expression with more metrics than the alarm names: a query has
// every metric that it finds, and an anomaly band adds two.
var uncounted = regexp.MustCompile(`(?i)^\s*SELECT\b|ANOMALY_DETECTION_BAND`)

// chargeAlarm charges for every metric of an alarm, and for all of them at the price
// of high resolution when the period of one is under a minute.
//
// https://aws.amazon.com/cloudwatch/pricing/
func chargeAlarm(e *estimator, r assembly.Resource) error {
	alarm, _ := assembly.Find(e.stage.Alarms, r.Identity())
	item := AlarmMetric
	for _, metric := range alarm.Metrics {
		if metric.Period < time.Minute {
			item = HighResolutionAlarm
		}
	}
	for _, expression := range alarm.Expressions {
		if uncounted.MatchString(expression) {
			return fmt.Errorf("%s has more metrics than the alarm names: count them in test/internal/cost/alarms.go", expression)
		}
	}
	return e.add(r, item, "", 1, len(alarm.Metrics)*whole)
}

// alarmsOfTracking is the number of alarms that Application Auto Scaling creates for
// a target-tracking policy: one to scale out, one to scale in.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
const alarmsOfTracking = 2

// chargeScalingPolicy charges for the alarms that a policy creates. A step policy has
// its alarm in the template, and a predictive policy has none.
func chargeScalingPolicy(e *estimator, r assembly.Resource) error {
	var policy struct {
		PolicyType                               string
		TargetTrackingScalingPolicyConfiguration struct {
			PredefinedMetricSpecification struct{ PredefinedMetricType string }
			CustomizedMetricSpecification struct {
				Metrics []struct{ MetricStat any }
			}
		}
	}
	if err := r.Decode(&policy); err != nil {
		return err
	}
	switch policy.PolicyType {
	case "StepScaling", "PredictiveScaling":
		return nil
	case "TargetTrackingScaling":
		tracking := policy.TargetTrackingScalingPolicyConfiguration
		item, metrics := AlarmMetric, 0
		if strings.HasSuffix(tracking.PredefinedMetricSpecification.PredefinedMetricType, "HighResolution") {
			item = HighResolutionAlarm
		}
		for _, metric := range tracking.CustomizedMetricSpecification.Metrics {
			if metric.MetricStat != nil {
				metrics++
			}
		}
		return e.add(r, item, strings.Replace(string(item), "alarm", "alarm of scaling", 1), alarmsOfTracking, max(metrics, 1)*whole)
	}
	return fmt.Errorf("a scaling policy of the type %q has no price: add the alarms that it creates to test/internal/cost/alarms.go",
		policy.PolicyType)
}
