package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudwatch"
	"example.com/strangler/test/internal/fixture"
)

const no = "no data"

// minutes is a series of values, or "no data".
func minutes(values ...any) cloudwatch.Series {
	var series cloudwatch.Series
	for _, v := range values {
		switch v := v.(type) {
		case int:
			series = append(series, float64(v))
		case float64:
			series = append(series, v)
		default:
			series = append(series, cloudwatch.Missing)
		}
	}
	return series
}

// The alarms of alpha, minute by minute, as computed by hand.
func TestAlarmsRingWhenTheyShould(t *testing.T) {
	require.NoError(t, checkRinging(at(t, situation{"live", services.Serving})))
}

// ringing is a series for each metric, and the alarm's state after each minute: "." for
// OK, "!" for ALARM and "?" for INSUFFICIENT_DATA.
type ringing struct {
	alarm, what string
	metrics     map[string]cloudwatch.Series
	want        string
}

var ringings = []ringing{
	{"Errors", "one percent is not above one percent", answered(
		minutes(1000, 1000, 1000), minutes(900, 900, 900), minutes(40, 40, 40), minutes(50, 50, 50)), "..."},
	{"Errors", "a little more is, from the second minute on", answered(
		minutes(1000, 1000, 1000), minutes(989, 989, 989), minutes(no, no, no), minutes(no, no, no)), ".!!"},
	{"Errors", "what no target answers counts, such as a 504 of the load balancer", without(
		minutes(200, 200, 200), minutes(50, 200, 200), minutes(no, 100, no), minutes(50, 100, 200)), ".!!"},
	{"Errors", "nor is what the load balancer answers for others beside it", map[string]cloudwatch.Series{
		"requests": minutes(200, 200, 200), "answered2": minutes(no, no, no), "answered3": minutes(100, 100, 100),
		"answered4": minutes(100, 100, 100), "answered5": minutes(no, no, no), "balancer5": minutes(900, 900, 900),
	}, "..."},
	{"Errors", "a client that hangs up is no error", without(
		minutes(200, 200, 200), minutes(100, 100, 100), minutes(no, no, no), minutes(no, 2, no)), "..."},
	{"Errors", "those who hang up hide no error", without(
		minutes(200, 200, 200), minutes(100, 100, 100), minutes(2, 2, 2), minutes(1, 1, 1)), ".!!"},
	{"Errors", "what the load balancer answers for other groups is no error", without(
		minutes(200, 200, 200), minutes(2, 2, 2), minutes(2, 2, 2), minutes(900, 900, 900)), "..."},
	{"Errors", "a refused request is answered", answered(
		minutes(200, 200, 200), minutes(no, no, no), minutes(no, no, no), minutes(200, 200, 200)), "..."},
	{"Errors", "one bad minute is none", answered(
		minutes(1000, 1000, 1000, 1000), minutes(1000, 0, 1000, 1000), minutes(no, no, no, no), minutes(no, no, no, no)), "...."},
	{"Errors", "two of three are bad, and the alarm ends", answered(
		minutes(200, 200, 200, 200, 200, 200), minutes(150, 200, 150, 200, 200, 200),
		minutes(no, no, no, no, no, no), minutes(no, no, no, no, no, no)), "..!..."},
	{"Errors", "below a hundred requests the alarm is silent", answered(
		minutes(99, 99, 99), minutes(no, no, no), minutes(no, no, no), minutes(no, no, no)), "..."},
	{"Errors", "from a hundred on it rings", answered(
		minutes(100, 100, 100), minutes(98, 98, 98), minutes(no, no, no), minutes(no, no, no)), ".!!"},
	{"Errors", "no request at all is no error", answered(
		minutes(no, no, no), minutes(no, no, no), minutes(no, no, no), minutes(no, no, no)), "..."},
	{"Errors", "a bad minute counts for five while nothing is requested", answered(
		minutes(200, no, no, 200, no, no, no), minutes(150, no, no, 150, no, no, no),
		minutes(no, no, no, no, no, no, no), minutes(no, no, no, no, no, no, no)), "...!!.."},
	{"Latency", "a second is not more than a second",
		map[string]cloudwatch.Series{"requests": minutes(500, 500, 500), "p99": minutes(1.0, 1.0, 1.0)}, "..."},
	{"Latency", "a little more is",
		map[string]cloudwatch.Series{"requests": minutes(500, 500, 500), "p99": minutes(1.001, 1.001, 0.2)}, ".!!"},
	{"Latency", "below a hundred requests the alarm is silent",
		map[string]cloudwatch.Series{"requests": minutes(99, 99, 99), "p99": minutes(9, 9, 9)}, "..."},
	{"UnhealthyHosts", "a task that starts is unhealthy for a whole minute at most",
		map[string]cloudwatch.Series{"": minutes(0, 1, 0, 1, 0)}, "....."},
	{"UnhealthyHosts", "one unhealthy task for two whole minutes",
		map[string]cloudwatch.Series{"": minutes(0, 1, 1, 0, 0)}, "..!.."},
	{"UnhealthyHosts", "no task at all is for another alarm",
		map[string]cloudwatch.Series{"": minutes(no, no, no)}, "..."},
	{"Tasks", "two tasks are as many as there must be", tasks(minutes(2, 3, 10, 2), minutes(2, 3, 10, 2)), "...."},
	{"Tasks", "one is too few for three minutes", tasks(minutes(2, 1, 1, 1, 2), minutes(2, 2, 2, 2, 2)), "...!."},
	{"Tasks", "a task has its time to start", tasks(minutes(2, 1, 1, 2, 2), minutes(2, 2, 2, 2, 2)), "....."},
	{"Tasks", "a new service wants one task, until scaling lifts it",
		tasks(minutes(no, 1, 1, 1, 1, 1, 2), minutes(no, 1, 1, 1, 2, 2, 2)), "?......"},
	{"Tasks", "a deployment has more than it wants", tasks(minutes(2, 4, 4, 2), minutes(2, 2, 2, 2)), "...."},
	{"Tasks", "none is the worst", tasks(minutes(0, 0, 0), minutes(2, 2, 2)), "??!"},
	{"Tasks", "without data it stays as it was",
		tasks(minutes(no, 0, 0, 0, no, no, no, no, no), minutes(no, 2, 2, 2, no, no, no, no, no)), "???!!!!!!"},
	{"Throttles", "calls of any kind that the table refused",
		map[string]cloudwatch.Series{
			"calls1": minutes(no, 1, no, no, no), "calls2": minutes(no, no, 3, no, no), "calls3": minutes(no, no, no, no, 0),
		}, "..!!."},
	{"Throttles", "no call is none refused",
		map[string]cloudwatch.Series{"calls1": minutes(no, no), "calls2": minutes(no, no), "calls3": minutes(no, no)}, ".."},
}

// An answer 101, which no metric counts, is no error of a program with WebSockets.
func TestWebSocketsAreNoErrors(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.Alarms.WebSockets = true }))
	alarm, ok := alarmOf(stage, "Alpha", "Errors")
	require.True(t, ok)
	for what, test := range map[string]struct {
		requests, failed, refused cloudwatch.Series
		want                      string
	}{
		"every request opens a WebSocket": {minutes(200, 200, 200), minutes(no, no, no), minutes(no, no, no), "..."},
		"one percent fails":               {minutes(1000, 1000, 1000), minutes(10, 6, no), minutes(no, 4, 10), "..."},
		"a little more fails":             {minutes(1000, 1000, 1000), minutes(11, no, 7), minutes(no, 11, 4), ".!!"},
		"few requests":                    {minutes(99, 99, 99), minutes(99, 99, 99), minutes(no, no, no), "..."},
	} {
		got, err := statesOf(alarm, map[string]cloudwatch.Series{"requests": test.requests, "failed": test.failed, "refused": test.refused})
		require.NoError(t, err, what)
		assert.Equal(t, test.want, got, what)
	}
	assert.NoError(t, checkAlarms(stage))
}

// A program that fails the calls of another rings the caller's alarm, at the caller's bound.
func TestCallsAlarmRingsForItsCallee(t *testing.T) {
	require.NoError(t, checkCallsRinging(at(t, allLive)))
}

// callsRingings are the calls of gamma that alpha answers with 2xx, 3xx, 4xx and 5xx. Gamma
// bears errors up to two percent.
var callsRingings = []ringing{
	{"CallsAlpha", "two percent are not above two percent", calledBy(
		minutes(90, 490, 490), minutes(no, 490, 490), minutes(8, no, no), minutes(2, 20, 20)), "..."},
	{"CallsAlpha", "a little more is, from the second minute on", calledBy(
		minutes(489, 97, 97), minutes(489, no, no), minutes(no, no, no), minutes(22, 3, 3)), ".!!"},
	{"CallsAlpha", "a refused call is an answer", calledBy(
		minutes(no, no, no), minutes(no, no, no), minutes(500, 500, 500), minutes(no, no, no)), "..."},
	{"CallsAlpha", "below a hundred calls the alarm is silent", calledBy(
		minutes(no, no, no), minutes(no, no, no), minutes(no, no, no), minutes(99, 99, 99)), "..."},
	{"CallsAlpha", "one bad minute is none", calledBy(
		minutes(no, 200, 200), minutes(no, no, no), minutes(no, no, no), minutes(200, no, no)), "..."},
	{"CallsAlpha", "no call is no error", calledBy(minutes(no, no), minutes(no, no), minutes(no, no), minutes(no, no)), ".."},
}

// calledBy are the answers to the calls of each minute, by the first digit of their status.
func calledBy(ok, moved, refused, failed cloudwatch.Series) map[string]cloudwatch.Series {
	return map[string]cloudwatch.Series{"answered2": ok, "answered3": moved, "answered4": refused, "answered5": failed}
}

// answered are the requests of each minute, and how many of them a target answered
// with 2xx, 3xx and 4xx. The others got a 5xx.
func answered(requests, ok, moved, refused cloudwatch.Series) map[string]cloudwatch.Series {
	all := map[string]cloudwatch.Series{"requests": requests, "answered2": ok, "answered3": moved, "answered4": refused}
	failed, err := cloudwatch.Evaluate("requests - FILL(answered2, 0) - FILL(answered3, 0) - FILL(answered4, 0)", all)
	if err != nil {
		panic(err)
	}
	all["answered5"], all["balancer5"] = failed, cloudwatch.Series{}
	return all
}

// bounded are the errors that an alarm counts, with what it takes for refused requests.
func bounded(refused string) string {
	missing, known := "requests - FILL(answered2, 0) - FILL(answered3, 0) - "+refused, "FILL(answered5, 0) + FILL(balancer5, 0)"
	return "IF(" + missing + " > " + known + ", " + known + ", " + missing + ")"
}

// without are the requests of each minute without an answer of a target, all others having 200,
// and how many answers of 5xx the targets and the load balancer gave.
func without(requests, missing, failed, balancer cloudwatch.Series) map[string]cloudwatch.Series {
	ok := slices.Clone(requests)
	for i := range ok {
		ok[i] -= missing[i]
	}
	return map[string]cloudwatch.Series{
		"requests": requests, "answered2": ok, "answered3": {}, "answered4": {}, "answered5": failed, "balancer5": balancer,
	}
}

// tasks are how many run and how many the service wants.
func tasks(running, desired cloudwatch.Series) map[string]cloudwatch.Series {
	return map[string]cloudwatch.Series{"running": running, "desired": desired}
}

func checkRinging(stage *assembly.Stage) error { return checkStates(stage, "Alpha", ringings) }

func checkCallsRinging(stage *assembly.Stage) error {
	return checkStates(stage, "Gamma", callsRingings)
}

// checkStates wants the alarms of a stack to ring as they should.
func checkStates(stage *assembly.Stage, stack string, ringings []ringing) error {
	var errs []error
	for _, r := range ringings {
		alarm, ok := alarmOf(stage, stack, r.alarm)
		if !ok {
			return fmt.Errorf("%s has no alarm %s", stack, r.alarm)
		}
		got, err := statesOf(alarm, r.metrics)
		if err != nil {
			return err
		}
		if got != r.want {
			errs = append(errs, fmt.Errorf("%s: %s: %s, want %s", r.alarm, r.what, got, r.want))
		}
	}
	return errors.Join(errs...)
}

// statesOf writes the states of an alarm as ringing has them.
func statesOf(alarm assembly.Alarm, metrics map[string]cloudwatch.Series) (string, error) {
	states, err := cloudwatch.States(alarm, metrics)
	text := ""
	for _, state := range states {
		text += map[cloudwatch.State]string{cloudwatch.Alarm: "!", cloudwatch.OK: ".", cloudwatch.InsufficientData: "?"}[state]
	}
	return text, err
}

func alarmOf(stage *assembly.Stage, stack, name string) (assembly.Alarm, bool) {
	for _, alarm := range stage.Alarms {
		if alarm.Stack == stack && strings.HasPrefix(alarm.LogicalID, stack+name+"Alarm") {
			return alarm, true
		}
	}
	return assembly.Alarm{}, false
}

// Every alarm is about its own service, notifies the environment's topic, and, but
// for those that look at tasks, rolls a deployment back.
func TestAlarmsAreOfTheirService(t *testing.T) {
	for _, s := range situations {
		assert.NoError(t, checkAlarms(at(t, s)), "%v", s)
	}
}

func TestAlarmMutants(t *testing.T) {
	live := situation{"live", services.Serving}
	edit := func(name string, change func(properties map[string]any)) func(resources map[string]any) {
		alarm, _ := alarmOf(at(t, live), "Alpha", name)
		return func(resources map[string]any) {
			change(resources[alarm.LogicalID].(map[string]any)["Properties"].(map[string]any))
		}
	}
	metric := func(p map[string]any, id string) map[string]any {
		for _, m := range p["Metrics"].([]any) {
			if m := m.(map[string]any); m["Id"] == id {
				return m
			}
		}
		return nil
	}
	errorsBy := func(expression string) func(resources map[string]any) {
		return edit("Errors", func(p map[string]any) { metric(p, "expr_1")["Expression"] = expression })
	}
	service := only(at(t, live), "Alpha", ecsService).LogicalID
	deployment := func(change func(configuration map[string]any)) func(map[string]any) {
		return func(resources map[string]any) {
			change(resources[service].(map[string]any)["Properties"].(map[string]any)["DeploymentConfiguration"].(map[string]any))
		}
	}
	for name, mutate := range map[string]func(resources map[string]any){
		"no action":             edit("Errors", func(p map[string]any) { delete(p, "AlarmActions") }),
		"counts at low traffic": errorsBy("100 * (requests - FILL(answered2, 0) - FILL(answered3, 0) - FILL(answered4, 0)) / requests"),
		"counts a part of it":   errorsBy("IF(requests >= 100, (" + bounded("FILL(answered4, 0)") + ") / requests, 0)"),
		"counts refusals":       errorsBy("IF(requests >= 100, 100 * (" + bounded("0") + ") / requests, 0)"),
		"counts hang-ups": errorsBy(
			"IF(requests >= 100, 100 * (requests - FILL(answered2, 0) - FILL(answered3, 0) - FILL(answered4, 0)) / requests, 0)"),
		"rings at once":     edit("Errors", func(p map[string]any) { p["DatapointsToAlarm"] = 1 }),
		"rings late":        edit("Errors", func(p map[string]any) { p["DatapointsToAlarm"] = 3 }),
		"another threshold": edit("Latency", func(p map[string]any) { p["Threshold"] = 2 }),
		"rings for a start": edit("UnhealthyHosts", func(p map[string]any) { p["DatapointsToAlarm"], p["EvaluationPeriods"] = 1, 1 }),
		"counts a moment":   edit("UnhealthyHosts", func(p map[string]any) { p["Statistic"] = "Maximum" }),
		"rings for a new service": edit("Tasks", func(p map[string]any) {
			metric(p, "expr_1")["Expression"] = "IF(running < 2, 1, 0)"
		}),
		"rings when it is idle": edit("UnhealthyHosts", func(p map[string]any) { p["TreatMissingData"] = "breaching" }),
		"the wrong way round":   edit("Tasks", func(p map[string]any) { p["ComparisonOperator"] = "LessThanThreshold" }),
		"no data is well":       edit("Tasks", func(p map[string]any) { p["TreatMissingData"] = "notBreaching" }),
		"another metric":        edit("UnhealthyHosts", func(p map[string]any) { p["MetricName"] = "UnhealthyHostCount" }),
		"an unknown dimension": edit("UnhealthyHosts", func(p map[string]any) {
			p["Dimensions"].([]any)[1].(map[string]any)["Name"] = "Targets"
		}),
		"an unknown target group": edit("UnhealthyHosts", func(p map[string]any) {
			p["Dimensions"].([]any)[1].(map[string]any)["Value"] = "targetgroup/alpha/0123456789abcdef"
		}),
		"another's table": edit("Throttles", func(p map[string]any) {
			for _, d := range dimensionsOf(metric(p, "calls1")) {
				if d := d.(map[string]any); d["Name"] == "TableName" {
					d["Value"] = at(t, live).Name + "-Data-BetaTable"
				}
			}
		}),
		"a call that the service does not make": edit("Throttles", func(p map[string]any) {
			dimensionsOf(metric(p, "calls1"))[0].(map[string]any)["Value"] = "Scan"
		}),
		"no rollback":         deployment(func(c map[string]any) { c["Alarms"].(map[string]any)["Rollback"] = false }),
		"no deployment alarm": deployment(func(c map[string]any) { delete(c, "Alarms") }),
		"one alarm is forgotten": deployment(func(c map[string]any) {
			a := c["Alarms"].(map[string]any)
			a["AlarmNames"] = a["AlarmNames"].([]any)[1:]
		}),
		"a bake time of blue/green": deployment(func(c map[string]any) { c["BakeTimeInMinutes"] = 3 }),
		"a deployment that fails for a task that starts": deployment(func(c map[string]any) {
			alarm, _ := alarmOf(at(t, live), "Alpha", "UnhealthyHosts")
			a := c["Alarms"].(map[string]any)
			a["AlarmNames"] = append(a["AlarmNames"].([]any), map[string]any{"Ref": alarm.LogicalID})
		}),
	} {
		mutant := mutated(t, live, "Alpha", mutate)
		assert.Error(t, errors.Join(checkAlarms(mutant), checkRinging(mutant)), "%s: mutant passed the check", name)
	}
}

func TestCallsAlarmMutants(t *testing.T) {
	alarm, ok := alarmOf(at(t, allLive), "Gamma", "CallsAlpha")
	require.True(t, ok)
	edit := func(change func(properties map[string]any)) func(resources map[string]any) {
		return func(resources map[string]any) {
			change(resources[alarm.LogicalID].(map[string]any)["Properties"].(map[string]any))
		}
	}
	dimension := func(name, value string) func(resources map[string]any) {
		return edit(func(p map[string]any) {
			for _, m := range p["Metrics"].([]any) {
				if m := m.(map[string]any); m["MetricStat"] != nil {
					for _, d := range dimensionsOf(m) {
						if d := d.(map[string]any); d["Name"] == name {
							d["Value"] = value
						}
					}
				}
			}
		})
	}
	expression := func(old, new string) func(resources map[string]any) {
		return edit(func(p map[string]any) {
			for _, m := range p["Metrics"].([]any) {
				if m := m.(map[string]any); m["Id"] == "expr_1" {
					m["Expression"] = strings.ReplaceAll(m["Expression"].(string), old, new)
				}
			}
		})
	}
	for name, change := range map[string]func(resources map[string]any){
		"none":                   func(resources map[string]any) { delete(resources, alarm.LogicalID) },
		"another callee":         dimension("TargetDiscoveryName", "beta"),
		"another caller":         dimension("ServiceName", "beta"),
		"another cluster":        dimension("ClusterName", "other"),
		"counts at low traffic":  expression(">= 100", ">= 0"),
		"counts refusals":        expression("100 * FILL(answered5, 0)", "100 * (FILL(answered4, 0) + FILL(answered5, 0))"),
		"takes a part for all":   expression("FILL(answered3, 0) + ", ""),
		"waits for all kinds":    expression("FILL(answered3, 0)", "answered3"),
		"the callee's own bound": edit(func(p map[string]any) { p["Threshold"] = 1 }),
		"rings at once":          edit(func(p map[string]any) { p["DatapointsToAlarm"] = 1 }),
		"rings when it is idle":  edit(func(p map[string]any) { p["TreatMissingData"] = "breaching" }),
		"another kind of answers": edit(func(p map[string]any) {
			p["Metrics"].([]any)[1].(map[string]any)["MetricStat"].(map[string]any)["Stat"] = "Average"
		}),
	} {
		mutant := mutated(t, allLive, "Gamma", change)
		assert.Error(t, errors.Join(checkAlarms(mutant), checkCallsRinging(mutant)), "%s: mutant passed the check", name)
	}
}

func dimensionsOf(metric map[string]any) []any {
	return metric["MetricStat"].(map[string]any)["Metric"].(map[string]any)["Dimensions"].([]any)
}

// checkAlarms wants five alarms of a service with a table and four of another, three less of a
// worker, which has no requests, and one for each program that it calls.
func checkAlarms(stage *assembly.Stage) error {
	var errs []error
	for _, service := range stage.Services {
		name := service.Program()
		var own, wanted []string
		for _, alarm := range stage.Alarms {
			if alarm.Stack != service.Stack {
				continue
			}
			own = append(own, alarm.LogicalID)
			if !rollsNothingBack(service, alarm) {
				wanted = append(wanted, alarm.Identity())
			}
			if len(alarm.Actions) != 1 || !isTopic(stage, alarm.Actions[0]) {
				errs = append(errs, fmt.Errorf("%s notifies %v, want the topic", alarm.LogicalID, alarm.Actions))
			}
			errs = append(errs, checkCalls(service, alarm))
			for _, m := range alarm.Metrics {
				if err := checkMetric(stage, service, m); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", alarm.LogicalID, err))
				}
			}
		}
		want := 4 + len(calleesOf(name))
		if isWorker(service) {
			want -= 3
		}
		if _, hasTable := ownTable(stage, name); hasTable {
			want++
		}
		if len(own) != want {
			errs = append(errs, fmt.Errorf("%s has the alarms %v, want %d", name, own, want))
		}
		if rolls := rollsBackOn(service); !sameElements(rolls, wanted) {
			errs = append(errs, fmt.Errorf("a deployment of %s is rolled back by %v, want %v", name, rolls, wanted))
		}
		if bake := service.Properties["DeploymentConfiguration"].(map[string]any)["BakeTimeInMinutes"]; bake != nil {
			errs = append(errs, fmt.Errorf("%s bakes for %v minutes, which is documented for blue/green alone", name, bake))
		}
	}
	return errors.Join(errs...)
}

// rollsNothingBack reports whether an alarm looks at tasks or at what the service calls, rather
// than at what its own callers meet. A task that starts fails its checks, and another program
// may fail calls, so no deployment may hang on them.
func rollsNothingBack(service assembly.Service, alarm assembly.Alarm) bool {
	return slices.ContainsFunc([]string{"TasksAlarm", "UnhealthyHostsAlarm", "Calls"}, func(name string) bool {
		return strings.HasPrefix(alarm.LogicalID, service.Stack+name)
	})
}

func rollsBackOn(service assembly.Service) []string {
	alarms, _ := service.Properties["DeploymentConfiguration"].(map[string]any)["Alarms"].(map[string]any)
	if alarms["Enable"] != true || alarms["Rollback"] != true {
		return nil
	}
	var names []string
	for _, name := range alarms["AlarmNames"].([]any) {
		names = append(names, name.(string))
	}
	return names
}

// measured are the metrics by the names that expressions have for them.
var measured = map[string]string{
	"requests":  "RequestCount",
	"answered2": "HTTPCode_Target_2XX_Count",
	"answered3": "HTTPCode_Target_3XX_Count",
	"answered4": "HTTPCode_Target_4XX_Count",
	"answered5": "HTTPCode_Target_5XX_Count",
	"balancer5": "HTTPCode_ELB_5XX_Count",
	"failed":    "HTTPCode_Target_5XX_Count",
	"refused":   "TargetConnectionErrorCount",
	"p99":       "TargetResponseTime",
	"running":   "RunningTaskCount",
	"desired":   "DesiredTaskCount",
}

// checkCalls wants an alarm of a table to count each call of the service once, and an alarm of
// a connection to count the calls of one program, which its name has.
func checkCalls(service assembly.Service, alarm assembly.Alarm) error {
	var calls, callees []string
	for _, m := range alarm.Metrics {
		if call, ok := m.Dimensions["Operation"]; ok {
			calls = append(calls, call)
		}
		if callee, ok := m.Dimensions["TargetDiscoveryName"]; ok {
			callees = append(callees, callee)
		}
	}
	slices.Sort(callees)
	callees = slices.Compact(callees)
	switch {
	case calls != nil && !sameElements(calls, callsOf(service.Program())):
		return fmt.Errorf("%s counts %v, want %v", alarm.LogicalID, calls, callsOf(service.Program()))
	case callees != nil && !strings.HasPrefix(alarm.LogicalID, service.Stack+"Calls"+services.Service{Name: callees[0]}.ID()+"Alarm"):
		return fmt.Errorf("%s is about %v", alarm.LogicalID, callees)
	case len(callees) > 1:
		return fmt.Errorf("%s is about %v, want one", alarm.LogicalID, callees)
	}
	return nil
}

// checkMetric wants a metric that AWS documents, of what the service itself has.
func checkMetric(stage *assembly.Stage, service assembly.Service, m assembly.AlarmMetric) error {
	group := "none"
	for _, attachment := range service.Attachments {
		group = strings.TrimSuffix(attachment.TargetGroup, "}") + ".TargetGroupFullName}"
	}
	dimensions := map[string]func(value string) bool{
		"TargetGroup": func(v string) bool { return v == group },
		"LoadBalancer": func(v string) bool {
			return strings.Contains(v, stage.Listeners[0].LogicalID)
		},
		"ClusterName": func(v string) bool { return v == service.Cluster },
		"ServiceName": func(v string) bool { return v == strings.TrimSuffix(service.Identity(), "}")+".Name}" },
		"TableName": func(v string) bool {
			table, ok := ownTable(stage, service.Program())
			return ok && v == table.Identity()
		},
		"Operation":           func(v string) bool { return slices.Contains(callsOf(service.Program()), v) },
		"TargetDiscoveryName": func(v string) bool { return slices.Contains(calleesOf(service.Program()), v) },
	}
	documented := map[string][]string{
		"AWS/ApplicationELB RequestCount Sum":               {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB HTTPCode_Target_2XX_Count Sum":  {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB HTTPCode_Target_3XX_Count Sum":  {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB HTTPCode_Target_4XX_Count Sum":  {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum":  {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB TargetConnectionErrorCount Sum": {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum":     {"LoadBalancer"},
		"AWS/ApplicationELB TargetResponseTime p99":         {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB UnHealthyHostCount Minimum":     {"LoadBalancer", "TargetGroup"},
		"ECS/ContainerInsights RunningTaskCount Minimum":    {"ClusterName", "ServiceName"},
		"ECS/ContainerInsights DesiredTaskCount Minimum":    {"ClusterName", "ServiceName"},
		"AWS/DynamoDB ThrottledRequests Sum":                {"Operation", "TableName"},
		"AWS/ECS HTTPCode_Target_2XX_Count Sum":             {"ClusterName", "ServiceName", "TargetDiscoveryName"},
		"AWS/ECS HTTPCode_Target_3XX_Count Sum":             {"ClusterName", "ServiceName", "TargetDiscoveryName"},
		"AWS/ECS HTTPCode_Target_4XX_Count Sum":             {"ClusterName", "ServiceName", "TargetDiscoveryName"},
		"AWS/ECS HTTPCode_Target_5XX_Count Sum":             {"ClusterName", "ServiceName", "TargetDiscoveryName"},
	}
	if want := measured[m.ID]; want != "" && m.Name != want {
		return fmt.Errorf("%q is %s, want %s", m.ID, m.Name, want)
	}
	name := m.Namespace + " " + m.Name + " " + m.Statistic
	if got := slices.Sorted(maps.Keys(m.Dimensions)); !slices.Equal(got, documented[name]) || m.Period != time.Minute {
		return fmt.Errorf("%s by %v every %s is no metric", name, got, m.Period)
	}
	for dimension, value := range m.Dimensions {
		if !dimensions[dimension](value) {
			return fmt.Errorf("%s: %s %s is nothing of the service's", name, dimension, value)
		}
	}
	return nil
}

func ownTable(stage *assembly.Stage, service string) (assembly.Table, bool) {
	for _, table := range stage.Tables {
		if owner(table) == service {
			return table, true
		}
	}
	return assembly.Table{}, false
}

func callsOf(service string) []string {
	c, err := fixture.Catalog().Complete()
	if err != nil || c.Find(service) == nil || c.Find(service).Table == nil {
		return nil
	}
	return c.Find(service).Table.Actions
}

// calleesOf are the programs that one of the fixture calls.
func calleesOf(program string) []string {
	for _, s := range fixture.Catalog().All() {
		if s.Name == program {
			return s.Calls
		}
	}
	return nil
}

func isTopic(stage *assembly.Stage, identity string) bool {
	topic, ok := stage.Resource(identity)
	return ok && topic.Type == "AWS::SNS::Topic"
}

// The bounds are the catalog's.
func TestAlarmBoundsAreTheCatalogs(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) {
		s.Alarms = services.Alarms{ErrorPercent: 5, P99: 300 * time.Millisecond}
		s.Scaling = services.Scaling{Min: 4, Schedule: []services.ScheduledBounds{{Name: "Night", Cron: "cron(0 22 * * ? *)", Min: 3, Max: 4}}}
	}))
	tasks, _ := alarmOf(stage, "Alpha", "Tasks")
	require.Len(t, tasks.Expressions, 1)
	assert.Contains(t, tasks.Expressions[0], "running < 3")
	for name, want := range map[string]float64{"Errors": 5, "Latency": 0.3} {
		alarm, ok := alarmOf(stage, "Alpha", name)
		require.True(t, ok, "alpha has no alarm %s", name)
		assert.InDelta(t, want, alarm.Threshold, 1e-9, name)
	}
}
