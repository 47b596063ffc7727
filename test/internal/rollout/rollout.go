// Package rollout estimates from synthesized templates how long a successful rolling
// deployment of a service takes.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
package rollout

import (
	"cmp"
	"fmt"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// StartUp is the assumed time from the start of a task until its program serves, which
// no template declares. It is the provisioning time in AWS's measurements of scaling:
// 386 s in total less 363 s until it began, and 109 s less 86 s in another run. A large
// image takes longer.
//
// https://aws.amazon.com/about-aws/whats-new/2026/06/amazon-ecs-faster-autoscaling/
const StartUp = 23 * time.Second

// Deployment is the estimate of a deployment.
type Deployment struct {
	// Batches is how many times new tasks start, each time as many as the maximum
	// percentage allows.
	Batches int
	// Parts follow one another.
	Parts []Part
}

// Part is one part of a deployment.
type Part struct {
	// What names the part, such as "health check".
	What string
	// Duration is the sum over all batches.
	Duration time.Duration
	// Because is the property of the template that determines the duration. It is
	// empty for StartUp, which is assumed.
	Because string
}

// Total returns the sum of the parts.
func (d Deployment) Total() time.Duration {
	var sum time.Duration
	for _, part := range d.Parts {
		sum += part.Duration
	}
	return sum
}

// Of estimates the deployment of a service at its minimum number of tasks, from the
// start of the first new task until the last old one has stopped and the bake time is
// over. Times that the template limits count in full: a new task waits one interval
// for the health check that it must pass, and an old one takes its whole StopTimeout.
// A task of a service without a target group and without a health check of its container is
// ready when it runs. The grace period, the thresholds and the circuit breaker only determine how long a
// failing deployment takes.
//
// It returns an error for a service with another deployment controller or strategy,
// with a reference that no stack of the stage resolves, or
// with percentages that leave no room to replace a task.
func Of(stage *assembly.Stage, service assembly.Service) (Deployment, error) {
	times, err := read(stage, service)
	if err != nil {
		return Deployment{}, fmt.Errorf("rollout: stack %s: service %s: %w", service.Stack, service.LogicalID, err)
	}
	batches, left, err := replace(stage.MinimumTasks(service), service, times)
	if err != nil {
		return Deployment{}, fmt.Errorf("rollout: stack %s: service %s: %w", service.Stack, service.LogicalID, err)
	}
	stop := min(left, times.stop)
	return Deployment{batches, []Part{
		{"start-up", time.Duration(batches) * StartUp, ""},
		{"health check", time.Duration(batches) * times.interval, "HealthCheckIntervalSeconds"},
		{"deregistration", left - stop, "deregistration_delay.timeout_seconds"},
		{"stop", stop, "StopTimeout"},
		{"bake time", times.bake, "Alarms"},
	}}, nil
}

// times are the durations that the template declares for a service.
type times struct {
	// interval is the time between the health checks of a target.
	interval time.Duration
	// deregistration is how long a draining target may finish its requests, and stop
	// how long its containers may take to stop after that.
	deregistration, stop time.Duration
	// bake is how long ECS watches the alarms after the last old task has stopped.
	bake time.Duration
}

// read returns an error for a service whose deployment Of does not estimate.
func read(stage *assembly.Stage, service assembly.Service) (times, error) {
	if err := checkRolling(service); err != nil {
		return times{}, err
	}
	var t times
	for _, attachment := range service.Attachments {
		group, ok := assembly.Find(stage.TargetGroups, attachment.TargetGroup)
		if !ok {
			return times{}, fmt.Errorf("no stack has its target group %s", attachment.TargetGroup)
		}
		t.interval = max(t.interval, group.HealthCheck.Interval)
		t.deregistration = max(t.deregistration, group.DeregistrationDelay)
	}
	task, ok := assembly.Find(stage.TaskDefinitions, service.TaskDefinition)
	if !ok {
		return times{}, fmt.Errorf("no stack has its task definition %s", service.TaskDefinition)
	}
	for _, container := range task.Containers {
		t.stop = max(t.stop, container.StopTimeout)
		t.interval = max(t.interval, container.HealthCheckInterval)
	}
	var err error
	t.bake, err = bakeTime(stage, service)
	return t, err
}

// checkRolling returns an error unless ECS deploys the service by a rolling update.
func checkRolling(service assembly.Service) error {
	var properties struct {
		DeploymentController    struct{ Type string }
		DeploymentConfiguration struct{ Strategy string }
	}
	if err := service.Decode(&properties); err != nil {
		return err
	}
	controller := cmp.Or(properties.DeploymentController.Type, "ECS")
	strategy := cmp.Or(properties.DeploymentConfiguration.Strategy, "ROLLING")
	if controller != "ECS" || strategy != "ROLLING" {
		return fmt.Errorf("controller %s, strategy %s: only ECS and ROLLING are estimated", controller, strategy)
	}
	return nil
}

// bakeTime is the longest evaluation time of a service's deployment alarms. ECS
// computes it from the alarms of a rolling deployment, and documents no formula;
// BakeTimeInMinutes is documented for blue/green alone.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
func bakeTime(stage *assembly.Stage, service assembly.Service) (time.Duration, error) {
	var longest time.Duration
	for _, name := range service.DeploymentAlarms {
		evaluation, err := evaluationOf(stage, name)
		if err != nil {
			return 0, err
		}
		longest = max(longest, evaluation)
	}
	return longest, nil
}

func evaluationOf(stage *assembly.Stage, name string) (time.Duration, error) {
	for _, alarm := range stage.Alarms {
		if alarm.Is(name) {
			return alarm.Evaluation(), nil
		}
	}
	return 0, fmt.Errorf("no stack has its deployment alarm %s", name)
}
