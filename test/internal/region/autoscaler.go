package region

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// Activity is a change of a service's number of tasks by one of its scaling policies.
type Activity struct {
	Service  string
	From, To int
	// Metric is the metric that the policy tracks, Value the datapoint that caused the
	// change, Target the metric's target value.
	Metric        string
	Value, Target float64
}

// String is the activity in a line.
func (a Activity) String() string {
	return fmt.Sprintf("%s: %d → %d tasks, %s %.0f of %.0f", a.Service, a.From, a.To, a.Metric, a.Value, a.Target)
}

// Autoscale lets scaling policies set the number of tasks of every service until ctx
// ends, and calls observe for every change, one at a time. Without it a service keeps
// the tasks that it has.
//
// The first datapoints begin now. They and the cooldowns pass at the clock's speed.
// Requests and CPU time do not, so a datapoint extrapolates their rate to a whole
// minute. Scheduled actions do not run, because the region has no time of day.
func (r *Region) Autoscale(ctx context.Context, observe func(Activity)) {
	began := time.Now()
	autoscalers := map[*scalable]*autoscaler{}
	for sleep(ctx, pace) {
		now := r.clock.passed(time.Since(began))
		for _, s := range r.scalables() {
			if autoscalers[s] == nil {
				autoscalers[s] = newAutoscaler(s, now)
			}
			autoscalers[s].look(now, observe)
		}
	}
}

// scalable is a service that is registered for scaling, with the metrics of its policies.
type scalable struct {
	target  assembly.ScalableTarget
	service *service
	metrics []metric
}

// register registers a scalable target with its policies, and brings the service's
// number of tasks within its bounds. As on AWS it does not wait for the tasks that this
// adds.
func (r *Region) register(d cloudformation.Deployment, target assembly.ScalableTarget) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &scalable{target: target, service: r.services[d.ID(target.Service)]}
	if s.service == nil {
		return fmt.Errorf("there is no service %s to scale", target.Service)
	}
	for _, policy := range target.Policies {
		m, err := r.metric(policy, d.ID(policy.TargetGroup), s.service)
		if err != nil {
			return fmt.Errorf("scaling policy %s: %w", policy.LogicalID, err)
		}
		s.metrics = append(s.metrics, m)
	}
	r.targets[d.ID(target.Identity())] = s
	s.service.bound(target.Min, target.Max)
	return nil
}

// registerTargetOf registers the scalable target of a policy again. A policy of another
// type has none.
func (r *Region) registerTargetOf(d cloudformation.Deployment, policy string) error {
	for _, target := range d.ScalableTargets {
		if slices.ContainsFunc(target.Policies, func(p assembly.ScalingPolicy) bool { return p.Identity() == policy }) {
			return r.register(d, target)
		}
	}
	return nil
}

func (r *Region) deregister(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.targets, target)
}

func (r *Region) scalables() []*scalable {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.targets))
}

// autoscaler reads the datapoints of a service's metrics, and sets the number of tasks
// that tracking computes from them.
type autoscaler struct {
	*scalable
	tracking tracking
	// begun is when the datapoint of each metric began.
	begun []time.Duration
}

func newAutoscaler(s *scalable, now time.Duration) *autoscaler {
	a := &autoscaler{scalable: s, tracking: newTracking(s.target)}
	for _, m := range s.metrics {
		m.read(0) // leaves out what was before now
		a.begun = append(a.begun, now)
	}
	return a
}

// look reads the datapoints that are complete.
func (a *autoscaler) look(now time.Duration, observe func(Activity)) {
	a.tracking.settle(now, a.service.capacity())
	for i, m := range a.metrics {
		if now-a.begun[i] < m.period {
			continue
		}
		value, ok := m.read(a.service.clock.scaled(now - a.begun[i]))
		a.begun[i] = now
		if ok {
			a.follow(now, i, value, observe)
		}
	}
}

// follow sets the number of tasks that follows from a datapoint.
func (a *autoscaler) follow(now time.Duration, policy int, value float64, observe func(Activity)) {
	tasks := a.service.capacity()
	desired := a.tracking.observe(now, policy, value, tasks)
	if desired == tasks.desired {
		return
	}
	a.service.scale(desired)
	by := a.tracking.last.policy
	observe(Activity{
		Service: a.service.name,
		From:    tasks.desired,
		To:      desired,
		Metric:  a.target.Policies[by].Metric,
		Value:   a.tracking.alarms[by].value,
		Target:  a.target.Policies[by].Target,
	})
}
