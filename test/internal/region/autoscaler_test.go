//go:build unix

package region

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// The third datapoint above the target starts a task.
func TestAutoscalerFollowsItsMetric(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	value := func(time.Duration) (float64, bool) { return 7500, true }
	a := newAutoscaler(&scalable{target: bounded(2, 10, requests()), service: s.service, metrics: []metric{{time.Minute, value}}}, 0)
	var activities []Activity
	for now := time.Duration(0); now < 3*time.Minute; now += time.Second {
		a.look(now, func(a Activity) { activities = append(activities, a) })
	}
	assert.Empty(t, activities, "after two datapoints")
	assert.Equal(t, 2, s.capacity().desired, "after two datapoints")
	a.look(3*time.Minute, func(a Activity) { activities = append(activities, a) })
	want := []Activity{{Service: "orders", From: 2, To: 3, Metric: "ALBRequestCountPerTarget", Value: 7500, Target: 6000}}
	assert.Equal(t, want, activities)
	eventually(t, "three tasks", func() bool { return len(s.addresses()) == 3 })
}

// A datapoint counts the requests since the one before, over the time that passed here.
// Requests from before the autoscaler do not count.
func TestDatapointsAreRates(t *testing.T) {
	s := newTestService(t, declaredService()) // at ten times the speed
	deploy(t, s, s.version("1"))
	r := &Region{groups: map[string]*group{"${Orders.Group}": s.group}}
	policy := requests()
	policy.TargetGroup = "${Orders.Group}"
	m, err := r.metric(policy, policy.TargetGroup, s.service)
	require.NoError(t, err)
	request := func() {
		for range 100 {
			s.group.views[0].ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/orders", nil))
		}
	}
	request()
	a := newAutoscaler(&scalable{target: bounded(2, 10, policy), service: s.service, metrics: []metric{m}}, 0)
	for minute := range 3 {
		request()
		for _, second := range []int{59, 60} {
			a.look(time.Duration(60*minute+second)*time.Second, func(Activity) {})
		}
		// 100 requests to two targets in 6 s.
		assert.InDelta(t, 500, a.tracking.alarms[0].value, 1e-6, "datapoint %d", minute)
	}
}

// A datapoint is the number of requests in a minute at the rate of the elapsed time.
func TestRequestsPerMinute(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer backend.Close()
	group := newGroup("", newNodes(0), alb.Settings{
		HealthCheck: alb.HealthCheck{Path: "/", Interval: time.Minute, Timeout: time.Second, Healthy: 2, Unhealthy: 2, Codes: "200"},
	})
	defer group.close()
	group.register(strings.TrimPrefix(backend.URL, "http://"), open)
	read := requestsPerMinute(group)
	for _, requests := range []int{10, 0, 5} {
		for range requests {
			group.views[0].ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}
		got, ok := read(6 * time.Second)
		assert.True(t, ok, "%d requests in 6 s", requests)
		assert.InDelta(t, 10*requests, got, 1e-6, "%d requests in 6 s", requests)
	}
}

// The metric is the CPU time of all tasks in percent of the vCPU that they reserve.
func TestCPUPercent(t *testing.T) {
	s := newTestService(t, declaredService())
	read := cpuPercent(s.service)
	_, ok := read(time.Second)
	assert.False(t, ok, "without a task")
	deploy(t, s, s.version("1"))
	started := cpuOf(t, s)
	_, ok = read(time.Second)
	assert.False(t, ok, "with tasks that have just started")
	least := cpuOf(t, s)
	eventually(t, "CPU time", func() bool {
		under(s, func() { time.Sleep(50 * time.Millisecond) })
		return cpuOf(t, s)-least > 100*time.Millisecond
	})
	least = cpuOf(t, s) - least
	value, ok := read(time.Second)
	most := cpuOf(t, s) - started
	// Two tasks reserve half a vCPU, so a second of it is 200 %.
	percent := func(d time.Duration) float64 { return 200 * d.Seconds() }
	assert.True(t, ok)
	assert.GreaterOrEqual(t, value, percent(least)-1e-6)
	assert.LessOrEqual(t, value, percent(most)+1e-6)
}

// cpuOf returns the CPU time of all tasks.
func cpuOf(t *testing.T, s *testService) (total time.Duration) {
	t.Helper()
	for _, task := range s.oldest(all) {
		used, err := task.process.cpu()
		require.NoError(t, err)
		total += used
	}
	return total
}

// A policy whose metric the region does not measure is an error.
func TestUnknownMetricsAreRefused(t *testing.T) {
	r := &Region{groups: map[string]*group{}, services: map[string]*service{"${S}": {}}}
	for metric, want := range map[string]string{
		"ECSServiceAverageMemoryUtilization": `not "ECSServiceAverageMemoryUtilization"`,
		"ALBRequestCountPerTarget":           "no target group",
	} {
		err := r.register(of(nil), assembly.ScalableTarget{Service: "${S}", Policies: []assembly.ScalingPolicy{{Metric: metric}}})
		require.ErrorContains(t, err, want, metric)
	}
	require.EqualError(t, r.register(of(nil), assembly.ScalableTarget{Service: "${T}"}), "there is no service ${T} to scale")
}

// A changed scalable target sets the bounds again, a changed policy replaces the one
// before, and a deleted target leaves the tasks alone.
func TestScalableTargetsAndPolicies(t *testing.T) {
	s := newTestService(t, declaredService())
	s.scale(2)
	r := &Region{
		groups:   map[string]*group{"${Orders.Group}": s.group},
		services: map[string]*service{"${Orders.Service}": s.service},
		targets:  map[string]*scalable{},
	}
	fast := cpu()
	fast.Metric += "HighResolution"
	policy := requests()
	policy.Resource, policy.TargetGroup = assembly.Resource{Type: scalingPolicyType, Stack: "Orders", LogicalID: "Requests"}, "${Orders.Group}"
	stage := func(least, most int) *assembly.Stage {
		target := bounded(least, most, policy, cpu(), fast)
		target.Resource, target.Service = assembly.Resource{Type: scalableTargetType, Stack: "Orders", LogicalID: "Scaling"}, "${Orders.Service}"
		return &assembly.Stage{ScalableTargets: []assembly.ScalableTarget{target}}
	}
	for _, step := range []struct{ least, most, want int }{{1, 10, 2}, {3, 10, 3}, {1, 2, 2}} {
		stage := stage(step.least, step.most)
		require.NoError(t, r.Create(t.Context(), of(stage), first(stage.ScalableTargets[0].Resource)))
		assert.Equal(t, step.want, s.capacity().desired, "within %d to %d", step.least, step.most)
	}
	policy.Target = 7000
	require.NoError(t, r.Update(t.Context(), of(stage(1, 2)), first(policy.Resource), first(policy.Resource)))
	registered := r.scalables()[0]
	assert.InDelta(t, 7000, registered.target.Policies[0].Target, 0)
	for i, want := range []time.Duration{time.Minute, time.Minute, 20 * time.Second} {
		assert.Equal(t, want, registered.metrics[i].period, "the period of %s", registered.target.Policies[i].Metric)
	}
	require.NoError(t, r.Delete(t.Context(), first(registered.target.Resource)))
	assert.Empty(t, r.scalables())
	assert.Equal(t, 2, s.capacity().desired)
}

// A service scales while its scalable target is registered.
func TestAutoscale(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	scalableTarget := assembly.Resource{Stack: "Orders", LogicalID: "T", Type: scalableTargetType}
	r := &Region{clock: Clock{Speed: 1000}, targets: map[string]*scalable{}}
	ctx, stop := context.WithCancel(t.Context())
	activities := make(chan Activity, 10)
	ended := make(chan struct{})
	go func() {
		r.Autoscale(ctx, func(a Activity) { activities <- a })
		close(ended)
	}()
	value := func(time.Duration) (float64, bool) { return 60, true }
	r.mu.Lock()
	r.targets[scalableTarget.Identity()] = &scalable{target: bounded(2, 3, requests(), cpu()), service: s.service, metrics: []metric{
		{time.Minute, value}, {20 * time.Second, func(time.Duration) (float64, bool) { return 90, true }}}}
	r.mu.Unlock()
	a := <-activities
	assert.Equal(t, 3, a.To)
	assert.Equal(t, "ECSServiceAverageCPUUtilization", a.Metric)
	require.NoError(t, r.Delete(ctx, first(scalableTarget)))
	assert.Empty(t, r.scalables())
	stop()
	<-ended
}
