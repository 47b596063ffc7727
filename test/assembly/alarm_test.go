package assembly

import (
	"testing"
	"time"
)

func readAlarmOf(t *testing.T, properties string) (Alarm, error) {
	t.Helper()
	alarm, err := readAlarm(Resource{Stack: "S", LogicalID: "A", Properties: parse(t, properties).(map[string]any)})
	alarm.Properties = nil
	return alarm, err
}

func TestAlarm(t *testing.T) {
	for properties, want := range map[string]Alarm{
		`{"AlarmName": "cpu", "MetricName": "CPUUtilization", "Period": 60, "EvaluationPeriods": 3}`: {
			Name: "cpu", Periods: []time.Duration{time.Minute}, EvaluationPeriods: 3,
		},
		`{"EvaluationPeriods": 2, "Metrics": [
			{"Id": "rate", "Expression": "e / r"},
			{"Id": "e", "MetricStat": {"Period": 60}, "ReturnData": false},
			{"Id": "r", "MetricStat": {"Period": 300}, "ReturnData": false}]}`: {
			Periods: []time.Duration{time.Minute, 5 * time.Minute}, Expressions: []string{"e / r"}, EvaluationPeriods: 2,
		},
	} {
		got, err := readAlarmOf(t, properties)
		if err != nil {
			t.Fatal(err)
		}
		want.Resource = got.Resource
		expect(t, got, want)
	}
	if _, err := readAlarmOf(t, `{"EvaluationPeriods": 2}`); err == nil {
		t.Error("an alarm on nothing is read")
	}
}

func TestAlarmEvaluation(t *testing.T) {
	alarm := Alarm{Periods: []time.Duration{time.Minute, 5 * time.Minute}, EvaluationPeriods: 2}
	if got := alarm.Evaluation(); got != 10*time.Minute {
		t.Errorf("looks back %v, want 10 m", got)
	}
}

func TestAlarmIs(t *testing.T) {
	named, unnamed := Alarm{Resource: Resource{Stack: "S", LogicalID: "A"}, Name: "cpu"}, Alarm{Resource: Resource{Stack: "S", LogicalID: "B"}}
	for name, want := range map[string][2]bool{"cpu": {true, false}, "${S.A}": {true, false}, "${S.B}": {false, true}, "": {false, false}} {
		if got := [2]bool{named.Is(name), unnamed.Is(name)}; got != want {
			t.Errorf("%q is the named and the unnamed alarm: %v, want %v", name, got, want)
		}
	}
}
