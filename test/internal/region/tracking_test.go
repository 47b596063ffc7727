package region

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
)

// requests is a policy of 6000 requests a minute and task.
func requests() assembly.ScalingPolicy {
	return assembly.ScalingPolicy{
		Metric: "ALBRequestCountPerTarget", Target: 6000, ScaleOutCooldown: time.Minute, ScaleInCooldown: 5 * time.Minute,
	}
}

func cpu() assembly.ScalingPolicy {
	return assembly.ScalingPolicy{
		Metric: "ECSServiceAverageCPUUtilization", Target: 60, ScaleOutCooldown: time.Minute, ScaleInCooldown: 5 * time.Minute,
	}
}

func bounded(min, max int, policies ...assembly.ScalingPolicy) assembly.ScalableTarget {
	return assembly.ScalableTarget{Min: min, Max: max, Policies: policies}
}

// follows gives one policy a datapoint a minute and returns the number of tasks after
// each. The desired tasks run by the next datapoint.
func follows(target assembly.ScalableTarget, tasks int, values ...float64) []int {
	tracking := newTracking(target)
	var desired []int
	for i, value := range values {
		tasks = tracking.observe(time.Duration(i+1)*time.Minute, 0, value, capacity{desired: tasks, running: tasks})
		desired = append(desired, tasks)
	}
	return desired
}

func times(n int, value float64) []float64 { return slices.Repeat([]float64{value}, n) }

func TestTargetTracking(t *testing.T) {
	keep := requests()
	keep.DisableScaleIn = true
	hasty := requests()
	hasty.ScaleOutCooldown = 0
	for name, test := range map[string]struct {
		target assembly.ScalableTarget
		tasks  int
		values []float64
		want   []int
	}{
		"three datapoints":            {bounded(2, 10, requests()), 2, times(3, 7500), []int{2, 2, 3}},
		"in a row":                    {bounded(2, 10, requests()), 2, []float64{7500, 7500, 6000, 7500, 7500, 7500}, []int{2, 2, 2, 2, 2, 3}},
		"the last of them counts":     {bounded(2, 10, requests()), 2, []float64{6001, 6001, 20000}, []int{2, 2, 7}},
		"at the target":               {bounded(2, 10, requests()), 2, times(20, 6000), slices.Repeat([]int{2}, 20)},
		"no more than Max":            {bounded(2, 10, requests()), 2, times(3, 60000), []int{2, 2, 10}},
		"again after the cooldown":    {bounded(2, 10, requests()), 2, times(7, 7500), []int{2, 2, 3, 3, 4, 4, 5}},
		"without a cooldown":          {bounded(2, 10, hasty), 2, times(7, 7500), []int{2, 2, 3, 4, 5, 7, 9}},
		"a larger one":                {bounded(2, 10, requests()), 2, append(times(3, 7500), 13000), []int{2, 2, 3, 5}},
		"fifteen datapoints":          {bounded(2, 10, requests()), 4, times(15, 2900), append(slices.Repeat([]int{4}, 14), 2)},
		"not from nine tenths up":     {bounded(2, 40, requests()), 30, times(20, 5400), slices.Repeat([]int{30}, 20)},
		"no fewer than the load asks": {bounded(2, 10, requests()), 4, times(15, 5000), slices.Repeat([]int{4}, 15)},
		"no fewer than Min":           {bounded(2, 10, requests()), 4, times(15, 0), append(slices.Repeat([]int{4}, 14), 2)},
		"never in":                    {bounded(2, 10, keep), 4, times(20, 0), slices.Repeat([]int{4}, 20)},
	} {
		assert.Equal(t, test.want, follows(test.target, test.tasks, test.values...), name)
	}
}

// The next scale-in waits for the cooldown of the last one, a scale-out does not.
func TestScaleInCooldown(t *testing.T) {
	values := slices.Concat(times(15, 3000), times(8, 2000))
	got := follows(bounded(1, 10, requests()), 8, values...)
	want := append(slices.Repeat([]int{8}, 14), 4, 4, 4, 4, 4, 4, 2, 2, 2)
	assert.Equal(t, want, got)
	got = follows(bounded(1, 10, requests()), 8, append(times(15, 3000), times(3, 9000)...)...)
	assert.Equal(t, append(slices.Repeat([]int{8}, 14), 4, 4, 4, 6), got)
}

// Either of two policies adds tasks. Both must agree to remove some, and the one that
// keeps more tasks decides how many stay.
func TestTwoPolicies(t *testing.T) {
	for name, test := range map[string]struct {
		requests, cpu float64
		want          int
	}{
		"the requests ask":       {7500, 10, 5},
		"the CPU asks":           {10, 80, 6},
		"both ask":               {7500, 80, 6},
		"only the CPU has less":  {6000, 10, 4},
		"both have less":         {1000, 31, 3},
		"just enough for either": {5300, 53, 4},
	} {
		tracking := newTracking(bounded(2, 10, requests(), cpu()))
		tasks := 4
		for i := range lowDatapoints {
			now := time.Duration(i+1) * time.Minute
			// The desired tasks never run, so the first activity is the only one.
			tasks = tracking.observe(now, 0, test.requests, capacity{desired: tasks, running: 4})
			tasks = tracking.observe(now, 1, test.cpu, capacity{desired: tasks, running: 4})
		}
		assert.Equal(t, test.want, tasks, name)
	}
}

// Scaling starts from the running tasks, not from the desired ones.
func TestTasksThatRunCount(t *testing.T) {
	for value, want := range map[float64]int{7500: 6, 15001: 8, 3000: 2} {
		tracking := newTracking(bounded(2, 10, requests()))
		got := 0
		for i := range lowDatapoints {
			if got = tracking.observe(time.Duration(i)*time.Minute, 0, value, capacity{desired: 6, running: 3}); got != 6 {
				break
			}
		}
		assert.Equal(t, want, got, "at %g a minute", value)
	}
}

// A policy whose metric has no datapoints does not agree to fewer tasks.
func TestNoDatapointsAreNotFew(t *testing.T) {
	tracking := newTracking(bounded(2, 10, requests(), cpu()))
	for i := range 30 {
		got := tracking.observe(time.Duration(i)*time.Minute, 0, 0, capacity{desired: 4, running: 4})
		require.Equal(t, 4, got, "after %d minutes", i)
	}
}

// A deployment loses no task to scaling, and gets more under load.
func TestDeploymentsAreNotScaledIn(t *testing.T) {
	tracking := newTracking(bounded(2, 10, requests()))
	tasks := capacity{desired: 4, running: 4, deploying: true}
	for i := range 20 {
		require.Equal(t, 4, tracking.observe(time.Duration(i)*time.Minute, 0, 0, tasks), "after %d minutes", i)
	}
	got := 0
	for i := range 3 {
		got = tracking.observe(time.Duration(20+i)*time.Minute, 0, 7500, tasks)
	}
	assert.Equal(t, 5, got)
}

// drawTracking draws policies, and gives them datapoints.
func drawTracking(t *rapid.T) (tracking *tracking, now time.Duration, tasks capacity) {
	target := assembly.ScalableTarget{Min: rapid.IntRange(1, 5).Draw(t, "min")}
	target.Max = target.Min + rapid.IntRange(0, 20).Draw(t, "more")
	for range rapid.IntRange(1, 3).Draw(t, "policies") {
		target.Policies = append(target.Policies, assembly.ScalingPolicy{
			Target:           float64(rapid.IntRange(1, 100).Draw(t, "target")),
			ScaleOutCooldown: time.Duration(rapid.IntRange(0, 3).Draw(t, "scale-out cooldown")) * time.Minute,
			ScaleInCooldown:  time.Duration(rapid.IntRange(0, 3).Draw(t, "scale-in cooldown")) * time.Minute,
			DisableScaleIn:   rapid.Bool().Draw(t, "scale-in disabled"),
		})
	}
	fresh := newTracking(target)
	tasks = capacity{desired: rapid.IntRange(target.Min, target.Max).Draw(t, "tasks"), running: 1}
	for range rapid.IntRange(0, 40).Draw(t, "datapoints") {
		now += time.Minute
		value := rapid.Float64Range(0, 200).Draw(t, "value")
		for policy := range target.Policies {
			tasks.running = rapid.SampledFrom([]int{tasks.desired, tasks.running}).Draw(t, "running")
			tasks.desired = fresh.observe(now, policy, value, tasks)
		}
	}
	return &fresh, now + time.Minute, tasks
}

// copied returns an independent copy.
func (t *tracking) copied() *tracking {
	other := *t
	other.alarms = slices.Clone(t.alarms)
	return &other
}

func TestTasksStayWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracking, _, tasks := drawTracking(t)
		assert.GreaterOrEqual(t, tasks.desired, tracking.target.Min)
		assert.LessOrEqual(t, tasks.desired, tracking.target.Max)
	})
}

// More load never means fewer tasks.
func TestTasksGrowWithTheLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracking, now, tasks := drawTracking(t)
		policy := rapid.IntRange(0, len(tracking.target.Policies)-1).Draw(t, "policy")
		less := rapid.Float64Range(0, 200).Draw(t, "less")
		more := rapid.Float64Range(less, 200).Draw(t, "more")
		few := tracking.copied().observe(now, policy, less, tasks)
		many := tracking.copied().observe(now, policy, more, tasks)
		assert.GreaterOrEqual(t, many, few, "at %g and at %g", more, less)
	})
}

// No task is removed while a policy that can scale in is near its target.
func TestNoScaleInNearTheTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracking, now, tasks := drawTracking(t)
		policy := rapid.IntRange(0, len(tracking.target.Policies)-1).Draw(t, "policy")
		tracking.target.Policies[policy].DisableScaleIn = false
		value := rapid.Float64Range(0.9, 3).Draw(t, "part") * tracking.target.Policies[policy].Target
		got := tracking.observe(now, policy, value, tasks)
		assert.GreaterOrEqual(t, got, tasks.desired, "at %g of %g", value, tracking.target.Policies[policy].Target)
	})
}

// Under a steady load the number of tasks grows to what the load needs and never
// beyond it, for any start-up time, as long as the cooldown is longer than a datapoint:
// the datapoint during which they start is partly of fewer tasks.
func TestSteadyLoadGetsWhatItNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := bounded(rapid.IntRange(1, 5).Draw(t, "min"), 50, requests())
		full, part := rapid.IntRange(0, 39).Draw(t, "full tasks"), rapid.IntRange(1, 9).Draw(t, "tenths of one")
		startup := rapid.IntRange(1, 600).Draw(t, "seconds to start")
		load := float64(full) + float64(part)/10
		assert.Equal(t, max(target.Min, full+1), overshoot(target, load, startup), "most tasks for a load of %g", load)
	})
}

// Without a cooldown that datapoint adds another task.
func TestCooldownOutlastsTheStart(t *testing.T) {
	hasty := requests()
	hasty.ScaleOutCooldown = 0
	assert.Equal(t, 4, overshoot(bounded(2, 50, hasty), 2.8, 50), "without a cooldown")
	assert.Equal(t, 3, overshoot(bounded(2, 50, requests()), 2.8, 50), "with a cooldown")
}

// overshoot returns the greatest number of tasks during an hour under a load, which is
// given as the number of tasks that could just take it. Time passes by the second.
func overshoot(target assembly.ScalableTarget, load float64, startup int) (most int) {
	tracking := newTracking(target)
	tasks := capacity{desired: target.Min, running: target.Min}
	started, perTarget := 0, 0.0
	for second := 1; second <= 3600; second++ {
		now := time.Duration(second) * time.Second
		perTarget += load * target.Policies[0].Target / 60 / float64(tasks.running)
		if tasks.running < tasks.desired && second-started >= startup {
			tasks.running = tasks.desired
		}
		tracking.settle(now, tasks)
		if second%60 > 0 {
			continue
		}
		if desired := tracking.observe(now, 0, perTarget, tasks); desired != tasks.desired {
			tasks.desired, started = desired, second
		}
		perTarget, most = 0, max(most, tasks.desired)
	}
	return most
}
