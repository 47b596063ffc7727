// Package alb is an Application Load Balancer as AWS documents it. It chooses the
// rule that a request matches, a target group by weight, and a target of the group.
// It knows no templates. Rules refer to a target group by its name; the load
// balancer serves it by an [http.Handler], such as a [TargetGroup].
package alb

import (
	"net/http"
	"time"
)

// Listener routes requests by its rules.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
type Listener struct {
	// Rules are in any order: their priorities decide.
	Rules []Rule
	// Default is the action for a request that no rule matches.
	Default Action
}

// Rule is an action and the conditions under which it is taken.
type Rule struct {
	// ID names the rule in reports and errors.
	ID string
	// Priority is 1 to 50000, unique in its listener. The lowest is evaluated first.
	Priority int
	// Conditions must all be met. A rule without conditions matches every request.
	Conditions []Condition
	// Rewrite changes the URL of a request that matches. Nil leaves it as it is.
	Rewrite *URLRewrite
	// Action is taken for a request that matches.
	Action Action
	// GroupStickiness is how long a client keeps the target group that a [Forward] has
	// chosen for it. Zero means that each request is divided by itself.
	GroupStickiness time.Duration
}

// DefaultRule is the ID of the rule that [Listener.Route] returns for a listener's
// default action.
const DefaultRule = "default"

// Route returns the rule that serves r: of all that match, the one with the lowest
// priority, and the default rule when none matches. It has no side effects.
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

// Shares returns the share of the rule's requests that each target group gets,
// above 0 and at most 1, by the group's name. It is empty when the rule does not
// forward.
func (r Rule) Shares() map[string]float64 {
	forward, _ := r.Action.(Forward)
	return forward.Shares()
}
