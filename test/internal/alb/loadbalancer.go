package alb

import (
	"math/rand/v2"
	"net/http"
)

// LoadBalancer serves requests by the rules of its listener. It is safe for
// concurrent use as long as its fields do not change.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/introduction.html
type LoadBalancer struct {
	// Listener decides which action serves a request.
	Listener Listener
	// TargetGroups are the handlers of target groups by name. A group without a
	// handler answers 503, as one without registered targets does.
	TargetGroups map[string]http.Handler
	// IntN returns a random number in [0, n), by which weighted target groups are
	// chosen. It must be safe for concurrent use. Nil means [rand.IntN].
	IntN func(n int) int
	// Attributes decide which requests reach the rules, and with which header fields.
	Attributes Attributes
}

// ServeHTTP takes the action of the rule that r matches. A request that exceeds a limit
// of AWS, or that the attributes block, gets an error and reaches no rule.
func (lb *LoadBalancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status := lb.Attributes.inspect(r); status != 0 {
		w.Header().Set("Connection", "close")
		writeError(w, status)
		return
	}
	if lb.Attributes.closes(r) {
		w.Header().Set("Connection", "close")
	}
	r = lb.Attributes.withoutInvalidFields(r)
	rule := lb.Listener.Route(r)
	if rule.Rewrite != nil {
		rewritten, ok := rule.Rewrite.apply(r)
		if !ok {
			writeError(w, http.StatusInternalServerError)
			return
		}
		r = rewritten
	}
	if forward, ok := rule.Action.(Forward); ok && rule.GroupStickiness > 0 {
		rule.Action = forward.stickyTo(w, r, rule.GroupStickiness, lb.intN)
	}
	rule.Action.serve(lb, w, r)
}

func (lb *LoadBalancer) intN(n int) int {
	if lb.IntN == nil {
		return rand.IntN(n)
	}
	return lb.IntN(n)
}
