package cloudwatch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// retained is the state that an alarm has already.
const retained State = "retain current state"

// series reads data points as the documentation writes them: X breaches, 0 does not, and
// - is missing.
func series(points string) Series {
	var s Series
	for _, p := range strings.Fields(points) {
		s = append(s, map[string]float64{"X": 2, "0": 0, "-": Missing}[p])
	}
	return s
}

func alarmOf(datapoints, periods int, missing string) assembly.Alarm {
	return assembly.Alarm{
		Metrics: []assembly.AlarmMetric{{Namespace: "N"}}, Comparison: "GreaterThanThreshold", Threshold: 1,
		DatapointsToAlarm: datapoints, EvaluationPeriods: periods, MissingData: missing,
	}
}

func last(t *testing.T, a assembly.Alarm, points string) State {
	t.Helper()
	states, err := States(a, map[string]Series{"": series(points)})
	require.NoError(t, err)
	return states[len(states)-1]
}

// The rows are those of the two tables in
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// and the examples of its section on premature transitions. Evaluation Periods is 3.
func TestMissingData(t *testing.T) {
	const ok, insufficient = OK, InsufficientData
	for _, row := range []struct {
		datapoints                               int
		points                                   string
		missing, ignore, breaching, notBreaching State
	}{
		{3, "0 - X - X", ok, ok, ok, ok},
		{3, "0 - - - -", ok, ok, ok, ok},
		{3, "- - - - -", insufficient, retained, Alarm, ok},
		{3, "0 X X - X", Alarm, Alarm, Alarm, Alarm},
		{3, "- - X - -", Alarm, retained, Alarm, ok},

		{2, "0 - X - X", Alarm, Alarm, Alarm, Alarm},
		{2, "0 0 X 0 X", Alarm, Alarm, Alarm, Alarm},
		{2, "0 - X - -", ok, ok, Alarm, ok},
		{2, "- - - - 0", ok, ok, Alarm, ok},
		{2, "- - - X -", Alarm, retained, Alarm, ok},

		{3, "- - - - X", insufficient, retained, Alarm, ok},
		{3, "- - - X -", insufficient, retained, Alarm, ok},
		{3, "- - - X 0", ok, ok, ok, ok},
		{3, "- - X - 0", ok, ok, ok, ok},
	} {
		for missing, want := range map[string]State{
			"missing": row.missing, "ignore": row.ignore, "breaching": row.breaching, "notBreaching": row.notBreaching, "": row.missing,
		} {
			// What came before the evaluation range decides the current state, and nothing else.
			for current, before := range map[State]string{InsufficientData: "", OK: "0 0 0 0 0 ", Alarm: "X X X X X "} {
				want := want
				if want == retained {
					want = current
				}
				points := before + row.points
				assert.Equal(t, want, last(t, alarmOf(row.datapoints, 3, missing), points),
					"%d of 3, %s treated as %q, from %s", row.datapoints, row.points, missing, current)
			}
		}
	}
}

// "The breaching data points don't have to be consecutive", and those before the last
// evaluation periods do not count while no data is missing.
func TestDatapointsToAlarm(t *testing.T) {
	for _, test := range []struct {
		datapoints, periods int
		points, want        string
	}{
		{3, 3, "0 0 X X X 0 0 0 X 0", "....!....."},
		{2, 3, "X 0 X 0 0 X X", "?.!...!"},
		{1, 1, "0 X 0", ".!."},
		{2, 2, "X X X 0", "?!!."},
	} {
		states, err := States(alarmOf(test.datapoints, test.periods, "missing"), map[string]Series{"": series(test.points)})
		require.NoError(t, err)
		got := ""
		for _, state := range states {
			got += map[State]string{OK: ".", Alarm: "!", InsufficientData: "?"}[state]
		}
		assert.Equal(t, test.want, got, "%d of %d: %s", test.datapoints, test.periods, test.points)
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func TestComparisons(t *testing.T) {
	for comparison, want := range map[string][]State{
		"GreaterThanThreshold":          {OK, OK, Alarm},
		"GreaterThanOrEqualToThreshold": {OK, Alarm, Alarm},
		"LessThanThreshold":             {Alarm, OK, OK},
		"LessThanOrEqualToThreshold":    {Alarm, Alarm, OK},
	} {
		a := alarmOf(1, 1, "missing")
		a.Comparison = comparison
		got, err := States(a, map[string]Series{"": {0, 1, 2}})
		require.NoError(t, err)
		assert.Equal(t, want, got, comparison)
	}
}

// "Alarms that evaluate metrics in the AWS/DynamoDB namespace ignore missing data by default."
func TestMissingDataOfDynamoDB(t *testing.T) {
	a := alarmOf(1, 1, "")
	a.Metrics[0].Namespace = "AWS/DynamoDB"
	assert.Equal(t, Alarm, last(t, a, "X - - - - -"))
	a.MissingData = "missing"
	assert.Equal(t, InsufficientData, last(t, a, "X - - - - -"))
}

func TestUnsupportedAlarms(t *testing.T) {
	for want, edit := range map[string]func(*assembly.Alarm){
		`comparison "GreaterThanUpperThreshold" is not supported`:  func(a *assembly.Alarm) { a.Comparison = "GreaterThanUpperThreshold" },
		`missing data treated as "bad" is not supported`:           func(a *assembly.Alarm) { a.MissingData = "bad" },
		"an alarm on 0 expressions and 2 metrics is not supported": func(a *assembly.Alarm) { a.Metrics = append(a.Metrics, a.Metrics...) },
	} {
		a := alarmOf(1, 1, "missing")
		edit(&a)
		_, err := States(a, map[string]Series{"": {1}})
		assert.EqualError(t, err, want)
	}
}
