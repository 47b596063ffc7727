package diff

import (
	"slices"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// monolithOf is the service that serves every path: its stack has a rule for "/*", and
// where several have one its rule is the last. The templates say so, and not a catalog, so
// the two sides of a comparison may name their monoliths differently. A retired
// monolith is not there: false.
func monolithOf(stage *assembly.Stage) (monolith assembly.Service, ok bool) {
	last := 0
	for _, service := range stage.Services {
		for _, rule := range stage.ListenerRules {
			if rule.Stack == service.Stack && rule.Rule.Priority > last && takesEveryPath(rule.Rule) {
				monolith, ok, last = service, true, rule.Rule.Priority
			}
		}
	}
	return monolith, ok
}

func takesEveryPath(rule alb.Rule) bool {
	return slices.ContainsFunc(rule.Conditions, func(c alb.Condition) bool {
		patterns, ok := c.(alb.PathPattern)
		return ok && slices.Contains(patterns, "/*")
	})
}

// isMonolith reports whether a service is the stage's monolith.
func isMonolith(stage *assembly.Stage, service assembly.Service) bool {
	monolith, ok := monolithOf(stage)
	return ok && monolith.Identity() == service.Identity()
}
