package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/endpoint"
	"example.com/strangler/test/internal/region"
)

// updates are when resources were changed last, by identity.
type updates struct {
	mu sync.Mutex
	at map[string]time.Time
}

// note takes over an event of CloudFormation.
func (u *updates) note(e cloudformation.Event) {
	if e.Status != cloudformation.Complete || e.LogicalID == "" {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.at == nil {
		u.at = map[string]time.Time{}
	}
	u.at[assembly.Resource{Stack: e.Stack, LogicalID: e.LogicalID}.Identity()] = time.Now()
}

func (u *updates) of(identity string) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.at[identity]
}

// answer answers a call of AWS's APIs by what the region has, as go run ./test/verdict asks.
func (s *show) answer(call endpoint.Call) (any, error) {
	s.mu.Lock()
	stage := s.deployed
	s.mu.Unlock()
	a := endpoint.Account{
		Stage:   stage,
		Now:     time.Now,
		Updated: func(identity string) time.Time { return then(s.updates.of(identity)) },
		Rules:   s.rules,
		Value: func(q endpoint.Query, from, to time.Time) (float64, bool) {
			return s.value(stage, q, here(from), here(to))
		},
	}
	return a.Answer(call)
}

// faster is how many times as fast the clock of the metrics runs: what the load balancer counted a
// second ago is a minute old to those who ask for it.
const faster = 60

// then is when something happened here, on the clock of the metrics.
func then(at time.Time) time.Time {
	now := time.Now()
	return now.Add(-faster * now.Sub(at))
}

// here is when something on the clock of the metrics happened.
func here(at time.Time) time.Time {
	now := time.Now()
	return now.Add(-now.Sub(at) / faster)
}

// rules are those of the listener as templates have them: by identities, and in template time.
func (s *show) rules() []alb.Rule {
	rules, _ := s.region.Rules()
	for i := range rules {
		rules[i].ID = identity(rules[i].ID)
		rules[i].GroupStickiness = time.Duration(float64(rules[i].GroupStickiness) * s.report.Speed).Round(time.Second)
		if forward, ok := rules[i].Action.(alb.Forward); ok {
			named := make(alb.Forward, len(forward))
			for j, group := range forward {
				named[j] = alb.WeightedTargetGroup{TargetGroup: identity(group.TargetGroup), Weight: group.Weight}
			}
			rules[i].Action = named
		}
	}
	return rules
}

// identity is that of a resource by its physical id here.
func identity(id string) string { return id[:strings.Index(id+"}", "}")] + "}" }

// value is a metric of the load balancer; the rehearsal has none of others.
func (s *show) value(stage *assembly.Stage, q endpoint.Query, from, to time.Time) (float64, bool) {
	if q.Namespace != "AWS/ApplicationELB" {
		return 0, false
	}
	if q.Of != "" {
		counts := s.region.Counts(q.Of, from, to)
		counts.Balancer = 0 // no metric of a target group has it
		return valueOf(counts, q.Name, q.Statistic)
	}
	var all region.Counts
	for _, group := range stage.TargetGroups {
		counts := s.region.Counts(group.Identity(), from, to)
		all.Requests, all.Balancer = all.Requests+counts.Requests, all.Balancer+counts.Balancer
	}
	return valueOf(all, q.Name, q.Statistic)
}

// valueOf is a metric of what was counted, and not ok without data.
func valueOf(c region.Counts, name, statistic string) (float64, bool) {
	var class int
	if _, err := fmt.Sscanf(name, "HTTPCode_Target_%dXX_Count", &class); err == nil {
		return float64(c.Classes[class]), c.Classes[class] > 0
	}
	switch name {
	case "HTTPCode_ELB_5XX_Count":
		return float64(c.Balancer), c.Balancer > 0
	case "RequestCount":
		return float64(c.Requests), c.Requests > 0
	case "HealthyHostCount":
		return float64(c.Healthy), c.Seen
	case "UnHealthyHostCount":
		return float64(c.Unhealthy), c.Seen
	case "TargetResponseTime":
		var percent float64
		_, err := fmt.Sscanf(statistic, "p%g", &percent)
		return c.Percentile(percent / 100).Seconds(), err == nil && len(c.Times) > 0
	}
	return 0, false
}
