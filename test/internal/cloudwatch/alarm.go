package cloudwatch

import (
	"fmt"
	"math"

	"example.com/strangler/test/internal/assembly"
)

// Rings says for each period whether an alarm is in the state ALARM after it:
// whether enough of the last periods are bad. The metrics are found by their ids,
// that of an alarm on a metric by itself is empty.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
func Rings(a assembly.Alarm, metrics map[string]Series) ([]bool, error) {
	series, err := watched(a, metrics)
	if err != nil {
		return nil, err
	}
	rings := make([]bool, len(series))
	for i := range series {
		bad := 0
		for _, v := range series[max(0, i+1-a.EvaluationPeriods) : i+1] {
			broken, err := breaks(a, v)
			if err != nil {
				return nil, err
			}
			if broken {
				bad++
			}
		}
		rings[i] = bad >= a.DatapointsToAlarm
	}
	return rings, nil
}

func watched(a assembly.Alarm, metrics map[string]Series) (Series, error) {
	switch {
	case len(a.Expressions) == 1:
		return Evaluate(a.Expressions[0], metrics)
	case len(a.Expressions) == 0 && len(a.Metrics) == 1:
		return metrics[""], nil
	}
	return nil, fmt.Errorf("an alarm on %d expressions and %d metrics is not supported", len(a.Expressions), len(a.Metrics))
}

func breaks(a assembly.Alarm, v float64) (bool, error) {
	if math.IsNaN(v) {
		switch a.MissingData {
		case "breaching":
			return true, nil
		case "notBreaching":
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
