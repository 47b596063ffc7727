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

// Forward spreads requests over target groups by weight. The health of a group
// plays no part: a group without targets fails its share, and no other takes it.
type Forward []WeightedTargetGroup

// WeightedTargetGroup is a target group and its part of the requests.
type WeightedTargetGroup struct {
	// TargetGroup is the group's name.
	TargetGroup string
	// Weight is 0 to 999. The group's share is its weight over the sum of all;
	// at 0 it gets nothing.
	Weight int
}

// DefaultWeight is the weight of a target group that is listed without one.
const DefaultWeight = 1

// ForwardTo sends every request to one target group.
func ForwardTo(targetGroup string) Forward {
	return Forward{{TargetGroup: targetGroup, Weight: DefaultWeight}}
}

// Shares is the part of the requests that each target group gets, above 0 and at
// most 1. It is empty when all weights are 0.
func (f Forward) Shares() map[string]float64 {
	shares := map[string]float64{}
	for _, group := range f {
		if group.Weight > 0 {
			shares[group.TargetGroup] += float64(group.Weight) / float64(f.sum())
		}
	}
	return shares
}

// pick draws a target group by weight; intN draws from [0, n).
func (f Forward) pick(intN func(n int) int) (targetGroup string, ok bool) {
	sum := f.sum()
	if sum == 0 {
		return "", false
	}
	ticket := intN(sum)
	for _, group := range f {
		if ticket -= group.Weight; ticket < 0 {
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

// unavailable is the answer when there is no registered target.
func unavailable(w http.ResponseWriter) {
	http.Error(w, "503 Service Temporarily Unavailable", http.StatusServiceUnavailable)
}

// FixedResponse answers without any target.
type FixedResponse struct {
	// StatusCode is 2XX, 4XX or 5XX.
	StatusCode  int
	ContentType string
	MessageBody string
}

func (f FixedResponse) serve(_ *LoadBalancer, w http.ResponseWriter, r *http.Request) {
	if f.ContentType != "" {
		w.Header().Set("Content-Type", f.ContentType)
	}
	w.WriteHeader(f.StatusCode)
	if r.Method != http.MethodHead {
		io.WriteString(w, f.MessageBody)
	}
}
