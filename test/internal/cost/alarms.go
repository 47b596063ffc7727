package cost

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// uncounted is an expression with other metrics than the alarm names: a query has
// those that it finds, and an anomaly band two of its own.
var uncounted = regexp.MustCompile(`(?i)^\s*SELECT\b|ANOMALY_DETECTION_BAND`)

// chargeAlarm is for every metric that the alarm looks at, and for all at the
// price of high resolution where it looks at one more often than once a minute.
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
			return fmt.Errorf("%s looks at more metrics than it names: say in test/cost how many", expression)
		}
	}
	return e.add(r, item, "", 1, len(alarm.Metrics)*whole)
}

// alarmsOfTracking are those that Application Auto Scaling makes for a
// target-tracking policy: one to scale out, one to scale in.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
const alarmsOfTracking = 2

// chargeScalingPolicy is for the alarms that a policy makes. One of steps has its
// alarm in the template, and one that predicts has none.
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
	return fmt.Errorf("nobody has said which alarms a policy of the type %q makes: add it to test/cost/alarms.go", policy.PolicyType)
}
