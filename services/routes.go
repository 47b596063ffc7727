package services

import (
	"cmp"
	"slices"
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
	// Priority is 1 to 50000. Of the rules that match, the lowest number wins.
	Priority int
	// Paths are path patterns of which one matches.
	Paths []string
	// RouteTo is the value of the PreviewHeader. Empty means that the rule has no such
	// condition.
	RouteTo string
	// Sources are CIDR blocks of which one contains the caller's address. Empty means
	// any address.
	Sources []string
	// Forward divides the requests between target groups. The percentages add up to
	// 100.
	Forward []Weight
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
	// Preview exists in every phase.
	Preview Rule
	// Live has one rule, or none while the service is dark or the monolith is drained.
	Live []Rule
}

// Plan returns the rules of every program of a catalog, by its name. A retired
// monolith is not in the plan. previewFrom are the CIDR blocks of the preview rules.
func Plan(c Catalog, m Migration, previewFrom []string) map[string]ServiceRules {
	plan := map[string]ServiceRules{}
	for _, s := range c.Services {
		rules := ServiceRules{Preview: preview(s, previewFrom)}
		if phase := m.Services[s.Name]; phase != Dark {
			rules.Live = []Rule{live(s, shares(s, phase, without(c, m, s)))}
		}
		plan[s.Name] = rules
	}
	if m.Monolith != Retired {
		rules := ServiceRules{Preview: preview(c.Monolith, previewFrom)}
		if m.Monolith == Serving {
			rules.Live = []Rule{live(c.Monolith, []Weight{{c.Monolith.Name, 100}})}
		}
		plan[c.Monolith.Name] = rules
	}
	return plan
}

// Rules returns all rules of a plan in the order in which a listener evaluates them.
func Rules(plan map[string]ServiceRules) []Rule {
	var rules []Rule
	for _, of := range plan {
		rules = append(append(rules, of.Preview), of.Live...)
	}
	slices.SortFunc(rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Service, b.Service))
	})
	return rules
}

func preview(s Service, from []string) Rule {
	return Rule{
		Service:  s.Name,
		Kind:     PreviewRule,
		Priority: s.Priority,
		Paths:    s.Paths,
		RouteTo:  s.Name,
		Sources:  from,
		Forward:  []Weight{{s.Name, 100}},
	}
}

func live(s Service, forward []Weight) Rule {
	return Rule{Service: s.Name, Kind: LiveRule, Priority: liveOffset + s.Priority, Paths: s.Paths, Forward: forward}
}

// shares divides a service's paths between it and the program that serves them
// without its rule.
func shares(s Service, p Phase, rest string) []Weight {
	if p.TakenOver() {
		return []Weight{{s.Name, 100}}
	}
	return []Weight{{s.Name, p.Share}, {rest, 100 - p.Share}}
}

// without returns the name of the program that serves a service's paths when its
// live rule is not there: the service with the next rule that takes them, or the
// monolith. It is empty where the load balancer answers 404.
//
// A path below another service's is the other's while that is live; see checkRest
// for what has no one answer.
func without(c Catalog, m Migration, s Service) string {
	if below := nextBelow(c, m, s); below != nil {
		return below.Name
	}
	if m.Monolith == Serving {
		return c.Monolith.Name
	}
	return ""
}

// nextBelow returns the first service after s by priority that takes a path of s's,
// all of it or a part, and has traffic. It is nil if there is none.
func nextBelow(c Catalog, m Migration, s Service) *Service {
	var next *Service
	for _, other := range c.Services {
		if other.Priority > s.Priority && m.Services[other.Name] != Dark && (next == nil || other.Priority < next.Priority) &&
			meets(s.Paths, other.Paths) {
			next = &other
		}
	}
	return next
}

// meets reports whether a request can match a pattern of each list.
func meets(ours, theirs []string) bool {
	return slices.ContainsFunc(ours, func(p string) bool {
		return slices.ContainsFunc(theirs, func(q string) bool { return overlap(p, q) })
	})
}
