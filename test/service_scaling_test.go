package test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var morning = []services.ScheduledBounds{{Name: "Morning", Cron: "cron(0 7 ? * MON-FRI *)", TimeZone: "Europe/Berlin", Min: 4, Max: 20}}

// Each service scales by itself: its target counts the tasks of its own ECS service, and
// its policies track its own load and may take tasks away.
func TestServicesScaleAlone(t *testing.T) {
	require.NoError(t, checkScaling(at(t, allLive)))
}

func TestScalingMutants(t *testing.T) {
	for name, edit := range map[string]func(resources map[string]any){
		"a policy that takes no task away": func(resources map[string]any) { policy(resources, 0)["DisableScaleIn"] = true },
		"requests of no group": func(resources map[string]any) {
			policy(resources, 1)["PredefinedMetricSpecification"].(map[string]any)["ResourceLabel"] = "app/other/1/targetgroup/other/1"
		},
		"tasks of another service": func(resources map[string]any) {
			ofType(resources, "AWS::ApplicationAutoScaling::ScalableTarget")[0]["ResourceId"] = "service/other/other"
		},
		"memory in the place of the CPU": func(resources map[string]any) {
			policy(resources, 0)["PredefinedMetricSpecification"].(map[string]any)["PredefinedMetricType"] = "ECSServiceAverageMemoryUtilization"
		},
	} {
		assert.Error(t, checkScaling(mutated(t, allLive, "Alpha", edit)), "%s: mutant passed the check", name)
	}
}

// policy is the configuration of the i-th target-tracking policy of a template.
func policy(resources map[string]any, i int) map[string]any {
	return ofType(resources, "AWS::ApplicationAutoScaling::ScalingPolicy")[i]["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
}

func checkScaling(stage *assembly.Stage) error {
	errs := []error{equal("scalable targets", len(stage.Services), len(stage.ScalableTargets))}
	for _, service := range stage.Services {
		target := targetOf(stage, service.Stack)
		errs = append(errs, equal(service.Stack+": the service that scales", service.Identity(), target.Service))
		metrics := map[string]bool{}
		for _, p := range target.Policies {
			metrics[strings.TrimSuffix(p.Metric, "HighResolution")] = true
			if p.DisableScaleIn {
				errs = append(errs, fmt.Errorf("%s: %s takes no task away", service.Stack, p.LogicalID))
			}
			if p.Metric == "ALBRequestCountPerTarget" {
				errs = append(errs, equal(service.Stack+": the group whose requests count", service.Attachments[0].TargetGroup, p.TargetGroup))
			}
		}
		want := map[string]bool{"ECSServiceAverageCPUUtilization": true}
		if !isWorker(service) { // checkQueue knows those of a worker
			want["ALBRequestCountPerTarget"] = true
		}
		errs = append(errs, equal(service.Stack+": metrics", want, metrics))
	}
	return errors.Join(errs...)
}

// The template has what the catalog asks for.
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
			"Monitoring": map[string]any{"MetricConfigurations": []any{
				map[string]any{"MetricNames": []any{"CPUUtilization"}, "ResolutionSeconds": 20.0},
			}},
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
	alpha, ok := stage.Stack("Alpha")
	require.True(t, ok)
	got := map[string]any{}
	for _, r := range alpha.Resources {
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
	for name, value := range want {
		assert.Equal(t, value, got[name], name)
	}
	assert.Len(t, got, len(want))
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
	stage := at(t, allLive)
	for _, s := range stage.Services {
		want := 1
		if completed(t).Find(s.Program()).Scaling.SpotPercent > 0 {
			want = 2
		}
		assert.Nil(t, s.Properties["LaunchType"], s.Stack)
		assert.Len(t, s.Properties["CapacityProviderStrategy"], want, s.Stack)
	}
	providers := only(stage, "Platform", "AWS::ECS::ClusterCapacityProviderAssociations").Properties["CapacityProviders"]
	assert.Equal(t, []any{"FARGATE", "FARGATE_SPOT"}, providers)
}

// The monolith's bounds follow what is strangled.
func TestMonolithScalesWithThePhases(t *testing.T) {
	for s, want := range map[situation]struct{ min, max int }{
		{"dark", services.Serving}:      {2, 10},
		{"live", services.Serving}:      {2, 10},
		{"live", services.Drained}:      {2, 10},
		{"strangled", services.Serving}: {2, 3},
		{"strangled", services.Drained}: {1, 3},
	} {
		target := targetOf(at(t, s), "Legacy")
		assert.Equal(t, want.min, target.Min, "%v: least tasks", s)
		assert.Equal(t, want.max, target.Max, "%v: most tasks", s)
	}
}

// The monolith's bounds shrink only where its stack is deployed after that of the
// service whose paths have left, and grow before those paths come back.
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
				if less {
					assert.Contains(t, monolith.Dependencies, service.ID, "%s to %s: the legacy is deployed before %s", before, after, s.Name)
				}
				if more {
					assert.Contains(t, service.Dependencies, monolith.ID, "%s to %s: %s is deployed before the legacy", before, after, s.Name)
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
