package assembly

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readAlarmOf(t *testing.T, properties string) (Alarm, error) {
	t.Helper()
	alarm, err := readAlarm(Resource{Stack: "S", LogicalID: "A", Properties: parse(t, properties).(map[string]any)})
	alarm.Properties = nil
	return alarm, err
}

func TestAlarm(t *testing.T) {
	for properties, want := range map[string]Alarm{
		`{"AlarmName": "cpu", "Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Statistic": "Average",
			"Dimensions": [{"Name": "ServiceName", "Value": "orders"}], "Period": 60, "EvaluationPeriods": 3,
			"Threshold": 80, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching", "AlarmActions": ["topic"]}`: {
			Name: "cpu", EvaluationPeriods: 3, DatapointsToAlarm: 3,
			Metrics:   []AlarmMetric{{"", "AWS/ECS", "CPUUtilization", map[string]string{"ServiceName": "orders"}, "Average", time.Minute}},
			Threshold: 80, Comparison: "GreaterThanThreshold", MissingData: "breaching", Actions: []string{"topic"},
		},
		`{"EvaluationPeriods": 2, "DatapointsToAlarm": 1, "Metrics": [
			{"Id": "rate", "Expression": "e / r"},
			{"Id": "e", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {"MetricName": "Errors", "Namespace": "N"}}, "ReturnData": false},
			{"Id": "r", "MetricStat": {"Period": 300}, "ReturnData": false}]}`: {
			Metrics: []AlarmMetric{
				{"e", "N", "Errors", map[string]string{}, "Sum", time.Minute},
				{"r", "", "", map[string]string{}, "", 5 * time.Minute},
			},
			Expressions: []string{"e / r"}, EvaluationPeriods: 2, DatapointsToAlarm: 1,
		},
	} {
		got, err := readAlarmOf(t, properties)
		require.NoError(t, err)
		want.Resource = got.Resource
		assert.Equal(t, want, got)
	}
	_, err := readAlarmOf(t, `{"EvaluationPeriods": 2}`)
	require.EqualError(t, err, "the alarm watches no metric")
}

func TestAlarmEvaluation(t *testing.T) {
	alarm := Alarm{Metrics: []AlarmMetric{{Period: time.Minute}, {Period: 5 * time.Minute}}, EvaluationPeriods: 2}
	assert.Equal(t, 10*time.Minute, alarm.Evaluation())
}

func TestAlarmIs(t *testing.T) {
	named, unnamed := Alarm{Resource: Resource{Stack: "S", LogicalID: "A"}, Name: "cpu"}, Alarm{Resource: Resource{Stack: "S", LogicalID: "B"}}
	for name, want := range map[string][2]bool{"cpu": {true, false}, "${S.A}": {true, false}, "${S.B}": {false, true}, "": {false, false}} {
		assert.Equal(t, want[0], named.Is(name), "%q is the named alarm", name)
		assert.Equal(t, want[1], unnamed.Is(name), "%q is the unnamed alarm", name)
	}
}
