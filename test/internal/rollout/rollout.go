// Package rollout estimates from synthesized templates how long a rolling
// deployment of a service takes that goes well.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// StartUp is how long a new task takes until its program serves, which no template
// says. It is what AWS took to provision tasks when it measured scaling: 386 s in
// all, 363 s of them until it began, and in another run 109 s and 86 s. A program and
// an image as small as this module's add nothing to it, a large image does.
//
// https://aws.amazon.com/about-aws/whats-new/2026/06/amazon-ecs-faster-autoscaling/
const StartUp = 23 * time.Second

// Deployment is how long the parts of a deployment take, one after the other.
type Deployment struct {
	// Batches is how often new tasks start, each time as many as there is room for.
	Batches int
	Parts   []Part
}

// Part is a stretch of a deployment.
type Part struct {
	What     string
	Duration time.Duration
	// Because is the property of the template that decides it. It is empty for
	// StartUp, which is assumed.
	Because string
}

// Total is the sum of the parts.
func (d Deployment) Total() time.Duration {
	var sum time.Duration
	for _, part := range d.Parts {
		sum += part.Duration
	}
	return sum
}

// Of estimates the deployment of a service that runs its least number of tasks,
// from the start of the first new task until the last old one is gone and no alarm
// has gone off. What the template bounds is counted in full: a new task waits for a
// whole interval of health checks, of which it has to pass one, and a program that
// is told to stop takes its time for that. The grace period, the thresholds and the
// circuit breaker decide only how long a deployment takes to fail.
//
// It fails on a service that is deployed in another way or has no target group, and
// on percentages between which no task can be replaced.
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
		{"bake time", times.bake, "Alarms and BakeTimeInMinutes"},
	}}, nil
}

// times are what the template says of a service.
type times struct {
	// interval is between the health checks of a target.
	interval time.Duration
	// deregistration is how long a target that leaves may finish its requests, stop
	// how long the program may take after that.
	deregistration, stop time.Duration
	// bake is how long alarms are watched after the last old task is gone.
	bake time.Duration
}

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
	if len(service.Attachments) == 0 {
		return times{}, errors.New("it has no target group, so nothing here says when a task is healthy")
	}
	task, ok := assembly.Find(stage.TaskDefinitions, service.TaskDefinition)
	if !ok {
		return times{}, fmt.Errorf("no stack has its task definition %s", service.TaskDefinition)
	}
	for _, container := range task.Containers {
		t.stop = max(t.stop, container.StopTimeout)
	}
	var err error
	t.bake, err = bakeTime(stage, service)
	return t, err
}

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

// bakeTime is the service's own, or what ECS takes from its alarms: how far back
// they look, the longest for all. AWS's page on alarms says that nobody else can set
// it, CloudFormation's that a template can; what a template says counts.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-service-deploymentconfiguration.html
func bakeTime(stage *assembly.Stage, service assembly.Service) (time.Duration, error) {
	if service.BakeTime > 0 {
		return service.BakeTime, nil
	}
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
