package services

import (
	"cmp"
	"slices"
)

// PreviewHeader selects a program by name, past all shares, for a caller whose
// address the environment's previewFrom allows.
const PreviewHeader = "X-Route-To"

// A listener evaluates rules by ascending priority. All preview rules come
// before all live rules, so that the header reaches any program on any path,
// and the monolith comes last among its kind.
const (
	monolithPriority = 25000
	liveOffset       = 25000
)

// Rule is one listener rule: it forwards what meets all its conditions.
type Rule struct {
	// Service owns the rule; Kind is PreviewRule or LiveRule.
	Service string
	Kind    RuleKind
	// Priority is 1 to 50000; the lowest match wins.
	Priority int
	// Paths are patterns of which one must match.
	Paths []string
	// RouteTo is the value the PreviewHeader must have. Empty means no such condition.
	RouteTo string
	// Sources are the CIDR blocks of which one must hold the caller's address. Empty means anywhere.
	Sources []string
	// Forward divides the requests between target groups by weight.
	Forward []Weight
}

// RuleKind tells the two rules of a service apart.
type RuleKind string

// The preview rule attaches a target group to the load balancer without public
// traffic. The live rule brings the traffic.
const (
	PreviewRule RuleKind = "preview"
	LiveRule    RuleKind = "live"
)

// Weight is the percentage of requests that a service's target group gets.
type Weight struct {
	Service string
	Percent int
}

// ServiceRules are the listener rules of one service.
type ServiceRules struct {
	Preview Rule
	// Live has one rule, or none while the service is dark or the monolith drained.
	Live []Rule
}

// Plan is the rules of every program of a complete catalog that a migration runs,
// by its name. A retired monolith is not in it.
func Plan(c Catalog, m Migration, previewFrom []string) map[string]ServiceRules {
	plan := map[string]ServiceRules{}
	for _, s := range c.Services {
		rules := ServiceRules{Preview: preview(s, previewFrom)}
		if phase := m.Services[s.Name]; phase != Dark {
			rules.Live = []Rule{live(s, shares(s, phase, c.Monolith))}
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

// Rules are all rules of a plan, in the order a listener evaluates them.
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

func shares(s Service, p Phase, monolith Service) []Weight {
	if p.TakenOver() {
		return []Weight{{s.Name, 100}}
	}
	return []Weight{{s.Name, p.Share}, {monolith.Name, 100 - p.Share}}
}
