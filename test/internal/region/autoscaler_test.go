package region

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// Three datapoints above the target start a task, and not before.
func TestAutoscalerFollowsItsMetric(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	value := func(time.Duration) (float64, bool) { return 7500, true }
	a := newAutoscaler(&scalable{target: bounded(2, 10, requests()), service: s, metrics: []metric{{time.Minute, value}}}, 0)
	var activities []Activity
	for now := time.Duration(0); now < 3*time.Minute; now += time.Second {
		a.look(now, func(a Activity) { activities = append(activities, a) })
	}
	if len(activities) > 0 || s.capacity().desired != 2 {
		t.Errorf("after two datapoints: %v", activities)
	}
	a.look(3*time.Minute, func(a Activity) { activities = append(activities, a) })
	want := []Activity{{Service: "users", From: 2, To: 3, Metric: "ALBRequestCountPerTarget", Value: 7500, Target: 6000}}
	if !slices.Equal(activities, want) {
		t.Errorf("%v, want %v", activities, want)
	}
	eventually(t, "three tasks", func() bool { return len(s.addresses()) == 3 })
}

// A datapoint has what came since the last one, over the time that passed here, and
// nothing from before scaling.
func TestDatapointsAreRates(t *testing.T) {
	s := newTestService(t, declaredService()) // at ten times the speed
	deploy(t, s, serving("1"))
	r := &Region{groups: map[string]*alb.TargetGroup{"${Users.Group}": s.group}}
	policy := requests()
	policy.TargetGroup = "${Users.Group}"
	m, err := r.metric(policy, s)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() {
		for range 100 {
			s.group.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/users", nil))
		}
	}
	ask()
	a := newAutoscaler(&scalable{target: bounded(2, 10, policy), service: s, metrics: []metric{m}}, 0)
	for minute := range 3 {
		ask()
		for _, second := range []int{59, 60} {
			a.look(time.Duration(60*minute+second)*time.Second, func(Activity) {})
		}
		// 100 requests to two targets in 6 s.
		if value := a.tracking.alarms[0].value; value != 500 {
			t.Errorf("datapoint %d is %g, want 500", minute, value)
		}
	}
}

// A datapoint is what a minute at this rate would make, however fast the minute passes.
func TestRequestsPerMinute(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer backend.Close()
	group := alb.NewTargetGroup(alb.Settings{
		HealthCheck: alb.HealthCheck{Path: "/", Interval: time.Minute, Timeout: time.Second, Healthy: 2, Unhealthy: 2, Codes: "200"},
	})
	defer group.Close()
	group.Register(strings.TrimPrefix(backend.URL, "http://"))
	read := requestsPerMinute(group)
	for _, requests := range []int{10, 0, 5} {
		for range requests {
			group.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}
		if got, ok := read(6 * time.Second); !ok || math.Abs(got-10*float64(requests)) > 1e-6 {
			t.Errorf("%d requests in 6 s: %g a minute, %v", requests, got, ok)
		}
	}
}

// The CPU time of all tasks is compared with what all of them reserve.
func TestCPUPercent(t *testing.T) {
	s := newTestService(t, declaredService())
	read := cpuPercent(s)
	if value, ok := read(time.Second); ok {
		t.Errorf("%g%% without a task", value)
	}
	deploy(t, s, serving("1"))
	started := cpuOf(t, s)
	if value, ok := read(time.Second); ok {
		t.Errorf("%g%% of tasks that have just started", value)
	}
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
	if !ok || value < percent(least)-1e-6 || value > percent(most)+1e-6 {
		t.Errorf("%g%%, want %g%% to %g%%", value, percent(least), percent(most))
	}
}

// cpuOf is the CPU time of all tasks.
func cpuOf(t *testing.T, s *service) (total time.Duration) {
	t.Helper()
	for _, task := range s.oldest(all) {
		used, err := task.process.cpu()
		if err != nil {
			t.Fatal(err)
		}
		total += used
	}
	return total
}

// What the rehearsal cannot track ends it instead of being left out.
func TestUnknownMetricsAreRefused(t *testing.T) {
	r := &Region{groups: map[string]*alb.TargetGroup{}, services: map[string]*service{"${S}": {}}}
	for metric, want := range map[string]string{
		"ECSServiceAverageMemoryUtilization": `not "ECSServiceAverageMemoryUtilization"`,
		"ALBRequestCountPerTarget":           "no target group",
	} {
		err := r.register(assembly.ScalableTarget{Service: "${S}", Policies: []assembly.ScalingPolicy{{Metric: metric}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", metric, err, want)
		}
	}
	if err := r.register(assembly.ScalableTarget{Service: "${T}"}); err == nil {
		t.Error("a service that is not there scales")
	}
}

// A target that changes bounds the tasks anew, a policy that changes is another
// from then on, and a target that goes leaves the tasks alone.
func TestScalableTargetsAndPolicies(t *testing.T) {
	s := newTestService(t, declaredService())
	r := &Region{
		groups: map[string]*alb.TargetGroup{"${Users.Group}": s.group}, services: map[string]*service{"${Users.Service}": s},
		targets: map[string]*scalable{},
	}
	fast := cpu()
	fast.Metric += "HighResolution"
	policy := requests()
	policy.Resource, policy.TargetGroup = assembly.Resource{Type: scalingPolicyType, Stack: "Users", LogicalID: "Requests"}, "${Users.Group}"
	stage := func(least, most int) *assembly.Stage {
		target := bounded(least, most, policy, cpu(), fast)
		target.Resource, target.Service = assembly.Resource{Type: scalableTargetType, Stack: "Users", LogicalID: "Scaling"}, "${Users.Service}"
		return &assembly.Stage{ScalableTargets: []assembly.ScalableTarget{target}}
	}
	for _, step := range []struct{ least, most, want int }{{1, 10, 2}, {3, 10, 3}, {1, 2, 2}} {
		stage := stage(step.least, step.most)
		if err := r.Create(t.Context(), stage, stage.ScalableTargets[0].Resource); err != nil {
			t.Fatal(err)
		}
		if got := s.capacity().desired; got != step.want {
			t.Errorf("%d tasks within %d to %d, want %d", got, step.least, step.most, step.want)
		}
	}
	policy.Target = 7000
	if err := r.Update(t.Context(), stage(1, 2), policy.Resource, policy.Resource); err != nil {
		t.Fatal(err)
	}
	registered := r.scalables()[0]
	if got := registered.target.Policies[0].Target; got != 7000 {
		t.Errorf("the policy aims at %g, want 7000", got)
	}
	for i, want := range []time.Duration{time.Minute, time.Minute, 20 * time.Second} {
		if got := registered.metrics[i].period; got != want {
			t.Errorf("%s has a datapoint each %s, want %s", registered.target.Policies[i].Metric, got, want)
		}
	}
	if err := r.Delete(t.Context(), registered.target.Resource); err != nil || len(r.scalables()) > 0 || s.capacity().desired != 2 {
		t.Errorf("%v, %d scalable targets and %d tasks are left", err, len(r.scalables()), s.capacity().desired)
	}
}

// Which service scales follows from the targets that are registered at the moment.
func TestAutoscale(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	scalableTarget := assembly.Resource{Stack: "Users", LogicalID: "T", Type: scalableTargetType}
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
	r.targets[scalableTarget.Identity()] = &scalable{target: bounded(2, 3, requests(), cpu()), service: s, metrics: []metric{
		{time.Minute, value}, {20 * time.Second, func(time.Duration) (float64, bool) { return 90, true }}}}
	r.mu.Unlock()
	if a := <-activities; a.To != 3 || a.Metric != "ECSServiceAverageCPUUtilization" {
		t.Errorf("%v", a)
	}
	if err := r.Delete(ctx, scalableTarget); err != nil || len(r.scalables()) > 0 {
		t.Errorf("%v, %d scalable targets are left", err, len(r.scalables()))
	}
	stop()
	<-ended
}
