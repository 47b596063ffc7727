package test

import (
	"testing"
	"time"

	"example.com/strangler/services/server"
	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
)

// A task has the time to drain, to shut down and to send its traces before ECS kills it.
func TestStopTimeoutCoversTheDrain(t *testing.T) {
	needed := server.DefaultDrainDelay + server.ShutdownTimeout + server.FlushTimeout + 5*time.Second
	for _, task := range at(t, allLive).TaskDefinitions {
		assert.GreaterOrEqual(t, task.Containers[0].StopTimeout, needed, task.Containers[0].Name)
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
	}
	for i, g := range stage.TargetGroups {
		service := completed(t).Find(stage.Services[i].Program())
		assert.Equal(t, assembly.HealthCheck{
			Path: service.HealthCheckPath, Port: "traffic-port",
			Interval: 5 * time.Second, Timeout: 3 * time.Second, Healthy: 2, Unhealthy: 2, Codes: "200",
		}, g.HealthCheck, "%s: health check", g.Stack)
		assert.Equal(t, 20*time.Second, g.DeregistrationDelay, "%s: deregistration delay", g.Stack)
		assert.Equal(t, "least_outstanding_requests", g.Attributes["load_balancing.algorithm.type"], "%s: algorithm", g.Stack)
	}
}
