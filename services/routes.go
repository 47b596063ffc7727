package services

import (
	"cmp"
	"slices"
	"time"
)

// PreviewHeader is the request header whose value is the name of the program that
// answers, whatever the phases are. It works for callers whose address is in the
// environment's previewFrom.
const PreviewHeader = "X-Route-To"

// A listener evaluates rules by ascending priority. All preview rules come
// before all live rules, so that the header works for any program on any path.
// The monolith's rule is the last of each kind.
const (
	monolithPriority = 25000
	liveOffset       = 25000
)

// Rule is one listener rule: it forwards requests that meet all its conditions.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
type Rule struct {
	// Service is the name of the service or monolith that owns the rule.
	Service string
	// Kind is PreviewRule or LiveRule.
	Kind RuleKind
	// Route is the name of the service's route, or "".
	Route string
	// Number tells the service's rules of one kind apart, from 1 on. A rule keeps its
	// number whatever the phases are, and when another path or route is added at the end.
	Number int
	// Priority is 1 to 50000. Of the rules that match, the lowest number wins.
	Priority int
	// Paths, Hosts and Verbs are as in Route.
	Paths, Hosts, Verbs []string
	// RouteTo is the value of the PreviewHeader. Empty means that the rule has no such
	// condition.
	RouteTo string
	// Rewrite is that of the route.
	Rewrite Rewrite
	// Sources are CIDR blocks of which one contains the caller's address. Empty means
	// any address.
	Sources []string
	// Forward divides the requests between target groups. The percentages add up to
	// 100.
	Forward []Weight
	// Sticky is how long a client keeps its program of several in Forward. Zero means that
	// each request is divided by itself.
	Sticky time.Duration
}

// RuleKind is one of the two kinds of rule that a service has.
type RuleKind string

// The kinds of rule.
const (
	// PreviewRule attaches a target group to the load balancer without public traffic.
	PreviewRule RuleKind = "preview"
	// LiveRule forwards the public traffic.
	LiveRule RuleKind = "live"
)

// Weight is the share of requests that a service's target group gets.
type Weight struct {
	// Service is the name of the service or monolith that owns the target group.
	Service string
	// Percent is 1 to 100.
	Percent int
}

// ServiceRules are the listener rules of one service.
type ServiceRules struct {
	// Preview exist in every phase.
	Preview []Rule
	// Live are those of the routes that are not dark. A drained monolith has none.
	Live []Rule
}

// Plan returns the rules of every program of a catalog, by its name. A retired
// monolith is not in the plan. previewFrom are the CIDR blocks of the preview rules.
func Plan(c Catalog, m Migration, previewFrom []string) map[string]ServiceRules {
	plan := map[string]ServiceRules{}
	for _, s := range c.Services {
		plan[s.Name] = c.sticky(s.rules(previewFrom, func(r Route) []Weight { return shares(c, m, s, r) }))
	}
	if m.Monolith != Retired {
		plan[c.Monolith.Name] = c.Monolith.rules(previewFrom, func(Route) []Weight {
			if m.Monolith != Serving {
				return nil
			}
			return []Weight{{c.Monolith.Name, 100}}
		})
	}
	return plan
}

// Rules returns all rules of a plan in the order in which a listener evaluates them.
func Rules(plan map[string]ServiceRules) []Rule {
	var rules []Rule
	for _, of := range plan {
		rules = append(append(rules, of.Preview...), of.Live...)
	}
	slices.SortFunc(rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Service, b.Service))
	})
	return rules
}

// rules returns the rules of the service's routes, in their order. Forward divides the
// requests of a route; a route for which it returns nil has no live rule.
func (s Service) rules(previewFrom []string, forward func(Route) []Weight) ServiceRules {
	var rules ServiceRules
	lives := 0
	for _, route := range s.Routes {
		rule := Rule{Service: s.Name, Route: route.Name, Paths: route.Paths, Hosts: route.Hosts, Verbs: route.Verbs, Rewrite: route.Rewrite}
		preview, live := rule, rule
		preview.Kind, preview.RouteTo, preview.Sources, preview.Forward = PreviewRule, s.Name, previewFrom, []Weight{{s.Name, 100}}
		for _, part := range preview.split() {
			part.Number = len(rules.Preview) + 1
			part.Priority = s.Priority + len(rules.Preview)
			rules.Preview = append(rules.Preview, part)
		}
		live.Kind, live.Forward = LiveRule, forward(route)
		for _, part := range live.split() {
			part.Priority = liveOffset + s.Priority + lives
			lives++
			part.Number = lives
			if part.Forward != nil {
				rules.Live = append(rules.Live, part)
			}
		}
	}
	return rules
}

// shares divides a route's requests between its service and the program that serves them
// without its rules. It returns nil for a dark one.
func shares(c Catalog, m Migration, s Service, r Route) []Weight {
	switch p := m.Of(s, r); {
	case p == Dark:
		return nil
	case p.TakenOver():
		return []Weight{{s.Name, 100}}
	default:
		return []Weight{{s.Name, p.Share}, {without(c, m, s, r), 100 - p.Share}}
	}
}

// sticky makes the rules that share between programs of which one is sticky so. A load
// balancer wants it, and the longest duration keeps a client on its side for as long as
// one of them does.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
func (c Catalog) sticky(rules ServiceRules) ServiceRules {
	for i, rule := range rules.Live {
		if len(rule.Forward) < 2 {
			continue
		}
		for _, weight := range rule.Forward {
			if s := c.Find(weight.Service); s != nil {
				rules.Live[i].Sticky = max(rules.Live[i].Sticky, s.Sticky)
			}
		}
	}
	return rules
}
