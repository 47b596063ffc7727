package diff

import (
	"fmt"
	"slices"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// traffic says which change takes a path from the service that serves it.
func (c comparison) traffic() []string {
	if len(c.after.Stacks) == 0 {
		return nil
	}
	var lines []string
	for _, before := range c.before.Services {
		if after, ok := successorOf(c.after, before); ok {
			lines = append(lines, c.regrouped(before, after)...)
		} else if live(c.before, before) && !isMonolith(c.before, before) {
			lines = append(lines, fmt.Sprintf("Stack %s: service %s is live and goes, and rule updates do not take effect at once, so "+
				"requests fail while its tasks stop. In two steps: %s and deploy; then remove it, deploy, and destroy its stack.",
				code(before.Stack), name(before.Program()), c.quiet(before)))
		}
	}
	return lines
}

// successorOf is the same service on the other side: the same resource, or one of the
// same name.
func successorOf(stage *assembly.Stage, service assembly.Service) (assembly.Service, bool) {
	if same, ok := assembly.Find(stage.Services, service.Identity()); ok {
		return same, true
	}
	i := slices.IndexFunc(stage.Services, func(s assembly.Service) bool { return s.Program() == service.Program() })
	if i < 0 {
		return assembly.Service{}, false
	}
	return stage.Services[i], true
}

// regrouped is the finding of a service whose target group is replaced. Its live rule
// goes on forwarding to the old group until the service has moved, and the tasks of
// the old group leave first.
func (c comparison) regrouped(before, after assembly.Service) []string {
	reason := c.regroupedBy(before, after)
	if reason == "" || !live(c.before, before) && !live(c.after, after) {
		return nil
	}
	return []string{
		fmt.Sprintf(
			"Stack %s: the target group of %s is replaced, because of %s, while a live rule forwards to it. In two steps: %s and deploy; then "+
				"make this change and deploy. Move the traffic back after that.",
			code(before.Stack),
			name(before.Program()),
			reason,
			c.quiet(before),
		),
	}
}

// regroupedBy is what replaces the target group of a service, and empty when it stays.
func (c comparison) regroupedBy(before, after assembly.Service) string {
	from, to := groupOf(before), groupOf(after)
	was, found := c.before.Resource(from)
	is, stays := c.after.Resource(to)
	switch {
	case !found || !stays:
		return ""
	case from != to:
		return "another logical id"
	}
	if properties := replacing(was, is); len(properties) > 0 {
		return codes(properties)
	}
	return ""
}

// quiet is the step that takes the traffic from a service, where something else can
// serve its paths: the monolith, or a service that is added for it.
func (c comparison) quiet(service assembly.Service) string {
	if !isMonolith(c.before, service) && migrationOf(c.before).Monolith == services.Serving &&
		migrationOf(c.after).Monolith == services.Serving {
		return "make it dark, so that the monolith serves its paths,"
	}
	return "add a service of the same image, make it live on the same paths"
}

// groupOf is the identity of the target group that a service's tasks register in.
func groupOf(service assembly.Service) string {
	for _, attachment := range service.Attachments {
		return attachment.TargetGroup
	}
	return ""
}

// live reports whether a rule forwards public requests to a service.
func live(stage *assembly.Stage, service assembly.Service) bool {
	return slices.ContainsFunc(stage.ListenerRules, func(rule assembly.ListenerRule) bool {
		return public(rule.Rule) && rule.Rule.Shares()[groupOf(service)] > 0
	})
}
