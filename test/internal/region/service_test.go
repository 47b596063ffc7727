//go:build unix

package region

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/inputs"
)

// sample is the binary of testdata/sample, the program that the tests run.
var sample string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "region-")
	if err != nil {
		panic(err)
	}
	sample = filepath.Join(folder, "service") // as in the folder of an image
	if output, err := exec.Command("go", "build", "-o", sample, "./testdata/sample").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, output))
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// version is a definition whose program serves. Each revision is a definition of its own.
func (s *testService) version(revision string) definition {
	return definition{
		command:     Command{Words: []string{sample}},
		environment: map[string]string{"STORE": "memory", "DRAIN_DELAY": "100ms", "REVISION": revision},
		stopTimeout: 2 * time.Second, cpu: 256, group: s.group,
	}
}

// ending is a definition whose program ends at its start.
func (s *testService) ending() definition {
	d := s.version("")
	d.environment = map[string]string{}
	return d
}

// declaredService is a service as the templates of the app declare it.
func declaredService() assembly.Service {
	return assembly.Service{
		MinimumHealthyPercent: 100, MaximumPercent: 200, CircuitBreaker: true, Rollback: true, DesiredCount: new(2),
		HealthCheckGracePeriod: 30 * time.Second, // at the clock's speed 3 s
	}
}

// testService is a service with a target group, as a template declares it.
type testService struct {
	*service
	group    *group
	template assembly.Service
}

func newTestService(t *testing.T, declared assembly.Service) *testService {
	t.Helper()
	return newServiceAt(t, "orders", Clock{Startup: 20 * time.Millisecond, Speed: 10}, declared)
}

func newServiceAt(t *testing.T, name string, clock Clock, declared assembly.Service) *testService {
	t.Helper()
	inputs.Watch(t, "testdata")
	s := &testService{newService(name, clock, newTestJournal(name)), newTestGroup(t), declared}
	t.Cleanup(s.close)
	return s
}

func newTestGroup(t *testing.T) *group {
	t.Helper()
	group := newGroup("orders", newNodes(0), alb.Settings{
		HealthCheck: alb.HealthCheck{
			Path: "/healthz", Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond, Healthy: 2, Unhealthy: 2, Codes: "200",
		},
		DeregistrationDelay:      100 * time.Millisecond,
		LeastOutstandingRequests: true,
	})
	t.Cleanup(group.close)
	return group
}

func deploy(t *testing.T, s *testService, d definition) {
	t.Helper()
	require.NoError(t, s.deploy(t.Context(), s.template, d))
}

// addresses returns the addresses of the healthy tasks, sorted.
func (s *service) addresses() []string {
	var addresses []string
	for _, t := range s.list() {
		if t.State == alb.Healthy {
			addresses = append(addresses, t.Address)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// under sends requests to the service's target group while work runs, and returns
// how many failed.
func under(s *testService, work func()) (failed int64) {
	var failures atomic.Int64
	ctx, stop := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				w := httptest.NewRecorder()
				s.group.views[0].ServeHTTP(w, httptest.NewRequest("GET", "/api/orders", nil))
				if w.Code != http.StatusOK {
					failures.Add(1)
				}
			}
		})
	}
	work()
	stop()
	clients.Wait()
	return failures.Load()
}

func TestRollingDeploymentLosesNoRequest(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	before := s.addresses()
	failed := under(s, func() { deploy(t, s, s.version("2")) })
	after := s.addresses()
	assert.Zero(t, failed, "failed requests")
	assert.Len(t, s.list(), 2, "the tasks of a steady service")
	assert.Len(t, before, 2)
	assert.Len(t, after, 2)
	for _, address := range after {
		assert.NotContains(t, before, address, "a task of the first deployment is left")
	}
}

// A service whose bounds allow no more tasks than desired deploys with fewer.
func TestDeploymentKeepsItsBounds(t *testing.T) {
	declared := declaredService()
	declared.MinimumHealthyPercent, declared.MaximumPercent = 50, 100
	s := newTestService(t, declared)
	deploy(t, s, s.version("1"))
	done := make(chan error, 1)
	go func() { done <- s.deploy(t.Context(), declared, s.version("2")) }()
	for {
		select {
		case err := <-done:
			require.NoError(t, err)
			return
		default:
		}
		s.mu.Lock()
		current, old := s.serving()
		s.mu.Unlock()
		require.LessOrEqual(t, len(current)+len(old), 2, "tasks during the deployment")
		time.Sleep(time.Millisecond)
	}
}

func TestCircuitBreakerRollsBack(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	before := s.addresses()
	var err error
	failed := under(s, func() { err = s.deploy(t.Context(), s.template, s.ending()) })
	require.ErrorContains(t, err, "circuit breaker gave up after")
	require.ErrorContains(t, err, "STORE is not set", "the program's last line")
	assert.Zero(t, failed, "failed requests")
	assert.Equal(t, before, s.addresses())
	deploy(t, s, s.version("1"))
	assert.Equal(t, before, s.addresses(), "the deployment of the rollback is deployed again")
}

func TestFirstDeploymentThatFails(t *testing.T) {
	s := newTestService(t, declaredService())
	require.Error(t, s.deploy(t.Context(), s.template, s.ending()))
}

// Without a circuit breaker ECS starts tasks without end.
func TestWithoutCircuitBreaker(t *testing.T) {
	declared := declaredService()
	declared.CircuitBreaker = false
	s := newTestService(t, declared)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.deploy(ctx, declared, s.ending()) }()
	eventually(t, "more failures than a circuit breaker allows", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.primary != nil && s.primary.failures > 5
	})
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
}

// The tasks of a complete deployment are replaced as often as they end: the circuit
// breaker counts only those of a deployment that is not complete.
func TestKilledTasksAreReplaced(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	for range 3 {
		before := s.addresses()
		s.each(all, (*process).abort)
		eventually(t, "two others", func() bool {
			now := s.addresses()
			return len(now) == 2 && !slices.Contains(before, now[0]) && !slices.Contains(before, now[1])
		})
	}
}

func TestInterruptedTaskLosesNoRequest(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	before := s.addresses()
	failed := under(s, func() {
		s.interrupt()
		eventually(t, "a replacement", func() bool { return len(s.addresses()) == 2 && !slices.Equal(before, s.addresses()) })
		eventually(t, "an end", func() bool { return len(s.list()) == 2 })
	})
	assert.Zero(t, failed, "failed requests")
}

// A program that hangs also ignores SIGTERM.
func TestHungTaskIsReplaced(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	s.each(1, (*process).hang)
	eventually(t, "one that is unhealthy", func() bool { return len(s.addresses()) == 1 })
	eventually(t, "a replacement", func() bool { return len(s.addresses()) == 2 && len(s.list()) == 2 })
}

// A deployment of which one new task in two dies goes on: each healthy task begins the
// count of failures anew.
func TestOneNewTaskInTwoDies(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	s.doom(2)
	failed := under(s, func() { deploy(t, s, s.version("2")) })
	assert.Zero(t, failed, "failed requests")
	assert.Len(t, s.addresses(), 2)
}

// Until a task of a deployment is healthy a task that ends counts, afterwards only one
// that fails its health checks.
func TestFailuresThatCount(t *testing.T) {
	err := errors.New("failed")
	d := &deployment{}
	d.failLaunch(err)
	d.failCheck(err)
	assert.Equal(t, 2, d.failures)
	first, second := &task{deployment: d}, &task{deployment: d}
	first.passes()
	assert.Zero(t, d.failures, "after a healthy task")
	d.failLaunch(err)
	assert.Zero(t, d.failures, "a task that ends")
	d.failCheck(err)
	assert.Equal(t, 1, d.failures, "a task that fails its health checks")
	first.passes()
	assert.Equal(t, 1, d.failures, "a task that is healthy again")
	second.passes()
	assert.Zero(t, d.failures, "after another healthy task")
	d.complete = true
	d.failCheck(err)
	assert.Zero(t, d.failures, "after the deployment")
}

// A task that fails its health checks stays until its replacement is healthy: meanwhile
// a target group without a healthy target sends to all of them.
func TestUnhealthyTaskStaysUntilItIsReplaced(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	before := s.addresses()
	settings := s.group.settings
	settings.HealthCheck.Codes = "299"
	s.group.configure(settings)
	eventually(t, "replacements beside the unhealthy tasks", func() bool { return len(s.list()) == 4 })
	for _, address := range before {
		assert.Equal(t, alb.Unhealthy, s.group.state(address), "an unhealthy task before there is a healthy one")
	}
	w := httptest.NewRecorder()
	s.group.views[0].ServeHTTP(w, httptest.NewRequest("GET", "/api/orders", nil))
	assert.Equal(t, http.StatusOK, w.Code, "without a healthy target")
	settings.HealthCheck.Codes = "200"
	s.group.configure(settings)
	eventually(t, "two tasks", func() bool { return len(s.addresses()) == 2 && len(s.list()) == 2 })
}

// During a deployment that does not get healthy the tasks of the one before it are
// replaced by their own kind.
func TestRunningVersionIsReplacedByItself(t *testing.T) {
	declared := declaredService()
	declared.CircuitBreaker = false
	s := newTestService(t, declared)
	deploy(t, s, s.version("1"))
	before := s.addresses()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.deploy(ctx, declared, s.ending()) }()
	eventually(t, "failures of the new version", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.primary.failures > 1
	})
	s.each(all, (*process).abort)
	eventually(t, "two others", func() bool {
		now := s.addresses()
		return len(now) == 2 && !slices.Contains(before, now[0]) && !slices.Contains(before, now[1])
	})
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
}

// An unhealthy task stays during its grace period.
func TestGracePeriod(t *testing.T) {
	declared := declaredService()
	declared.HealthCheckGracePeriod = time.Hour
	s := newTestService(t, declared)
	deploy(t, s, s.version("1"))
	before := s.list()
	s.each(1, (*process).hang)
	eventually(t, "one that is unhealthy", func() bool { return len(s.addresses()) == 1 })
	for range 20 {
		s.reconcile()
	}
	now := s.list()
	require.Len(t, now, 2)
	assert.Equal(t, before[0].Address, now[0].Address)
}

func TestScale(t *testing.T) {
	declared := declaredService()
	declared.DesiredCount = nil
	s := newTestService(t, declared)
	deploy(t, s, s.version("1"))
	assert.Len(t, s.addresses(), 1, "tasks without a desired count")
	s.bound(3, 4)
	eventually(t, "three tasks", func() bool { return len(s.addresses()) == 3 })
	s.bound(2, 4)
	assert.Equal(t, 3, s.capacity().desired, "under a lower bound of 2")
	s.bound(1, 2)
	eventually(t, "two tasks", func() bool { return len(s.list()) == 2 })
	s.scale(1)
	eventually(t, "one task", func() bool { return len(s.list()) == 1 })
}

// A task counts as running from the start of its program until it is told to leave.
func TestCapacity(t *testing.T) {
	slow := newServiceAt(t, "orders", Clock{Startup: time.Hour, Speed: 1}, declaredService())
	slow.begin(slow.template, slow.version("1"))
	eventually(t, "two that start", func() bool { return len(slow.list()) == 2 })
	assert.Equal(t, capacity{desired: 2, deploying: true}, slow.capacity(), "before the programs run")
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	assert.Equal(t, capacity{desired: 2, running: 2}, s.capacity(), "after a deployment")
	s.scale(1)
	eventually(t, "one that leaves", func() bool { return s.capacity() == capacity{desired: 1, running: 1} })
}

// A program gets SIGTERM only after its target is drained, even one that ends at once.
// Afterwards no task and no target is left.
func TestDeleteLeavesNothing(t *testing.T) {
	s := newTestService(t, declaredService())
	hasty := s.version("1")
	hasty.environment["DRAIN_DELAY"] = "0s"
	deploy(t, s, hasty)
	states := make(chan alb.State, 2)
	for _, task := range s.tasks {
		go func() {
			<-task.process.done
			states <- s.group.state(task.process.address)
		}()
	}
	require.NoError(t, s.delete(t.Context()))
	for range 2 {
		assert.Equal(t, alb.Unused, <-states, "the target's state when the program ended")
	}
	assert.Empty(t, s.list())
	assert.Empty(t, s.group.targets)
}

// A change of any part of a definition is a new deployment.
func TestEveryPartOfADefinitionCounts(t *testing.T) {
	s := newTestService(t, declaredService())
	for name, change := range map[string]func(*definition){
		"program":      func(d *definition) { d.command.Words = []string{"other"} },
		"folder":       func(d *definition) { d.command.Folder = "other" },
		"environment":  func(d *definition) { d.environment = map[string]string{} },
		"stop timeout": func(d *definition) { d.stopTimeout++ },
		"CPU":          func(d *definition) { d.cpu++ },
		"target group": func(d *definition) { d.group = newTestGroup(t) },
		"revision":     func(d *definition) { d.revision = map[string]any{"PlatformVersion": "1.4.0"} },
	} {
		d := s.version("1")
		change(&d)
		assert.False(t, d.equal(s.version("1")), "another %s is no change", name)
		assert.True(t, d.equal(d), name)
	}
}

// A service whose target group is another one has new tasks in the new group before the
// old ones leave the old group.
func TestServiceMovesToAnotherTargetGroup(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.version("1"))
	old := s.group
	moved := s.version("1")
	moved.group = newTestGroup(t)
	deploy(t, s, moved)
	assert.Empty(t, old.targets)
	assert.Len(t, moved.group.targets, 2)
	assert.Len(t, s.addresses(), 2)
}

// Of a service's properties these start a deployment, and no other.
func TestWhatStartsADeployment(t *testing.T) {
	with := func(property string) map[string]any {
		service := assembly.Service{Resource: assembly.Resource{Properties: map[string]any{property: "a"}}}
		return revision(assembly.TaskDefinition{}, service)
	}
	none := with("")
	for _, property := range []string{"NetworkConfiguration", "LoadBalancers", "PlatformVersion", "ForceNewDeployment"} {
		assert.NotEqual(t, none, with(property), property)
	}
	for _, property := range []string{
		"DeploymentConfiguration", "DesiredCount", "HealthCheckGracePeriodSeconds", "CapacityProviderStrategy", "Tags",
	} {
		assert.Equal(t, none, with(property), property)
	}
	definition := assembly.TaskDefinition{Resource: assembly.Resource{Properties: map[string]any{"Memory": "512"}}}
	assert.NotEqual(t, none, revision(definition, assembly.Service{}), "Memory of the task definition")
}

// A template without a desired count leaves the tasks as they are, one with it sets them.
func TestDesiredCountOfAnUpdate(t *testing.T) {
	declared := declaredService()
	declared.DesiredCount = nil
	s := newTestService(t, declared)
	deploy(t, s, s.version("1"))
	s.scale(3)
	deploy(t, s, s.version("1"))
	assert.Len(t, s.addresses(), 3)
	declared.DesiredCount = new(2)
	require.NoError(t, s.deploy(t.Context(), declared, s.version("1")))
	assert.Len(t, s.addresses(), 2)
}
