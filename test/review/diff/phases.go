package diff

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// phases are the words of cdk.json that change.
func (c comparison) phases() []string {
	before, after := migrationOf(c.before), migrationOf(c.after)
	lines := append(
		moved(before.Services, after.Services, "Service %s is new, and %s.", "Service %s goes, and was %s."),
		moved(before.Routes, after.Routes, "Route %s has a phase of its own, and is %s.",
			"Route %s has no phase of its own any more, and was %s.")...,
	)
	if len(c.before.Stacks) > 0 && len(c.after.Stacks) > 0 && before.Monolith != after.Monolith {
		lines = append(lines, fmt.Sprintf("Phase of the monolith: %s → %s.", before.Monolith, after.Monolith))
	}
	return lines
}

// moved are the phases that come, go and change, each in a line of the format for it.
func moved(before, after map[string]services.Phase, comes, goes string) []string {
	var lines []string
	for _, key := range union(before, after) {
		from, was := before[key]
		to, is := after[key]
		switch {
		case !was:
			lines = append(lines, fmt.Sprintf(comes, name(key), to))
		case !is:
			lines = append(lines, fmt.Sprintf(goes, name(key), from))
		case from != to:
			lines = append(lines, fmt.Sprintf("Phase of %s: %s → %s.", name(key), from, to))
		}
	}
	return lines
}

// workers are the programs without paths that come and go.
func (c comparison) workers() []string {
	var lines []string
	for _, service := range c.after.Services {
		if _, was := successorOf(c.before, service); isWorker(service) && !was {
			lines = append(lines, fmt.Sprintf("Worker %s is new.", name(service.Program())))
		}
	}
	for _, service := range c.before.Services {
		if _, is := successorOf(c.after, service); isWorker(service) && !is {
			lines = append(lines, fmt.Sprintf("Worker %s goes.", name(service.Program())))
		}
	}
	return lines
}

// isWorker reports whether no path can lead to a service.
func isWorker(service assembly.Service) bool { return len(service.Attachments) == 0 }

// steps are the mistakes of a migration that skips a phase.
func (c comparison) steps() []string {
	if len(c.after.Services) == 0 {
		return nil
	}
	before := migrationOf(c.before)
	if len(c.before.Stacks) == 0 {
		before.Monolith = migrationOf(c.after).Monolith
	}
	var lines []string
	for _, err := range services.Step(before, migrationOf(c.after)) {
		lines = append(lines, "Phase: "+code(strings.TrimPrefix(err.Error(), "services: "))+".")
	}
	return lines
}

// migrationOf derives the phases from the templates: the shares from the live rules, the
// names of routes from the tags of all rules, and strangled from the rights of the
// monolith's role. A service without a table is strangled only once the monolith is gone,
// because the monolith has no right to lose.
//
// Before a listener that was there already the monolith may run outside, and counts as
// serving: its phases, and strangled, change no template.
func migrationOf(stage *assembly.Stage) services.Migration {
	m := services.Migration{Services: map[string]services.Phase{}, Routes: map[string]services.Phase{}, Monolith: services.Retired}
	if joins(stage) {
		m.Monolith = services.Serving
	}
	if monolith, ok := monolithOf(stage); ok {
		m.Monolith = services.Drained
		if _, serving := liveRule(stage, monolith, ""); serving {
			m.Monolith = services.Serving
		}
	}
	for _, service := range stage.Services {
		if isMonolith(stage, service) || isWorker(service) {
			continue
		}
		phase := phaseOf(stage, service, "")
		phase.Strangled = phase.TakenOver() && (m.Monolith == services.Retired || strangled(stage, service))
		m.Services[service.Program()] = phase
		for _, route := range routesOf(stage, service) {
			m.Routes[services.Route{Name: route}.Key(service.Program())] = phaseOf(stage, service, route)
		}
	}
	return m
}

// joins reports whether the stage has rules in a listener that was there already.
func joins(stage *assembly.Stage) bool { return slices.ContainsFunc(stage.ListenerRules, isJoined) }

// isJoined reports whether a rule is in a listener that no template has.
func isJoined(rule assembly.ListenerRule) bool { return strings.HasPrefix(rule.Listener, "arn:") }

// phaseOf is the share that a service has of the requests of one of its routes.
func phaseOf(stage *assembly.Stage, service assembly.Service, route string) services.Phase {
	rule, ok := liveRule(stage, service, route)
	if !ok {
		return services.Dark
	}
	var share float64
	for group, part := range rule.Shares() {
		if stage.Program(group) == service.Program() {
			share += part
		}
	}
	return services.Phase{Share: int(math.Round(100 * share))}
}

// routesOf are the names of a service's routes that have one.
func routesOf(stage *assembly.Stage, service assembly.Service) []string {
	var names []string
	for _, rule := range stage.ListenerRules {
		if name := rule.Tags[services.RouteTag]; rule.Stack == service.Stack && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// strangled reports whether the service has a table, and the monolith's role no right
// to it.
func strangled(stage *assembly.Stage, service assembly.Service) bool {
	_, there := monolithOf(stage)
	has, shared := tableOf(stage, service)
	return there && has && !shared
}

// tableOf reports whether the service has a table, and whether the monolith's role may touch
// it.
func tableOf(stage *assembly.Stage, service assembly.Service) (has, shared bool) {
	monolith, _ := monolithOf(stage)
	role := stage.TaskRoles()[monolith.Program()]
	for _, table := range stage.Tables {
		if owner(stage, table.Resource) != service.Program() {
			continue
		}
		has = true
		for _, s := range role.Statements() {
			if s.Effect == "Allow" && slices.ContainsFunc(s.Resource, func(text string) bool { return refersTo(text, table.Resource) }) {
				return true, true
			}
		}
	}
	return has, false
}

// liveRule is a rule of a service's stack, for the route of a name, without a header
// condition.
func liveRule(stage *assembly.Stage, service assembly.Service, route string) (alb.Rule, bool) {
	for _, rule := range stage.ListenerRules {
		if rule.Stack == service.Stack && public(rule.Rule) && rule.Tags[services.RouteTag] == route {
			return rule.Rule, true
		}
	}
	return alb.Rule{}, false
}

// public reports whether a rule takes requests without the preview header.
func public(rule alb.Rule) bool {
	return !slices.ContainsFunc(rule.Conditions, func(c alb.Condition) bool { _, ok := c.(alb.HTTPHeader); return ok })
}

func union[V any](a, b map[string]V) []string {
	return slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, m := range []map[string]V{a, b} {
			for key := range maps.Keys(m) {
				if !yield(key) {
					return
				}
			}
		}
	}))
}
