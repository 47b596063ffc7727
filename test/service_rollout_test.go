package test

import (
	"fmt"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/rollout"
)

// deployment is how long a deployment of a stack's service takes.
func deployment(t *testing.T, stage *assembly.Stage, stack string) rollout.Deployment {
	t.Helper()
	for _, service := range stage.Services {
		if service.Stack == stack {
			d, err := rollout.Of(stage, service)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
	}
	t.Fatalf("no service in %s", stack)
	return rollout.Deployment{}
}

// What the README compares is what the templates say, and what holds of one
// service holds of all.
func TestReadmeRolloutIsTheTemplates(t *testing.T) {
	stage, err := asShipped(t).Stage("fixture-dev")
	if err != nil {
		t.Fatal(err)
	}
	ours := deployment(t, stage, stage.Services[0].Stack)
	for _, service := range stage.Services {
		if d := deployment(t, stage, service.Stack); fmt.Sprint(d) != fmt.Sprint(ours) {
			t.Errorf("%s takes %v, %s %v: the README knows one", service.Stack, d, stage.Services[0].Stack, ours)
		}
	}
	byDefault := deployment(t, defaultService(t), "Default")
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
	var want [][]string
	for i, part := range ours.Parts {
		because := "assumed"
		if part.Because != "" {
			because = "`" + part.Because + "`"
		}
		want = append(want, []string{part.What, because, seconds(part.Duration), seconds(byDefault.Parts[i].Duration)})
	}
	want = append(want, []string{"together", "", seconds(ours.Total()), seconds(byDefault.Total())})
	compareReadme(t, "| part | decided by | as it ships | with the CDK's defaults |", want)
}

// A template that waits longer is a deployment that takes just so much longer.
func TestRolloutMutants(t *testing.T) {
	live := situation{"live", services.Serving}
	before := deployment(t, at(t, live), "Alpha").Total()
	group := func(edit func(properties map[string]any)) func(resources map[string]any) {
		return func(resources map[string]any) { edit(ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]) }
	}
	for name, test := range map[string]struct {
		edit func(resources map[string]any)
		more time.Duration
	}{
		"the check that AWS has by default": {group(func(properties map[string]any) {
			properties["HealthCheckIntervalSeconds"] = 30
		}), 25 * time.Second},
		"the delay that AWS has by default": {group(func(properties map[string]any) {
			properties["TargetGroupAttributes"] = []any{}
		}), 280 * time.Second},
		"one task more at a time": {func(resources map[string]any) {
			ofType(resources, "AWS::ECS::Service")[0]["DeploymentConfiguration"].(map[string]any)["MaximumPercent"] = 150
		}, rollout.StartUp + 5*time.Second},
		"a grace period, which no good deployment needs": {func(resources map[string]any) {
			ofType(resources, "AWS::ECS::Service")[0]["HealthCheckGracePeriodSeconds"] = 600
		}, 0},
	} {
		if after := deployment(t, mutated(t, live, "Alpha", test.edit), "Alpha").Total(); after != before+test.more {
			t.Errorf("%s: %v after %v, want %v more", name, after, before, test.more)
		}
	}
}
