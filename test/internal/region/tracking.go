package region

import (
	"math"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// tracking computes how many tasks a service should have, as Application Auto Scaling
// does from the target-tracking policies of a scalable target. Its times are template
// time since any common start.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
type tracking struct {
	target assembly.ScalableTarget
	// alarms are the alarms of the policies, in their order.
	alarms []alarms
	last   activity
}

// alarms are the two alarms on a policy's metric. CloudWatch names them
// TargetTracking-…-AlarmHigh and -AlarmLow.
type alarms struct {
	// value is the last datapoint. High and low are the numbers of latest datapoints in a
	// row above the target and below lowPart of it.
	value     float64
	high, low int
}

const (
	// highDatapoints in a row above the target add tasks, lowDatapoints in a row below
	// lowPart of it remove some: the settings of the alarms of every policy.
	highDatapoints, lowDatapoints = 3, 15
	lowPart                       = 0.9
)

// activity is a change of the number of tasks, and the cooldown after it.
type activity struct {
	// policy is the index of the policy that caused it.
	policy int
	// out is true when it adds tasks. from is the number of tasks that ran before.
	out  bool
	from int
	// pending is true until the desired number of tasks runs. Then the cooldown begins,
	// which ends at until.
	pending  bool
	cooldown time.Duration
	until    time.Duration
}

// capacity is the number of tasks of a service.
type capacity struct {
	desired, running int
	// deploying is true while a deployment is not complete.
	deploying bool
}

func newTracking(target assembly.ScalableTarget) tracking {
	return tracking{target: target, alarms: make([]alarms, len(target.Policies))}
}

// observe takes a datapoint of one policy's metric and returns the number of tasks that
// is desired from now on.
func (t *tracking) observe(now time.Duration, policy int, value float64, tasks capacity) (desired int) {
	t.settle(now, tasks)
	t.alarms[policy].add(value, t.target.Policies[policy].Target)
	if desired := t.scaleOut(now, policy, tasks); desired > tasks.desired {
		return desired
	}
	return t.scaleIn(now, tasks)
}

// scaleOut adds tasks when one policy needs them.
func (t *tracking) scaleOut(now time.Duration, policy int, tasks capacity) (desired int) {
	from := t.start(now, tasks)
	desired = t.wanted(policy, from)
	if t.alarms[policy].high < highDatapoints || desired <= tasks.desired {
		return tasks.desired
	}
	t.last = activity{policy: policy, out: true, from: from, pending: true, cooldown: t.target.Policies[policy].ScaleOutCooldown}
	return desired
}

// scaleIn removes tasks when all policies agree, and not during a deployment:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
func (t *tracking) scaleIn(now time.Duration, tasks capacity) (desired int) {
	policy, agreed := t.agreed()
	if !agreed || tasks.deploying || !t.last.out && t.last.lasts(now) {
		return tasks.desired
	}
	desired = t.wanted(policy, tasks.running)
	if desired >= tasks.desired {
		return tasks.desired
	}
	t.last = activity{policy: policy, from: tasks.running, pending: true, cooldown: t.target.Policies[policy].ScaleInCooldown}
	return desired
}

// settle begins the cooldown of an activity when the desired tasks run.
func (t *tracking) settle(now time.Duration, tasks capacity) {
	if t.last.pending && tasks.running == tasks.desired {
		t.last.pending, t.last.until = false, now+t.last.cooldown
	}
}

// lasts reports whether an activity is pending or cools down.
func (a activity) lasts(now time.Duration) bool { return a.pending || now < a.until }

// start returns the number of tasks from which a scale-out computes: the running ones,
// not the desired ones. While an earlier scale-out lasts it is the number from which
// that one computed, so that only a larger scale-out adds to it.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html
func (t *tracking) start(now time.Duration, tasks capacity) int {
	if t.last.out && t.last.lasts(now) {
		return t.last.from
	}
	return tasks.running
}

// wanted returns the number of tasks that brings a policy's metric to its target,
// rounded up and within the bounds.
func (t *tracking) wanted(policy, tasks int) int {
	want := math.Ceil(float64(tasks) * t.load(policy))
	return int(min(max(want, float64(t.target.Min)), float64(t.target.Max)))
}

// load returns a policy's last datapoint divided by its target.
func (t *tracking) load(policy int) float64 {
	return t.alarms[policy].value / t.target.Policies[policy].Target
}

// agreed reports whether all policies that can scale in are ready to, and which of them
// keeps the most tasks.
func (t *tracking) agreed() (policy int, agreed bool) {
	policy = -1
	for i, p := range t.target.Policies {
		switch {
		case p.DisableScaleIn:
		case t.alarms[i].low < lowDatapoints:
			return 0, false
		case policy < 0 || t.load(i) > t.load(policy):
			policy = i
		}
	}
	return policy, policy >= 0
}

func (a *alarms) add(value, target float64) {
	a.value = value
	a.high, a.low = follow(a.high, value > target), follow(a.low, value < lowPart*target)
}

// follow continues a count of datapoints in a row.
func follow(n int, goesOn bool) int {
	if !goesOn {
		return 0
	}
	return n + 1
}
