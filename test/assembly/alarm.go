package assembly

import (
	"errors"
	"time"
)

// Alarm is an AWS::CloudWatch::Alarm.
type Alarm struct {
	Resource
	// Name is empty when CloudFormation is to make one up.
	Name string
	// Periods are those of the metrics that it watches: one, or with metric math
	// one for each that an expression may use.
	Periods []time.Duration
	// Expressions are its metric math.
	Expressions []string
	// EvaluationPeriods is how many periods in a row it looks at.
	EvaluationPeriods int
}

// Is reports whether a name, or a reference that CloudFormation makes the name of,
// is this alarm's.
func (a Alarm) Is(name string) bool {
	return name == a.Identity() || name != "" && name == a.Name
}

// Evaluation is how far back the alarm looks.
func (a Alarm) Evaluation() time.Duration {
	var longest time.Duration
	for _, period := range a.Periods {
		longest = max(longest, period)
	}
	return longest * time.Duration(a.EvaluationPeriods)
}

func readAlarm(r Resource) (Alarm, error) {
	var properties struct {
		AlarmName                 string
		MetricName                string
		Period, EvaluationPeriods int
		Metrics                   []struct {
			Expression string
			MetricStat *struct{ Period int }
		}
	}
	if err := decode(r.Properties, &properties); err != nil {
		return Alarm{}, err
	}
	alarm := Alarm{Resource: r, Name: properties.AlarmName, EvaluationPeriods: properties.EvaluationPeriods}
	if properties.MetricName != "" {
		alarm.Periods = append(alarm.Periods, seconds(properties.Period))
	}
	for _, metric := range properties.Metrics {
		if metric.MetricStat != nil {
			alarm.Periods = append(alarm.Periods, seconds(metric.MetricStat.Period))
		}
		if metric.Expression != "" {
			alarm.Expressions = append(alarm.Expressions, metric.Expression)
		}
	}
	if len(alarm.Periods)+len(alarm.Expressions) == 0 {
		return Alarm{}, errors.New("the alarm watches no metric")
	}
	return alarm, nil
}
