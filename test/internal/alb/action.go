package alb

import (
	"io"
	"net/http"
)

// Action is what a rule does with a request: [Forward], [FixedResponse] or [Redirect].
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
type Action interface {
	serve(*LoadBalancer, http.ResponseWriter, *http.Request)
}

// Forward spreads requests over 1 to 5 target groups by weight, whatever their
// health. A group without targets answers 503 for its share: requests do not move
// to another group.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
type Forward []WeightedTargetGroup

// WeightedTargetGroup is a target group and its weight in a [Forward].
type WeightedTargetGroup struct {
	// TargetGroup is the group's name.
	TargetGroup string
	// Weight is 0 to 999. The group's share of the requests is its weight over the
	// sum of all weights. Zero means no requests, not DefaultWeight.
	Weight int
}

// DefaultWeight is the weight of a target group that an action lists without one.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
const DefaultWeight = 1

// ForwardTo returns the action that sends every request to one target group.
func ForwardTo(targetGroup string) Forward {
	return Forward{{TargetGroup: targetGroup, Weight: DefaultWeight}}
}

// Shares returns the share of the requests that each target group gets, above 0
// and at most 1, by the group's name. Groups of weight 0 are left out.
func (f Forward) Shares() map[string]float64 {
	shares := map[string]float64{}
	for _, group := range f {
		if group.Weight > 0 {
			shares[group.TargetGroup] += float64(group.Weight) / float64(f.sum())
		}
	}
	return shares
}

// pick draws a target group by weight; intN returns a random number in [0, n). It
// is not ok when all weights are 0.
func (f Forward) pick(intN func(n int) int) (targetGroup string, ok bool) {
	sum := f.sum()
	if sum == 0 {
		return "", false
	}
	n := intN(sum)
	for _, group := range f {
		if n -= group.Weight; n < 0 {
			return group.TargetGroup, true
		}
	}
	return "", false
}

func (f Forward) sum() int {
	sum := 0
	for _, group := range f {
		sum += group.Weight
	}
	return sum
}

func (f Forward) serve(lb *LoadBalancer, w http.ResponseWriter, r *http.Request) {
	group, ok := f.pick(lb.intN)
	targets := lb.TargetGroups[group]
	if !ok || targets == nil {
		unavailable(w)
		return
	}
	targets.ServeHTTP(w, r)
}

// server is the Server header of responses that the load balancer writes itself.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
const server = "awselb/2.0"

func sign(w http.ResponseWriter) { w.Header().Set("Server", server) }

// IsOwn reports whether the header of a response is that of the load balancer itself, and
// not of a target.
func IsOwn(header http.Header) bool { return header.Get("Server") == server }

// unavailable writes the 503 of a group without registered targets.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-503-issues
func unavailable(w http.ResponseWriter) {
	sign(w)
	http.Error(w, "503 Service Temporarily Unavailable", http.StatusServiceUnavailable)
}

// FixedResponse is a response that the load balancer writes itself.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#fixed-response-actions
type FixedResponse struct {
	// StatusCode is 2XX, 4XX or 5XX.
	StatusCode int
	// ContentType is a media type. Empty means no Content-Type of the action's own.
	ContentType string
	// MessageBody is the body, which a HEAD request does not get. Empty means none.
	MessageBody string
}

func (f FixedResponse) serve(_ *LoadBalancer, w http.ResponseWriter, r *http.Request) {
	sign(w)
	if f.ContentType != "" {
		w.Header().Set("Content-Type", f.ContentType)
	}
	w.WriteHeader(f.StatusCode)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, f.MessageBody)
	}
}
