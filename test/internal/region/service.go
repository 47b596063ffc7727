package region

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// service is an ECS service with rolling deployments. It keeps the desired number of
// tasks of its newest deployment running.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
type service struct {
	// name is the name of the container that serves requests.
	name  string
	clock Clock
	// journal has the logs of the tasks.
	journal *journal

	mu sync.Mutex
	// declared is the service as the templates declare it.
	declared assembly.Service
	desired  int
	// primary is the newest deployment, previous the last complete one.
	primary, previous *deployment
	tasks             []*task
	// doomed is how many tasks start for each that is killed at its start. Zero kills none.
	doomed, started int
	// lastEnding is that of the last task that got SIGTERM.
	lastEnding Ending
	// running counts the goroutines of tasks.
	running sync.WaitGroup
	stopped context.CancelFunc
}

// deployment is one set of tasks that run the same definition.
type deployment struct {
	definition
	complete bool
	// passed is whether a task has been healthy.
	passed bool
	// failures is the number of tasks that failed since a task was healthy last.
	failures int
	lastErr  error
	// err is the error of the circuit breaker that stopped the deployment.
	err error
}

// pace is the time between two reconciliations.
const pace = 10 * time.Millisecond

// newService returns a service that has one task, until a template or scaling says
// otherwise.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
func newService(name string, clock Clock, journal *journal) *service {
	s := &service{name: name, clock: clock, journal: journal, desired: 1}
	var ctx context.Context
	ctx, s.stopped = context.WithCancel(context.Background())
	go func() {
		for sleep(ctx, pace) {
			s.reconcile()
		}
	}()
	return s
}

// deploy deploys a definition, and returns when the service is steady: all desired tasks
// are healthy, and those of older deployments have ended.
func (s *service) deploy(ctx context.Context, declared assembly.Service, d definition) error {
	deployment := s.begin(declared, d)
	for {
		if steady, err := s.progress(deployment); steady || err != nil {
			return err
		}
		if !sleep(ctx, pace) {
			return ctx.Err()
		}
	}
}

// begin makes the definition the primary deployment. A definition that is already
// primary is not deployed again. A template without a desired count leaves the number of
// tasks as it is; one with it sets it, whatever scaling has made of it.
func (s *service) begin(declared assembly.Service, d definition) *deployment {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declared = declared
	if declared.DesiredCount != nil {
		s.desired = *declared.DesiredCount
	}
	if s.primary == nil || s.primary.err != nil || !s.primary.equal(d) {
		s.primary = &deployment{definition: d}
	}
	return s.primary
}

func (s *service) progress(d *deployment) (steady bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	return d.complete && s.steady(), d.err
}

// scale sets the desired number of tasks and does not wait for them.
func (s *service) scale(desired int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desired = desired
}

// bound brings the desired number of tasks within bounds.
func (s *service) bound(least, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desired = min(max(s.desired, least), most)
}

func (s *service) capacity() capacity {
	s.mu.Lock()
	defer s.mu.Unlock()
	current, old := s.serving()
	running := slices.DeleteFunc(append(current, old...), func(t *task) bool { return t.process == nil })
	return capacity{desired: s.desired, running: len(running), deploying: s.primary != nil && !s.primary.complete}
}

// delete stops all tasks and returns when they have ended.
func (s *service) delete(ctx context.Context) error {
	s.mu.Lock()
	s.desired = 0
	s.mu.Unlock()
	s.reconcile()
	for len(s.list()) > 0 {
		if !sleep(ctx, pace) {
			return ctx.Err()
		}
	}
	s.stopped()
	return nil
}

// close kills all tasks.
func (s *service) close() {
	s.stopped()
	s.mu.Lock()
	s.desired = 0
	for _, t := range s.tasks {
		t.kill()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// reconcile brings the tasks one step nearer to the desired state.
func (s *service) reconcile() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteHealth()
	s.breakCircuit()
	s.stopSurplus()
	s.startMissing()
	s.settle()
}

// noteHealth notes which tasks pass their health checks, and which do not after their
// grace period.
func (s *service) noteHealth() {
	grace := s.clock.limit(s.declared.HealthCheckGracePeriod)
	for _, t := range s.tasks {
		if t.process == nil || t.stopping {
			continue
		}
		switch state := t.state(); {
		case state == alb.Healthy:
			if t.unhealthy || !t.passed {
				t.log.report(alb.Healthy, nil)
			}
			t.unhealthy = false
			t.passes()
		case state == alb.Unhealthy && !t.unhealthy && time.Since(t.started) > grace:
			t.unhealthy = true
			err := t.log.explain(t.process.unhealthy(t.deployment.group.description(t.process.address)))
			t.deployment.failCheck(err)
			t.log.report(alb.Unhealthy, err)
		}
	}
}

// breakCircuit stops a deployment after the failures that ECS allows, half of the
// desired tasks but at least 3 and at most 200, and rolls back:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (s *service) breakCircuit() {
	threshold := min(max(3, (s.desired+1)/2), 200)
	if s.primary == nil || !s.declared.CircuitBreaker || s.primary.err != nil || s.primary.failures < threshold {
		return
	}
	s.primary.err = fmt.Errorf("the deployment circuit breaker gave up after %d tasks: %w", s.primary.failures, s.primary.lastErr)
	if s.declared.Rollback && s.previous != nil {
		s.primary = s.previous
	}
}

// stopSurplus stops tasks of older deployments while enough healthy tasks remain, tasks
// above the desired number, and unhealthy tasks that are replaced or have no room for a
// replacement.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func (s *service) stopSurplus() {
	current, old := s.serving()
	healthy := len(s.healthy(append(slices.Clone(current), old...)))
	atLeast := (s.desired*s.declared.MinimumHealthyPercent + 99) / 100
	for _, t := range old {
		switch {
		case !s.isHealthy(t) && (healthy >= atLeast || t.deployment.err != nil):
			t.stop()
		case s.isHealthy(t) && healthy > atLeast:
			t.stop()
			healthy--
		}
	}
	full := len(current)+len(old) >= max(s.atMost(), s.desired)
	wanted := 0
	for _, t := range current {
		switch {
		case t.unhealthy && (full || len(s.healthy(current)) >= s.desired):
			t.stop()
			full = false
		case t.unhealthy:
		case wanted == s.desired:
			t.stop()
		default:
			wanted++
		}
	}
}

// startMissing starts tasks up to the desired number and within the maximum percent: of
// the primary deployment, and during it of the one before, in the place of its own tasks
// that have ended or are unhealthy.
//
// https://aws.amazon.com/about-aws/whats-new/2025/11/amazon-ecs-service-availability-rolling-deployments
func (s *service) startMissing() {
	if s.primary == nil || s.primary.err != nil {
		return
	}
	current, old := s.serving()
	room := s.atMost() - len(current) - len(old)
	for range min(s.desired-len(current)+unhealthy(current), room) {
		s.start(s.primary)
		room--
	}
	if s.previous == nil || s.primary.complete {
		return
	}
	for range min(s.desired-len(s.healthy(current))-len(old)+unhealthy(old), room) {
		s.start(s.previous)
	}
}

// atMost is the number of tasks that a deployment may have.
func (s *service) atMost() int { return s.desired * s.declared.MaximumPercent / 100 }

func unhealthy(tasks []*task) (n int) {
	for _, t := range tasks {
		if t.unhealthy {
			n++
		}
	}
	return n
}

func (s *service) start(d *deployment) {
	t := newTask(d, s.clock.Startup, s.journal.begin(), s.end)
	t.log.report(Starting, nil)
	s.tasks = append(s.tasks, t)
	s.started++
	dies := s.doomed > 0 && s.started%s.doomed == 0
	s.running.Go(func() {
		err := t.run(func(p *process) {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.process, t.started = p, time.Now()
			if dies {
				p.abort()
			}
		})
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil {
			t.deployment.failLaunch(err)
		}
		t.log.end(err)
		t.kill() // frees the contexts
		s.tasks = slices.DeleteFunc(s.tasks, func(other *task) bool { return other == t })
	})
}

func (s *service) settle() {
	if s.steady() {
		s.primary.complete = true
		s.previous = s.primary
	}
}

func (s *service) steady() bool {
	current, _ := s.serving()
	return s.primary != nil && len(s.tasks) == s.desired && len(s.healthy(current)) == s.desired
}

// serving returns the tasks that are not stopping: those of the primary deployment,
// and those of older ones.
func (s *service) serving() (current, old []*task) {
	for _, t := range s.tasks {
		switch {
		case t.stopping:
		case t.deployment == s.primary:
			current = append(current, t)
		default:
			old = append(old, t)
		}
	}
	return current, old
}

func (s *service) healthy(tasks []*task) []*task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return !s.isHealthy(t) })
}

func (s *service) isHealthy(t *task) bool {
	return t.process != nil && t.state() == alb.Healthy
}

// each does something to the programs of the n oldest tasks that serve.
func (s *service) each(n int, do func(*process)) {
	for _, t := range s.oldest(n) {
		do(t.process)
	}
}

// doom kills each n-th task that starts from now on; zero kills none.
func (s *service) doom(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doomed, s.started = n, 0
}

// interrupt ends the oldest task as Fargate does when it reclaims its host.
func (s *service) interrupt() {
	for _, t := range s.oldest(1) {
		s.mu.Lock()
		t.stopping, s.lastEnding = true, Ending{}
		s.mu.Unlock()
		t.interrupt()
	}
}

// end keeps how the last program ended that got SIGTERM.
func (s *service) end(e Ending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastEnding = e
}

func (s *service) oldest(n int) []*task {
	s.mu.Lock()
	defer s.mu.Unlock()
	var running []*task
	for _, t := range s.tasks {
		if t.process != nil && !t.stopping && len(running) < n {
			running = append(running, t)
		}
	}
	return running
}

func (t *task) stop() {
	t.stopping = true
	t.leave()
}

// passes notes that the task passes its health checks: the first time, the deployment's
// count of failures begins anew.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
func (t *task) passes() {
	if !t.passed {
		t.passed, t.deployment.passed, t.deployment.failures = true, true, 0
	}
}

// failLaunch counts a task that ended by itself. Once a task of the deployment has been
// healthy only failed health checks count.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (d *deployment) failLaunch(err error) {
	if !d.passed {
		d.failCheck(err)
	}
}

// failCheck counts a task that fails its health checks, unless the deployment is complete.
func (d *deployment) failCheck(err error) {
	if !d.complete {
		d.failures++
		d.lastErr = err
	}
}
