package region

import (
	"context"
	"maps"
	"reflect"
	"time"

	"example.com/strangler/test/internal/alb"
)

// definition is what the tasks of one deployment run, and where they register.
type definition struct {
	command     Command
	environment map[string]string
	stopTimeout time.Duration
	// cpu is the CPU that the task reserves, in units of 1/1024 vCPU.
	cpu int
	// group is the target group in which ECS registers the tasks.
	group *group
	// way is how far connections from the load balancer get.
	way way
	// member is what Service Connect gives the tasks of a deployment that begins now. Its
	// configuration is in the revision.
	member *membership
	// revision is all else whose change starts a deployment.
	revision map[string]any
}

func (d definition) equal(other definition) bool {
	return d.command.equal(other.command) && d.stopTimeout == other.stopTimeout && d.cpu == other.cpu &&
		d.group == other.group && d.way == other.way &&
		maps.Equal(d.environment, other.environment) && reflect.DeepEqual(d.revision, other.revision)
}

// task is one copy of a service's program, from the decision to start it to its end.
type task struct {
	deployment *deployment
	startup    time.Duration
	log        *tail
	// leave ends the task after its target is drained, interrupt ends it without waiting
	// for that, and kill ends the program at once.
	leave, interrupt, kill       context.CancelFunc
	leaving, interrupted, killed context.Context
	// onEnd gets how the program ended after SIGTERM.
	onEnd func(Ending)
	// The service's lock guards what follows.
	process  *process
	started  time.Time
	stopping bool
	// unhealthy is whether the target fails its health checks after the grace period, and
	// passed whether it has ever passed them.
	unhealthy, passed bool
}

func newTask(d *deployment, startup time.Duration, log *tail, onEnd func(Ending)) *task {
	t := &task{deployment: d, startup: startup, log: log, onEnd: onEnd}
	t.killed, t.kill = context.WithCancel(context.Background())
	t.interrupted, t.interrupt = context.WithCancel(t.killed)
	t.leaving, t.leave = context.WithCancel(t.interrupted)
	return t
}

// state is the state of the task's target. The program must run.
func (t *task) state() alb.State { return t.deployment.group.state(t.process.address) }

// run runs the task until its end. It fails when the program cannot start, or ends
// before leave is called.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
func (t *task) run(serving func(*process)) error {
	if !sleep(t.leaving, t.startup) {
		return nil
	}
	sidecar, err := t.deployment.member.startSidecar(t.deployment.environment)
	if err != nil {
		return err
	}
	defer sidecar.close()
	p, err := start(t.deployment.command, sidecar.environment, t.log)
	if err != nil {
		return err
	}
	serving(p)
	leave := t.deployment.member.join(p.address)
	t.deployment.group.register(p.address, t.deployment.way)
	select {
	case <-t.leaving.Done():
		leave()
		t.deactivate(p)
		return nil
	case <-p.done:
		leave()
		t.deployment.group.deregister(p.address)
		return t.log.explain(p.exit())
	}
}

// deactivate drains the target before the program gets SIGTERM, as ECS does when it
// stops a task. An interruption does not wait: the program gets SIGTERM while its
// target is deregistered.
func (t *task) deactivate(p *process) {
	drained := t.deployment.group.deregister(p.address)
	select {
	case <-drained:
	case <-t.interrupted.Done():
	case <-p.done:
	}
	stopped := context.AfterFunc(t.killed, p.kill)
	ending := p.stop(t.deployment.stopTimeout)
	stopped()
	t.onEnd(ending)
}

// sleep reports whether the whole time has passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
