package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
)

var morning = []services.ScheduledBounds{{Name: "Morning", Cron: "cron(0 7 ? * MON-FRI *)", TimeZone: "Europe/Berlin", Min: 4, Max: 20}}

// Each service scales by itself: its target counts its own service's tasks, its
// policies watch its own load.
func TestServicesScaleAlone(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	if len(stage.ScalableTargets) != len(stage.Services) {
		t.Fatalf("%d scalable targets for %d services", len(stage.ScalableTargets), len(stage.Services))
	}
	for i, target := range stage.ScalableTargets {
		if target.Stack != stage.Services[i].Stack || len(target.Policies) != 2 {
			t.Errorf("%s: %+v", target.Stack, target)
		}
	}
}

// The template says what the catalog does.
func TestScalingIsTheCatalogs(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) {
		s.Scaling = services.Scaling{
			Min: 3, Max: 12, CPUPercent: 45, RequestsPerTarget: 900,
			OutCooldown: 30 * time.Second, InCooldown: 10 * time.Minute,
			Schedule: morning, SpotPercent: 70, HighResolution: true, Predictive: true,
		}
	}))
	want := map[string]any{
		"target": map[string]any{
			"MinCapacity": 3.0, "MaxCapacity": 12.0,
			"ScheduledActions": []any{map[string]any{
				"ScheduledActionName": "Morning", "Schedule": "cron(0 7 ? * MON-FRI *)", "Timezone": "Europe/Berlin",
				"ScalableTargetAction": map[string]any{"MinCapacity": 4.0, "MaxCapacity": 20.0},
			}},
		},
		"service": map[string]any{
			"CapacityProviderStrategy": []any{
				map[string]any{"CapacityProvider": "FARGATE", "Base": 3.0, "Weight": 30.0},
				map[string]any{"CapacityProvider": "FARGATE_SPOT", "Weight": 70.0},
			},
			"ForceNewDeployment": map[string]any{"EnableForceNewDeployment": true, "ForceNewDeploymentNonce": "70% Spot beyond 3"},
			"Monitoring":         map[string]any{"MetricConfigurations": []any{map[string]any{"MetricNames": []any{"CPUUtilization"}, "ResolutionSeconds": 20.0}}},
		},
		"ECSServiceAverageCPUUtilizationHighResolution": map[string]any{
			"TargetValue": 45.0, "ScaleOutCooldown": 30.0, "ScaleInCooldown": 600.0,
		},
		"ALBRequestCountPerTarget": map[string]any{
			"TargetValue": 900.0, "ScaleOutCooldown": 30.0, "ScaleInCooldown": 600.0,
		},
		"PredictiveScaling": map[string]any{
			"Mode": "ForecastAndScale",
			"MetricSpecifications": []any{map[string]any{
				"TargetValue": 45.0, "PredefinedMetricPairSpecification": map[string]any{"PredefinedMetricType": "ECSServiceCPUUtilization"},
			}},
		},
	}
	users, _ := stage.Stack("Alpha")
	got := map[string]any{}
	for _, r := range users.Resources {
		switch r.Type {
		case "AWS::ApplicationAutoScaling::ScalableTarget":
			got["target"] = part(r.Properties, "MinCapacity", "MaxCapacity", "ScheduledActions")
		case ecsService:
			got["service"] = part(r.Properties, "CapacityProviderStrategy", "ForceNewDeployment", "Monitoring", "LaunchType")
		case "AWS::ApplicationAutoScaling::ScalingPolicy":
			if r.Properties["PolicyType"] == "PredictiveScaling" {
				got["PredictiveScaling"] = r.Properties["PredictiveScalingPolicyConfiguration"]
				continue
			}
			tracking := r.Properties["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
			metric := tracking["PredefinedMetricSpecification"].(map[string]any)["PredefinedMetricType"].(string)
			got[metric] = part(tracking, "TargetValue", "ScaleOutCooldown", "ScaleInCooldown")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the template differs (- want, + got):\n%s", diff)
	}
}

// part are the properties of those names.
func part(properties map[string]any, names ...string) map[string]any {
	some := map[string]any{}
	for _, name := range names {
		if value, ok := properties[name]; ok {
			some[name] = value
		}
	}
	return some
}

// A service names its capacity from the start, because CloudFormation would
// replace one that changes from a launch type.
func TestNoServiceHasALaunchType(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	for _, s := range stage.Services {
		if s.Properties["LaunchType"] != nil || len(s.Properties["CapacityProviderStrategy"].([]any)) != 1 {
			t.Errorf("%s: %v", s.Stack, s.Properties)
		}
	}
	for r := range stage.Resources("AWS::ECS::ClusterCapacityProviderAssociations") {
		if got := fmt.Sprint(r.Properties["CapacityProviders"]); got != "[FARGATE FARGATE_SPOT]" {
			t.Errorf("the cluster has %s", got)
		}
	}
}

// The monolith's template has the bounds that its phases give it.
func TestMonolithScalesWithThePhases(t *testing.T) {
	for s, want := range map[situation]string{
		{"dark", services.Serving}:      "2 to 10",
		{"live", services.Serving}:      "2 to 10",
		{"live", services.Drained}:      "2 to 10",
		{"strangled", services.Serving}: "2 to 3",
		{"strangled", services.Drained}: "1 to 3",
	} {
		target := targetOf(at(t, s), "Legacy")
		if got := fmt.Sprintf("%d to %d", target.Min, target.Max); got != want {
			t.Errorf("%v: %s tasks, want %s", s, got, want)
		}
	}
}

// The monolith loses a task only where its stack is deployed after the one of the
// service whose paths have left, and has it again before they come back.
func TestMonolithShrinksAfterThePathHasLeft(t *testing.T) {
	stages := map[string]*assembly.Stage{}
	for _, phase := range []string{"dark", "25%", "live", "strangled"} {
		stages[phase] = at(t, situation{phase, services.Serving})
	}
	for before, from := range stages {
		for after, to := range stages {
			less := targetOf(to, "Legacy").Max < targetOf(from, "Legacy").Max
			more := targetOf(to, "Legacy").Max > targetOf(from, "Legacy").Max
			monolith, _ := to.Stack("Legacy")
			for _, s := range fixture.Catalog().Services {
				service, _ := to.Stack(s.ID())
				if less && !dependsOn(monolith, service) || more && !dependsOn(service, monolith) {
					t.Errorf("%s to %s: %s and the legacy are deployed in the wrong order", before, after, s.Name)
				}
			}
		}
	}
}

func targetOf(stage *assembly.Stage, stack string) assembly.ScalableTarget {
	for _, target := range stage.ScalableTargets {
		if target.Stack == stack {
			return target
		}
	}
	return assembly.ScalableTarget{}
}
