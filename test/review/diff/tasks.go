package diff

import (
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// tasks says which bounds of scaling change, and which service opens with fewer tasks
// than its least.
func (c comparison) tasks() []string {
	before := bounds(c.before)
	var lines []string
	for _, target := range c.after.ScalableTargets {
		now := bounds(c.after)[target.Stack]
		if was, ok := before[target.Stack]; ok && was != now {
			lines = append(lines, fmt.Sprintf("Tasks of %s: %s → %s.", name(programOf(c.after, target.Stack)), was, now))
		}
	}
	for _, service := range c.after.Services {
		lines = append(lines, c.opens(service)...)
	}
	return lines
}

// bounds are such as "2–10", by the stack.
func bounds(stage *assembly.Stage) map[string]string {
	all := map[string]string{}
	for _, target := range stage.ScalableTargets {
		all[target.Stack] = fmt.Sprintf("%d–%d", target.Min, target.Max)
	}
	return all
}

// opens is a line about a service that is created and gets traffic in one change.
// CloudFormation creates a service without a desired count with one task, and waits for
// no scaling. There is no line about the monolith of a new environment, which has no
// clients yet.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
func (c comparison) opens(service assembly.Service) []string {
	first, least := 1, c.after.MinimumTasks(service)
	if service.DesiredCount != nil {
		first = *service.DesiredCount
	}
	if first >= least || !live(c.after, service) || c.runs(service) {
		return nil
	}
	if !isMonolith(c.after, service) {
		return []string{fmt.Sprintf("Service %s opens on %d of %d tasks: deploy it dark first.", name(service.Program()), first, least)}
	}
	if len(c.before.Stacks) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The monolith %s opens on %d of %d tasks: deploy it drained first.", name(service.Program()), first, least)}
}

// runs reports whether a service is there before the change and is not replaced.
func (c comparison) runs(service assembly.Service) bool {
	before, ok := assembly.Find(c.before.Services, service.Identity())
	return ok && len(replacing(before.Resource, service.Resource)) == 0
}
