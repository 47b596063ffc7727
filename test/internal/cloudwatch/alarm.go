package cloudwatch

import (
	"fmt"
	"math"

	"example.com/strangler/test/internal/assembly"
)

// Rings reports for each period whether an alarm is in the state ALARM after it: at
// least DatapointsToAlarm of the last EvaluationPeriods periods are breaching. The
// metrics are by id, which is empty for an alarm on a single metric. An alarm on
// several metrics without one expression, a comparison other than > and <, and a
// treatment of missing data other than breaching, notBreaching and ignore are errors.
// The last keeps the state of the period before.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
func Rings(a assembly.Alarm, metrics map[string]Series) ([]bool, error) {
	series, err := watched(a, metrics)
	if err != nil {
		return nil, err
	}
	rings := make([]bool, len(series))
	for i := range series {
		if math.IsNaN(series[i]) && a.MissingData == "ignore" {
			rings[i] = i > 0 && rings[i-1]
			continue
		}
		breaching := 0
		for _, v := range series[max(0, i+1-a.EvaluationPeriods) : i+1] {
			b, err := isBreaching(a, v)
			if err != nil {
				return nil, err
			}
			if b {
				breaching++
			}
		}
		rings[i] = breaching >= a.DatapointsToAlarm
	}
	return rings, nil
}

// watched returns the values that an alarm compares with its threshold.
func watched(a assembly.Alarm, metrics map[string]Series) (Series, error) {
	switch {
	case len(a.Expressions) == 1:
		return Evaluate(a.Expressions[0], metrics)
	case len(a.Expressions) == 0 && len(a.Metrics) == 1:
		return metrics[""], nil
	}
	return nil, fmt.Errorf("an alarm on %d expressions and %d metrics is not supported", len(a.Expressions), len(a.Metrics))
}

// isBreaching reports whether the value of one period breaches the threshold.
func isBreaching(a assembly.Alarm, v float64) (bool, error) {
	if math.IsNaN(v) {
		switch a.MissingData {
		case "breaching":
			return true, nil
		case "notBreaching", "ignore":
			return false, nil
		}
		return false, fmt.Errorf("missing data treated as %q is not supported", a.MissingData)
	}
	switch a.Comparison {
	case "GreaterThanThreshold":
		return v > a.Threshold, nil
	case "LessThanThreshold":
		return v < a.Threshold, nil
	}
	return false, fmt.Errorf("comparison %q is not supported", a.Comparison)
}
