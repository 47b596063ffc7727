package assembly

import (
	"errors"
	"time"
)

// Alarm is an AWS::CloudWatch::Alarm.
type Alarm struct {
	Resource
	// Name is empty when CloudFormation generates one.
	Name string
	// Metrics are the metrics that the alarm watches: one, or with metric math one
	// for each that an expression may use.
	Metrics []AlarmMetric
	// Expressions are the alarm's metric math, empty without any.
	Expressions []string
	Threshold   float64
	// Comparison is the operator, such as "GreaterThanThreshold".
	Comparison string
	// EvaluationPeriods is the number of latest periods that CloudWatch evaluates,
	// DatapointsToAlarm how many of them must breach the threshold. A template that
	// leaves it out means all.
	EvaluationPeriods, DatapointsToAlarm int
	// MissingData is how a period without data counts, such as "notBreaching".
	MissingData string
	// Actions are the identities of what the alarm notifies.
	Actions []string
}

// AlarmMetric is a statistic of one metric.
type AlarmMetric struct {
	// ID is the metric's name in an expression, and empty without metric math.
	ID              string
	Namespace, Name string
	Dimensions      map[string]string
	// Statistic is such as "Sum" or "p99".
	Statistic string
	Period    time.Duration
}

// Is reports whether a name, or a reference that CloudFormation resolves to the
// name, is this alarm's.
func (a Alarm) Is(name string) bool {
	return name == a.Identity() || name != "" && name == a.Name
}

// Evaluation is the time that the evaluation periods span, with the longest period
// of the metrics.
func (a Alarm) Evaluation() time.Duration {
	var longest time.Duration
	for _, metric := range a.Metrics {
		longest = max(longest, metric.Period)
	}
	return longest * time.Duration(a.EvaluationPeriods)
}

// metric names a metric, in an alarm and in its metric math.
type metric struct {
	MetricName, Namespace string
	Dimensions            []struct{ Name, Value string }
}

func (m metric) read(id, statistic string, period int) AlarmMetric {
	dimensions := map[string]string{}
	for _, dimension := range m.Dimensions {
		dimensions[dimension.Name] = dimension.Value
	}
	return AlarmMetric{
		ID: id, Namespace: m.Namespace, Name: m.MetricName, Dimensions: dimensions, Statistic: statistic, Period: seconds(period),
	}
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
