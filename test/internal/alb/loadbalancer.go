package alb

import (
	"math/rand/v2"
	"net/http"
)

// LoadBalancer serves requests as its listener says. It is safe for concurrent
// use while its fields stay as they are.
type LoadBalancer struct {
	Listener Listener
	// TargetGroups are the handlers of the target groups that rules forward to.
	// A group that has none, or nil, has no registered target: 503.
	TargetGroups map[string]http.Handler
	// IntN draws from [0, n) to choose among weighted target groups, and must be
	// safe for concurrent use. Nil means [rand.IntN].
	IntN func(n int) int
}

// ServeHTTP performs the action of the rule that r meets.
func (lb *LoadBalancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lb.Listener.Route(r).Action.serve(lb, w, r)
}

func (lb *LoadBalancer) intN(n int) int {
	if lb.IntN == nil {
		return rand.IntN(n)
	}
	return lb.IntN(n)
}
