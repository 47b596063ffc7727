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
	// Metrics are those that it watches: one, or with metric math one for each that
	// an expression may use.
	Metrics []AlarmMetric
	// Expressions are its metric math.
	Expressions []string
	Threshold   float64
	// Comparison is CloudWatch's word, such as "GreaterThanThreshold".
	Comparison string
	// EvaluationPeriods is how many periods in a row it looks at, DatapointsToAlarm
	// how many of them must be bad: all, where the template does not say.
	EvaluationPeriods, DatapointsToAlarm int
	// MissingData is what a period without data counts for, such as "notBreaching".
	MissingData string
	// Actions are what is told when it rings, by their identities.
	Actions []string
}

// AlarmMetric is a statistic of one metric.
type AlarmMetric struct {
	// ID is what an expression calls it, and empty without one.
	ID              string
	Namespace, Name string
	Dimensions      map[string]string
	// Statistic is such as "Sum" or "p99".
	Statistic string
	Period    time.Duration
}

// Is reports whether a name, or a reference that CloudFormation makes the name of,
// is this alarm's.
func (a Alarm) Is(name string) bool {
	return name == a.Identity() || name != "" && name == a.Name
}

// Evaluation is how far back the alarm looks.
func (a Alarm) Evaluation() time.Duration {
	var longest time.Duration
	for _, metric := range a.Metrics {
		longest = max(longest, metric.Period)
	}
	return longest * time.Duration(a.EvaluationPeriods)
}

// metric is how a template names one, in an alarm and in its metric math.
type metric struct {
	MetricName, Namespace string
	Dimensions            []struct{ Name, Value string }
}

func (m metric) read(id, statistic string, period int) AlarmMetric {
	dimensions := map[string]string{}
	for _, dimension := range m.Dimensions {
		dimensions[dimension.Name] = dimension.Value
	}
	return AlarmMetric{ID: id, Namespace: m.Namespace, Name: m.MetricName, Dimensions: dimensions, Statistic: statistic, Period: seconds(period)}
}

func readAlarm(r Resource) (Alarm, error) {
	var properties struct {
		metric
		AlarmName                    string
		Statistic, ExtendedStatistic string
		Period, EvaluationPeriods    int
		DatapointsToAlarm            int
		Threshold                    float64
		ComparisonOperator           string
		TreatMissingData             string
		AlarmActions                 []string
		Metrics                      []struct {
			ID, Expression string
			MetricStat     *struct {
				Metric metric
				Stat   string
				Period int
			}
		}
	}
	if err := decode(r.Properties, &properties); err != nil {
		return Alarm{}, err
	}
	alarm := Alarm{
		Resource:          r,
		Name:              properties.AlarmName,
		Threshold:         properties.Threshold,
		Comparison:        properties.ComparisonOperator,
		EvaluationPeriods: properties.EvaluationPeriods,
		DatapointsToAlarm: properties.DatapointsToAlarm,
		MissingData:       properties.TreatMissingData,
		Actions:           properties.AlarmActions,
	}
	if alarm.DatapointsToAlarm == 0 {
		alarm.DatapointsToAlarm = alarm.EvaluationPeriods
	}
	if properties.MetricName != "" {
		alarm.Metrics = append(alarm.Metrics, properties.metric.read("", properties.Statistic+properties.ExtendedStatistic, properties.Period))
	}
	for _, m := range properties.Metrics {
		if m.MetricStat != nil {
			alarm.Metrics = append(alarm.Metrics, m.MetricStat.Metric.read(m.ID, m.MetricStat.Stat, m.MetricStat.Period))
		}
		if m.Expression != "" {
			alarm.Expressions = append(alarm.Expressions, m.Expression)
		}
	}
	if len(alarm.Metrics)+len(alarm.Expressions) == 0 {
		return Alarm{}, errors.New("the alarm watches no metric")
	}
	return alarm, nil
}
