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

// takesEveryPath reports whether a rule has "/*" among its paths, and is for any host and
// verb.
func takesEveryPath(rule alb.Rule) bool {
	every := false
	for _, condition := range rule.Conditions {
		switch c := condition.(type) {
		case alb.PathPattern:
			every = slices.Contains(c, "/*")
		case alb.HostHeader, alb.HTTPRequestMethod:
			return false
		}
	}
	return every
}

// isMonolith reports whether a service is the stage's monolith.
func isMonolith(stage *assembly.Stage, service assembly.Service) bool {
	monolith, ok := monolithOf(stage)
	return ok && monolith.Identity() == service.Identity()
}
