// Package alb is an Application Load Balancer as AWS documents it: which rule a
// request meets, which target group serves it at what share, and which target of
// the group. It knows no templates. A target group is a name to the rules, and an
// [http.Handler] to the load balancer: a [TargetGroup] or anything else.
package alb

import "net/http"

// Listener routes requests by its rules.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
type Listener struct {
	// Rules are in any order: their priorities decide.
	Rules []Rule
	// Default is what happens to a request that no rule matches.
	Default Action
}

// Rule is an action and the conditions of taking it.
type Rule struct {
	// ID tells the rule from others in reports and errors.
	ID string
	// Priority is 1 to 50000, unique in its listener. The lowest is evaluated first.
	Priority int
	// Conditions must all be met. A rule without conditions matches every request.
	Conditions []Condition
	// Action is what happens to a request that matches.
	Action Action
}

// DefaultRule is the ID of the rule that stands for a listener's default action.
const DefaultRule = "default"

// Route returns the rule that serves r: of all that match, the one of the lowest
// priority, and the default rule when none does. It draws no lot and changes
// nothing, so a test can ask who would serve a request.
func (l Listener) Route(r *http.Request) Rule {
	req := newRequest(r)
	first := Rule{ID: DefaultRule, Action: l.Default}
	found := false
	for i := range l.Rules {
		rule := &l.Rules[i]
		if found && rule.Priority >= first.Priority {
			continue
		}
		if rule.matches(&req) {
			first, found = *rule, true
		}
	}
	return first
}

func (r *Rule) matches(req *request) bool {
	for _, condition := range r.Conditions {
		if !condition.matches(req) {
			return false
		}
	}
	return true
}

// Shares is the part of the rule's requests that each target group serves,
// above 0 and at most 1. It is empty when the rule forwards nothing.
func (r Rule) Shares() map[string]float64 {
	forward, _ := r.Action.(Forward)
	return forward.Shares()
}
