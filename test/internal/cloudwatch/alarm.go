package cloudwatch

import (
	"cmp"
	"fmt"
	"math"

	"example.com/strangler/test/internal/assembly"
)

// State is the state of an alarm.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html#alarm-states
type State string

// The states of an alarm. It begins as InsufficientData.
const (
	OK               State = "OK"
	Alarm            State = "ALARM"
	InsufficientData State = "INSUFFICIENT_DATA"
)

// extraPeriods is how many periods the evaluation range has more than the alarm's
// evaluation periods. AWS says that the number depends on the period's length, and gives
// that of its examples: a range of 5 for 3 evaluation periods.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const extraPeriods = 2

// States returns the state of an alarm after each period. The metrics are by id, which is
// empty for an alarm on a single metric. Before the first period there is no data. An
// alarm on several metrics without one expression, and an unknown comparison or treatment
// of missing data, are errors.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
func States(a assembly.Alarm, metrics map[string]Series) ([]State, error) {
	series, err := watched(a, metrics)
	if err != nil {
		return nil, err
	}
	breaches, known := comparisons[a.Comparison]
	if !known {
		return nil, fmt.Errorf("comparison %q is not supported", a.Comparison)
	}
	missing := treatment(a)
	if !treatments[missing] {
		return nil, fmt.Errorf("missing data treated as %q is not supported", a.MissingData)
	}
	states, state := make([]State, len(series)), InsufficientData
	for i := range series {
		var points []point
		for j := i; j >= 0 && j > i-a.EvaluationPeriods-extraPeriods; j-- {
			if !math.IsNaN(series[j]) {
				points = append(points, point{age: i - j + 1, breaching: breaches(series[j], a.Threshold)})
			}
		}
		state = evaluate(a, missing, points, state)
		states[i] = state
	}
	return states, nil
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

// comparisons are the comparison operators of a static threshold.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
var comparisons = map[string]func(value, threshold float64) bool{
	"GreaterThanThreshold":          func(value, threshold float64) bool { return value > threshold },
	"GreaterThanOrEqualToThreshold": func(value, threshold float64) bool { return value >= threshold },
	"LessThanThreshold":             func(value, threshold float64) bool { return value < threshold },
	"LessThanOrEqualToThreshold":    func(value, threshold float64) bool { return value <= threshold },
}

// treatments are the ways to treat missing data.
var treatments = map[string]bool{"breaching": true, "notBreaching": true, "ignore": true, "missing": true}

// treatment is how an alarm treats missing data: one on DynamoDB ignores it by default,
// and another takes it as missing.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func treatment(a assembly.Alarm) string {
	if len(a.Metrics) > 0 && a.Metrics[0].Namespace == "AWS/DynamoDB" {
		return cmp.Or(a.MissingData, "ignore")
	}
	return cmp.Or(a.MissingData, "missing")
}

// point is a data point in the evaluation range.
type point struct {
	// age is 1 for the last period, 2 for the one before.
	age       int
	breaching bool
}

// evaluate returns the state of an alarm from the data points in its evaluation range,
// the latest first. Missing data counts only where there are fewer than the evaluation
// periods. An alarm that takes it as missing, and whose points all breach, is premature
// until the oldest has the age of DatapointsToAlarm.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func evaluate(a assembly.Alarm, missing string, points []point, current State) State {
	points = points[:min(len(points), a.EvaluationPeriods)]
	breaching := 0
	for _, p := range points {
		if p.breaching {
			breaching++
		}
	}
	if missing == "breaching" {
		breaching += a.EvaluationPeriods - len(points)
	}
	switch {
	case breaching >= a.DatapointsToAlarm:
		return Alarm
	case missing == "breaching" || missing == "notBreaching" || breaching < len(points):
		return OK
	case missing == "ignore":
		return current
	case len(points) > 0 && points[len(points)-1].age >= a.DatapointsToAlarm:
		return Alarm
	}
	return InsufficientData
}
