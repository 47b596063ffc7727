package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/assembly/assemblytest"
)

// resources are a service and what it refers to.
const resources = `{
	"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "256", "Memory": "512", "ContainerDefinitions": [
		{"Name": "alpha", "StopTimeout": 30}, {"Name": "collector", "StopTimeout": 10}]}},
	"Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
		"HealthCheckIntervalSeconds": 5,
		"TargetGroupAttributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]}},
	"Errors": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "errors", "Period": 60, "EvaluationPeriods": 2}},
	"Slow": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
		"AlarmName": "slow", "MetricName": "latency", "Period": 60, "EvaluationPeriods": 3}},
	"Service": {"Type": "AWS::ECS::Service", "Properties": {
		"TaskDefinition": {"Ref": "Task"},
		"DesiredCount": 2,
		"DeploymentConfiguration": {"MinimumHealthyPercent": 100, "MaximumPercent": 200},
		"LoadBalancers": [{"ContainerName": "alpha", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "Group"}}]}}
}`

// of estimates the deployment of the service after replacements in the template.
func of(t *testing.T, replacements ...string) (Deployment, error) {
	t.Helper()
	for i := 0; i < len(replacements); i += 2 {
		require.Contains(t, resources, replacements[i])
	}
	stage := assemblytest.Stage(t, "eu-west-1", map[string]string{"Alpha": strings.NewReplacer(replacements...).Replace(resources)})
	return Of(stage, stage.Services[0])
}

// seconds writes the number of batches and the parts in seconds.
func seconds(d Deployment) string {
	var all []string
	for _, part := range d.Parts {
		all = append(all, fmt.Sprintf("%s %.0f", part.What, part.Duration.Seconds()))
	}
	return fmt.Sprintf("%d: %s", d.Batches, strings.Join(all, ", "))
}

// The expected times are computed by hand.
func TestOf(t *testing.T) {
	percent := func(tasks, minimum, maximum int) []string {
		return []string{
			`"DesiredCount": 2`, fmt.Sprintf(`"DesiredCount": %d`, tasks),
			`"MinimumHealthyPercent": 100, "MaximumPercent": 200`, fmt.Sprintf(`"MinimumHealthyPercent": %d, "MaximumPercent": %d`, minimum,
				maximum),
		}
	}
	alarms := func(configuration string) []string {
		return []string{`"MinimumHealthyPercent"`, configuration + `, "MinimumHealthyPercent"`}
	}
	for name, test := range map[string]struct {
		change []string
		want   string
	}{
		"all at once":                {nil, "1: start-up 23, health check 5, deregistration 20, stop 30, bake time 0"},
		"two batches of a half":      {percent(4, 100, 150), "2: start-up 46, health check 10, deregistration 20, stop 30, bake time 0"},
		"one by one":                 {percent(10, 100, 110), "10: start-up 230, health check 50, deregistration 20, stop 30, bake time 0"},
		"two by two":                 {percent(10, 90, 110), "5: start-up 115, health check 25, deregistration 20, stop 30, bake time 0"},
		"stop a half first":          {percent(4, 50, 100), "2: start-up 46, health check 10, deregistration 0, stop 22, bake time 0"},
		"stop all first":             {percent(3, 0, 100), "1: start-up 23, health check 5, deregistration 0, stop 22, bake time 0"},
		"half of one task rounds up": {percent(1, 50, 200), "1: start-up 23, health check 5, deregistration 20, stop 30, bake time 0"},
		"no task":                    {percent(0, 100, 200), "0: start-up 0, health check 0, deregistration 0, stop 0, bake time 0"},
		"a slow check and a long delay": {
			[]string{`"HealthCheckIntervalSeconds": 5`, `"HealthCheckIntervalSeconds": 30`, `"20"`, `"300"`},
			"1: start-up 23, health check 30, deregistration 300, stop 30, bake time 0",
		},
		"AWS's defaults": {
			[]string{`"HealthCheckIntervalSeconds": 5,`, "", `{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}`, ""},
			"1: start-up 23, health check 30, deregistration 300, stop 30, bake time 0",
		},
		"the slowest container": {
			[]string{`"StopTimeout": 10`, `"StopTimeout": 120`}, "1: start-up 23, health check 5, deregistration 20, stop 120, bake time 0",
		},
		"alarms": {
			alarms(`"Alarms": {"Enable": true, "Rollback": true, "AlarmNames": ["slow", {"Ref": "Errors"}]}`),
			"1: start-up 23, health check 5, deregistration 20, stop 30, bake time 180",
		},
		"disabled alarms": {
			alarms(`"Alarms": {"Enable": false, "Rollback": true, "AlarmNames": ["slow"]}`),
			"1: start-up 23, health check 5, deregistration 20, stop 30, bake time 0",
		},
		"a worker": {
			[]string{`{"ContainerName": "alpha", "ContainerPort": 8080, "TargetGroupArn": {"Ref": "Group"}}`, ""},
			"1: start-up 23, health check 0, deregistration 0, stop 30, bake time 0",
		},
		"a bake time of blue/green": {
			alarms(`"Alarms": {"Enable": true, "Rollback": true, "AlarmNames": ["slow", {"Ref": "Errors"}]}, "BakeTimeInMinutes": 5`),
			"1: start-up 23, health check 5, deregistration 20, stop 30, bake time 180",
		},
	} {
		d, err := of(t, test.change...)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, seconds(d), name)
	}
}

func TestErrors(t *testing.T) {
	for want, change := range map[string][]string{
		"rollout: stack Alpha: service Service: with 2 tasks, 100% healthy at least and 100% at most leave no room to replace one: " +
			"raise the maximum or lower the minimum": {`"MaximumPercent": 200`, `"MaximumPercent": 100`},
		"with 2 tasks, 150% healthy at least": {`"MinimumHealthyPercent": 100`, `"MinimumHealthyPercent": 150`},
		"strategy BLUE_GREEN":                 {`"MinimumHealthyPercent"`, `"Strategy": "BLUE_GREEN", "MinimumHealthyPercent"`},
		"controller CODE_DEPLOY":              {`"DesiredCount": 2`, `"DesiredCount": 2, "DeploymentController": {"Type": "CODE_DEPLOY"}`},
		"no stack has its target group other": {`{"Ref": "Group"}`, `"other"`},
		"no stack has its task definition":    {`{"Ref": "Task"}`, `"other"`},
		"no stack has its deployment alarm other": {`"MinimumHealthyPercent"`,
			`"Alarms": {"Enable": true, "AlarmNames": ["other"]}, "MinimumHealthyPercent"`},
	} {
		_, err := of(t, change...)
		assert.ErrorContains(t, err, want)
	}
}

// All tasks are replaced in the fewest batches that the percentages allow. A higher
// maximum never makes a deployment longer, and a longer delay never makes it shorter.
func TestReplace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := rapid.IntRange(1, 50).Draw(t, "tasks")
		service := assembly.Service{
			MinimumHealthyPercent: rapid.IntRange(0, 100).Draw(t, "minimum"), MaximumPercent: rapid.IntRange(100, 200).Draw(t, "maximum"),
		}
		duration := func(what string) time.Duration {
			return time.Duration(rapid.IntRange(0, 300).Draw(t, what)) * time.Second
		}
		waits := times{interval: duration("interval"), deregistration: duration("deregistration"), stop: duration("stop")}
		room := tasks*service.MaximumPercent/100 - (tasks*service.MinimumHealthyPercent+99)/100
		batches, left, err := replace(tasks, service, waits)
		if room == 0 {
			require.ErrorContains(t, err, "leave no room to replace one")
			return
		}
		require.NoError(t, err, "room for %d", room)
		require.Equal(t, (tasks+room-1)/room, batches, "batches of %d tasks with room for %d", tasks, room)
		require.GreaterOrEqual(t, left, time.Duration(0))
		require.LessOrEqual(t, left, waits.deregistration+waits.stop)
		total := func(service assembly.Service, waits times) time.Duration {
			batches, left, err := replace(tasks, service, waits)
			require.NoError(t, err)
			return time.Duration(batches)*(StartUp+waits.interval) + left
		}
		roomy, patient := service, waits
		roomy.MaximumPercent += 50
		patient.deregistration += time.Minute
		now := total(service, waits)
		require.LessOrEqual(t, total(roomy, waits), now, "a higher maximum")
		require.GreaterOrEqual(t, total(service, patient), now, "a longer deregistration delay")
	})
}
