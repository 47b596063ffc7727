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

// ringing is a series for each metric, and whether the alarm rings after each minute.
type ringing struct {
	alarm, what string
	metrics     map[string]cloudwatch.Series
	want        string
}

var ringings = []ringing{
	{"Errors", "one percent is not above one percent",
		map[string]cloudwatch.Series{"requests": minutes(1000, 1000, 1000), "errors": minutes(10, 10, 10)}, "..."},
	{"Errors", "a little more is, from the second minute on",
		map[string]cloudwatch.Series{"requests": minutes(1000, 1000, 1000), "errors": minutes(11, 11, 11)}, ".!!"},
	{"Errors", "one bad minute is none",
		map[string]cloudwatch.Series{"requests": minutes(1000, 1000, 1000, 1000), "errors": minutes(no, 1000, no, no)}, "...."},
	{"Errors", "two of three are bad, and the alarm ends",
		map[string]cloudwatch.Series{"requests": minutes(200, 200, 200, 200, 200, 200), "errors": minutes(50, no, 50, no, no, no)}, "..!..."},
	{"Errors", "below a hundred requests the alarm is silent",
		map[string]cloudwatch.Series{"requests": minutes(99, 99, 99), "errors": minutes(99, 99, 99)}, "..."},
	{"Errors", "from a hundred on it rings",
		map[string]cloudwatch.Series{"requests": minutes(100, 100, 100), "errors": minutes(2, 2, 2)}, ".!!"},
	{"Errors", "no request at all is no error",
		map[string]cloudwatch.Series{"requests": minutes(no, no, no), "errors": minutes(no, no, no)}, "..."},
	{"Latency", "a second is not more than a second",
		map[string]cloudwatch.Series{"requests": minutes(500, 500, 500), "p99": minutes(1.0, 1.0, 1.0)}, "..."},
	{"Latency", "a little more is",
		map[string]cloudwatch.Series{"requests": minutes(500, 500, 500), "p99": minutes(1.001, 1.001, 0.2)}, ".!!"},
	{"Latency", "below a hundred requests the alarm is silent",
		map[string]cloudwatch.Series{"requests": minutes(99, 99, 99), "p99": minutes(9, 9, 9)}, "..."},
	{"UnhealthyHosts", "one unhealthy task for two minutes",
		map[string]cloudwatch.Series{"": minutes(0, 1, 1, 0, 0)}, "..!!."},
	{"UnhealthyHosts", "no task at all is for another alarm",
		map[string]cloudwatch.Series{"": minutes(no, no, no)}, "..."},
	{"Tasks", "two tasks are as many as there must be",
		map[string]cloudwatch.Series{"": minutes(2, 3, 10, 2)}, "...."},
	{"Tasks", "one is too few",
		map[string]cloudwatch.Series{"": minutes(2, 1, 1, 2, 2)}, "..!!."},
	{"Tasks", "a service without data has none",
		map[string]cloudwatch.Series{"": minutes(no, no, no)}, ".!!"},
	{"Throttles", "calls of any kind that the table refused",
		map[string]cloudwatch.Series{
			"calls1": minutes(no, 1, no, no, no), "calls2": minutes(no, no, 3, no, no), "calls3": minutes(no, no, no, no, 0),
		}, "..!!."},
	{"Throttles", "no call is none refused",
		map[string]cloudwatch.Series{"calls1": minutes(no, no), "calls2": minutes(no, no), "calls3": minutes(no, no)}, ".."},
}

func checkRinging(stage *assembly.Stage) error {
	var errs []error
	for _, r := range ringings {
		alarm, ok := alarmOf(stage, "Alpha", r.alarm)
		if !ok {
			return fmt.Errorf("alpha has no alarm %s", r.alarm)
		}
		rings, err := cloudwatch.Rings(alarm, r.metrics)
		if err != nil {
			return err
		}
		got := ""
		for _, ring := range rings {
			got += map[bool]string{true: "!", false: "."}[ring]
		}
		if got != r.want {
			errs = append(errs, fmt.Errorf("%s: %s: %s, want %s", r.alarm, r.what, got, r.want))
		}
	}
	return errors.Join(errs...)
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
// for the one that counts tasks, rolls a deployment back.
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
		"counts at low traffic": errorsBy("100 * FILL(errors, 0) / requests"),
		"counts no error":       errorsBy("IF(requests >= 100, errors / requests, 0)"),
		"rings at once":         edit("Errors", func(p map[string]any) { p["DatapointsToAlarm"] = 1 }),
		"rings late":            edit("Errors", func(p map[string]any) { p["DatapointsToAlarm"] = 3 }),
		"another threshold":     edit("Latency", func(p map[string]any) { p["Threshold"] = 2 }),
		"rings when it is idle": edit("UnhealthyHosts", func(p map[string]any) { p["TreatMissingData"] = "breaching" }),
		"the wrong way round":   edit("Tasks", func(p map[string]any) { p["ComparisonOperator"] = "GreaterThanThreshold" }),
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
		"baked for three hours": deployment(func(c map[string]any) { delete(c, "BakeTimeInMinutes") }),
	} {
		mutant := mutated(t, live, "Alpha", mutate)
		assert.Error(t, errors.Join(checkAlarms(mutant), checkRinging(mutant)), "%s: mutant passed the check", name)
	}
}

func dimensionsOf(metric map[string]any) []any {
	return metric["MetricStat"].(map[string]any)["Metric"].(map[string]any)["Dimensions"].([]any)
}

// checkAlarms wants five alarms of a service with a table and four of another.
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
			if !strings.HasPrefix(alarm.LogicalID, service.Stack+"TasksAlarm") {
				wanted = append(wanted, alarm.Identity())
			}
			if len(alarm.Actions) != 1 || !isTopic(stage, alarm.Actions[0]) {
				errs = append(errs, fmt.Errorf("%s notifies %v, want the topic", alarm.LogicalID, alarm.Actions))
			}
			for _, m := range alarm.Metrics {
				if err := checkMetric(stage, service, m); err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", alarm.LogicalID, err))
				}
			}
		}
		want := 4
		if _, hasTable := ownTable(stage, name); hasTable {
			want = 5
		}
		if len(own) != want {
			errs = append(errs, fmt.Errorf("%s has the alarms %v, want %d", name, own, want))
		}
		if rolls := rollsBackOn(service); !sameElements(rolls, wanted) {
			errs = append(errs, fmt.Errorf("a deployment of %s is rolled back by %v, want %v", name, rolls, wanted))
		}
		if service.BakeTime != 3*time.Minute {
			errs = append(errs, fmt.Errorf("%s bakes for %v", name, service.BakeTime))
		}
	}
	return errors.Join(errs...)
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

// checkMetric wants a metric that AWS documents, of what the service itself has.
func checkMetric(stage *assembly.Stage, service assembly.Service, m assembly.AlarmMetric) error {
	group := strings.TrimSuffix(service.Attachments[0].TargetGroup, "}") + ".TargetGroupFullName}"
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
		"Operation": func(v string) bool { return slices.Contains(callsOf(service.Program()), v) },
	}
	documented := map[string][]string{
		"AWS/ApplicationELB RequestCount Sum":              {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum": {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB TargetResponseTime p99":        {"LoadBalancer", "TargetGroup"},
		"AWS/ApplicationELB UnHealthyHostCount Maximum":    {"LoadBalancer", "TargetGroup"},
		"ECS/ContainerInsights RunningTaskCount Minimum":   {"ClusterName", "ServiceName"},
		"AWS/DynamoDB ThrottledRequests Sum":               {"Operation", "TableName"},
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
	for name, want := range map[string]float64{"Errors": 5, "Latency": 0.3, "Tasks": 3} {
		alarm, ok := alarmOf(stage, "Alpha", name)
		require.True(t, ok, "alpha has no alarm %s", name)
		assert.InDelta(t, want, alarm.Threshold, 1e-9, name)
	}
}
