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
}

// ServeHTTP takes the action of the rule that r matches.
func (lb *LoadBalancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lb.Listener.Route(r).Action.serve(lb, w, r)
}

func (lb *LoadBalancer) intN(n int) int {
	if lb.IntN == nil {
		return rand.IntN(n)
	}
	return lb.IntN(n)
}
