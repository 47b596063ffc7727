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
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// users is the program that the tests run.
var users string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "region-")
	if err != nil {
		panic(err)
	}
	users = filepath.Join(folder, "users")
	if output, err := exec.Command("go", "build", "-o", users, "../../../services/forum/cmd/users").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, output))
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// serving is a definition whose program serves; revision tells it from others.
func serving(revision string) definition {
	return definition{users, map[string]string{"STORE": "memory", "DRAIN_DELAY": "100ms", "REVISION": revision}, 2 * time.Second, 256}
}

// ending is a definition whose program ends at its start.
func ending() definition { return definition{users, map[string]string{}, time.Second, 256} }

// declaredService is what the templates of this app say.
func declaredService() assembly.Service {
	return assembly.Service{
		MinimumHealthyPercent: 100, MaximumPercent: 200, CircuitBreaker: true, Rollback: true, DesiredCount: new(2),
		HealthCheckGracePeriod: 30 * time.Second, // at the clock's speed 3 s
	}
}

func newTestService(t *testing.T, declared assembly.Service) *service {
	t.Helper()
	return newServiceAt(t, "users", Clock{Startup: 20 * time.Millisecond, Speed: 10}, declared)
}

func newServiceAt(t *testing.T, name string, clock Clock, declared assembly.Service) *service {
	t.Helper()
	group := alb.NewTargetGroup(alb.Settings{
		HealthCheck: alb.HealthCheck{
			Path: "/healthz", Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond, Healthy: 2, Unhealthy: 2, Codes: "200",
		},
		DeregistrationDelay:      100 * time.Millisecond,
		LeastOutstandingRequests: true,
	})
	s := newService(name, group, clock, func(string) {}, declared)
	t.Cleanup(func() {
		s.close()
		group.Close()
	})
	return s
}

func deploy(t *testing.T, s *service, d definition) {
	t.Helper()
	if err := s.deploy(t.Context(), s.declared, d); err != nil {
		t.Fatal(err)
	}
}

// addresses are those of the healthy tasks.
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

// eventually waits for something that must come.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// under sends requests to the service's target group while work goes on, and
// returns how many failed.
func under(s *service, work func()) (failed int64) {
	var failures atomic.Int64
	ctx, stop := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for ctx.Err() == nil {
				w := httptest.NewRecorder()
				s.group.ServeHTTP(w, httptest.NewRequest("GET", "/api/users", nil))
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
	deploy(t, s, serving("1"))
	before := s.addresses()
	failed := under(s, func() { deploy(t, s, serving("2")) })
	after := s.addresses()
	if failed > 0 {
		t.Errorf("%d requests failed", failed)
	}
	if tasks := s.list(); len(tasks) != 2 {
		t.Errorf("a steady service has the tasks %v", tasks)
	}
	if len(before) != 2 || len(after) != 2 || slices.ContainsFunc(after, func(a string) bool { return slices.Contains(before, a) }) {
		t.Errorf("tasks %q became %q, want two new ones", before, after)
	}
}

// A service whose bounds allow no more tasks than desired goes on with fewer.
func TestDeploymentKeepsItsBounds(t *testing.T) {
	declared := declaredService()
	declared.MinimumHealthyPercent, declared.MaximumPercent = 50, 100
	s := newTestService(t, declared)
	deploy(t, s, serving("1"))
	done := make(chan error, 1)
	go func() { done <- s.deploy(t.Context(), declared, serving("2")) }()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
		s.mu.Lock()
		current, old := s.serving()
		s.mu.Unlock()
		if n := len(current) + len(old); n > 2 {
			t.Fatalf("%d tasks, want 2 at most", n)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestCircuitBreakerRollsBack(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	before := s.addresses()
	var err error
	failed := under(s, func() { err = s.deploy(t.Context(), s.declared, ending()) })
	if err == nil || !strings.Contains(err.Error(), "circuit breaker gave up after") || !strings.Contains(err.Error(), "USERS_TABLE") {
		t.Errorf("%v, want the circuit breaker and the program's words", err)
	}
	if failed > 0 || !slices.Equal(before, s.addresses()) {
		t.Errorf("%d requests failed, tasks %q became %q", failed, before, s.addresses())
	}
	deploy(t, s, serving("1"))
	if !slices.Equal(before, s.addresses()) {
		t.Error("what was rolled back to was deployed anew")
	}
}

func TestFirstDeploymentThatFails(t *testing.T) {
	s := newTestService(t, declaredService())
	if err := s.deploy(t.Context(), s.declared, ending()); err == nil {
		t.Error("a program that ends at its start was taken for good")
	}
}

// Without a circuit breaker ECS tries for ever.
func TestWithoutCircuitBreaker(t *testing.T) {
	declared := declaredService()
	declared.CircuitBreaker = false
	s := newTestService(t, declared)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.deploy(ctx, declared, ending()) }()
	eventually(t, "more failures than a circuit breaker allows", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.primary != nil && s.primary.failures > 5
	})
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}

// Tasks are replaced however often they end: the circuit breaker is for
// deployments that are not complete.
func TestKilledTasksAreReplaced(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	for range 3 {
		before := s.addresses()
		s.signal(all, syscall.SIGKILL)
		eventually(t, "two others", func() bool {
			now := s.addresses()
			return len(now) == 2 && !slices.Contains(before, now[0]) && !slices.Contains(before, now[1])
		})
	}
}

func TestInterruptedTaskLosesNoRequest(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	before := s.addresses()
	failed := under(s, func() {
		s.interrupt()
		eventually(t, "a replacement", func() bool { return len(s.addresses()) == 2 && !slices.Equal(before, s.addresses()) })
		eventually(t, "an end", func() bool { return len(s.list()) == 2 })
	})
	if failed > 0 {
		t.Errorf("%d requests failed", failed)
	}
}

// A program that hangs ignores SIGTERM, too.
func TestHungTaskIsReplaced(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	s.signal(1, syscall.SIGSTOP)
	eventually(t, "one that is unhealthy", func() bool { return len(s.addresses()) == 1 })
	eventually(t, "a replacement", func() bool { return len(s.addresses()) == 2 && len(s.list()) == 2 })
}

// A task is not judged by its health before its grace period is over.
func TestGracePeriod(t *testing.T) {
	declared := declaredService()
	declared.HealthCheckGracePeriod = time.Hour
	s := newTestService(t, declared)
	deploy(t, s, serving("1"))
	before := s.list()
	s.signal(1, syscall.SIGSTOP)
	eventually(t, "one that is unhealthy", func() bool { return len(s.addresses()) == 1 })
	for range 20 {
		s.reconcile()
	}
	if now := s.list(); len(now) != 2 || now[0].Address != before[0].Address {
		t.Errorf("tasks %v became %v", before, now)
	}
}

func TestScale(t *testing.T) {
	declared := declaredService()
	declared.DesiredCount = nil
	s := newTestService(t, declared)
	deploy(t, s, serving("1"))
	if n := len(s.addresses()); n != 1 {
		t.Errorf("%d tasks without a number, want 1", n)
	}
	s.bound(3, 4)
	eventually(t, "three tasks", func() bool { return len(s.addresses()) == 3 })
	s.bound(2, 4)
	if s.capacity().desired != 3 {
		t.Errorf("a lower bound of 2 took 3 tasks to %d", s.capacity().desired)
	}
	s.bound(1, 2)
	eventually(t, "two tasks", func() bool { return len(s.list()) == 2 })
	s.scale(1)
	eventually(t, "one task", func() bool { return len(s.list()) == 1 })
}

// A task runs from the start of its program until somebody asks it to leave.
func TestCapacity(t *testing.T) {
	slow := newServiceAt(t, "users", Clock{Startup: time.Hour, Speed: 1}, declaredService())
	slow.begin(slow.declared, serving("1"))
	eventually(t, "two that start", func() bool { return len(slow.list()) == 2 })
	if got := slow.capacity(); got != (capacity{desired: 2, deploying: true}) {
		t.Errorf("before they run %+v", got)
	}
	s := newTestService(t, declaredService())
	deploy(t, s, serving("1"))
	if got := s.capacity(); got != (capacity{desired: 2, running: 2}) {
		t.Errorf("after a deployment %+v", got)
	}
	s.scale(1)
	eventually(t, "one that leaves", func() bool { return s.capacity() == capacity{desired: 1, running: 1} })
}

// A program is told to end only once its target is drained, even one that would
// end at once; and then nothing is left.
func TestDeleteLeavesNothing(t *testing.T) {
	s := newTestService(t, declaredService())
	hasty := serving("1")
	hasty.environment["DRAIN_DELAY"] = "0s"
	deploy(t, s, hasty)
	states := make(chan alb.State, 2)
	for _, task := range s.tasks {
		go func() {
			<-task.process.done
			states <- s.group.State(task.process.address)
		}()
	}
	if err := s.delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if state := <-states; state != alb.Unused {
			t.Errorf("a program ended while its target was %s", state)
		}
	}
	if len(s.list()) != 0 || len(s.group.Targets()) != 0 {
		t.Errorf("tasks %v, targets %v", s.list(), s.group.Targets())
	}
}

// Whatever changes in what the tasks run is a new deployment.
func TestEveryPartOfADefinitionCounts(t *testing.T) {
	for name, change := range map[string]func(*definition){
		"binary":       func(d *definition) { d.binary = "other" },
		"environment":  func(d *definition) { d.environment = map[string]string{} },
		"stop timeout": func(d *definition) { d.stopTimeout++ },
		"CPU":          func(d *definition) { d.cpu++ },
	} {
		d := serving("1")
		change(&d)
		if d.equal(serving("1")) || !d.equal(d) {
			t.Errorf("another %s is no change", name)
		}
	}
}
