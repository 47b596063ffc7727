package test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each time-out is longer than the one inside it, so that the side that knows why answers.
func TestTimeoutsInARow(t *testing.T) {
	require.NoError(t, checkTimeouts(at(t, allLive)))
}

func TestTimeoutMutants(t *testing.T) {
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"a load balancer that keeps idle connections longer than the program": {"Edge", func(resources map[string]any) {
			setAttribute(resources, "idle_timeout.timeout_seconds", "4010")
		}},
		"a load balancer that does not wait for the response": {"Edge", func(resources map[string]any) {
			setAttribute(resources, "idle_timeout.timeout_seconds", "30")
		}},
		"a target that leaves before its requests end": {"Gamma", func(resources map[string]any) {
			setGroupAttribute(resources, "deregistration_delay.timeout_seconds", "14")
		}},
		"a health check that overlaps the next": {"Gamma", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]["HealthCheckTimeoutSeconds"] = 10
		}},
		"a program that is killed as it stops": {"Gamma", func(resources map[string]any) {
			containerOf(resources)["StopTimeout"] = 20
		}},
	} {
		assert.Error(t, checkTimeouts(mutated(t, allLive, mutant.stack, mutant.edit)), "%s: mutant passed the check", name)
	}
}

func setGroupAttribute(resources map[string]any, key, value string) {
	for _, a := range ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]["TargetGroupAttributes"].([]any) {
		if attribute := a.(map[string]any); attribute["Key"] == key {
			attribute["Value"] = value
		}
	}
}

// checkTimeouts wants a handler to end before its connection does, the connection before
// the load balancer gives up, and the load balancer to close idle connections first; a
// request to end before its target is gone, and a program before it is killed.
func checkTimeouts(stage *assembly.Stage) error {
	idle, err := time.ParseDuration(stage.LoadBalancers[0].Attributes["idle_timeout.timeout_seconds"] + "s")
	errs := []error{err, ascending("a request", server.ReadHeaderTimeout, server.RequestTimeout, server.ReadTimeout, server.WriteTimeout, idle,
		server.IdleTimeout)}
	for _, group := range stage.TargetGroups {
		errs = append(errs,
			ascending(group.Stack+": a target's last request", server.RequestTimeout, group.DeregistrationDelay),
			ascending(group.Stack+": a health check", group.HealthCheck.Timeout, group.HealthCheck.Interval))
	}
	for _, task := range stage.TaskDefinitions {
		// The program drains, shuts down and sends its traces; 5 s are left.
		least := server.DefaultDrainDelay + server.ShutdownTimeout + server.FlushTimeout + 5*time.Second
		errs = append(errs, ascending(task.Stack+": a program's last request", server.RequestTimeout, server.ShutdownTimeout))
		if stop := task.Containers[0].StopTimeout; stop < least {
			errs = append(errs, fmt.Errorf("%s: ECS kills the program after %s, want %s or more", task.Stack, stop, least))
		}
	}
	return errors.Join(errs...)
}

// ascending wants each time to be longer than the one before.
func ascending(what string, times ...time.Duration) error {
	for i := 1; i < len(times); i++ {
		if times[i] <= times[i-1] {
			return fmt.Errorf("%s: %v: want each longer than the one before", what, times)
		}
	}
	return nil
}

// A task has the size and the variables that the catalog gives it, on the processor that
// its image is built for.
func TestTasksAreTheCatalogs(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.CPU, s.Memory = 2048, 8192 }))
	sizes := map[string][3]int{"alpha": {2048, 8192, 8128}, "beta": {256, 512, 512}, "gamma": {1024, 2048, 1728}, "legacy": {512, 1024, 1024},
		"omega": {256, 512, 512}}
	require.Len(t, stage.TaskDefinitions, len(sizes))
	for _, task := range stage.TaskDefinitions {
		program := task.Containers[0]
		size := [3]int{task.CPU, task.Memory, program.Memory}
		assert.Equal(t, sizes[program.Name], size, "%s: CPU, memory, and the program's", program.Name)
		assert.Equal(t, "ARM64", task.Architecture, program.Name)
		for name, value := range completed(t).Find(program.Name).Environment {
			assert.Equal(t, value, program.Environment[name], "%s: %s", program.Name, name)
		}
	}
}

// Every service deploys without a gap, rolls a bad deployment back, and leaves the
// number of tasks to its own scaling.
func TestServicesDeploySafely(t *testing.T) {
	stage := at(t, allLive)
	for _, s := range stage.Services {
		assert.Equal(t, 100, s.MinimumHealthyPercent, "%s: minimum healthy percent", s.Stack)
		assert.Equal(t, 200, s.MaximumPercent, "%s: maximum percent", s.Stack)
		assert.True(t, s.CircuitBreaker, "%s: circuit breaker", s.Stack)
		assert.True(t, s.Rollback, "%s: rollback", s.Stack)
		assert.Nil(t, s.DesiredCount, "%s: desired count", s.Stack)
		assert.False(t, s.AssignPublicIP, "%s: public address", s.Stack)
		assert.Equal(t, "ENABLED", s.Properties["AvailabilityZoneRebalancing"], "%s: zone rebalancing", s.Stack)
		assert.Equal(t, "SERVICE", s.Properties["PropagateTags"], "%s: propagated tags", s.Stack)
		alarms := s.Properties["DeploymentConfiguration"].(map[string]any)["Alarms"].(map[string]any)
		assert.Equal(t, true, alarms["Enable"], "%s: alarms", s.Stack)
		assert.Equal(t, true, alarms["Rollback"], "%s: rollback on an alarm", s.Stack)
	}
	for _, g := range stage.TargetGroups {
		service := completed(t).Find(stage.Program(g.Identity()))
		assert.Equal(t, assembly.HealthCheck{
			Path: service.Health.Path, Port: "traffic-port", Interval: service.Health.Interval, Timeout: service.Health.Timeout,
			Healthy: service.Health.Healthy, Unhealthy: service.Health.Unhealthy, Codes: service.Health.Codes,
		}, g.HealthCheck, "%s: health check", g.Stack)
		assert.Equal(t, service.Stop.Drain, g.DeregistrationDelay, "%s: deregistration delay", g.Stack)
		assert.Equal(t, "least_outstanding_requests", g.Attributes["load_balancing.algorithm.type"], "%s: algorithm", g.Stack)
	}
}
