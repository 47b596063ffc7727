package region

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	host "github.com/shirou/gopsutil/v4/process"
)

// process is the program of a task's container, as a process of this machine.
type process struct {
	address string
	command *exec.Cmd
	// container is what an engine runs, with the command as its client. Nil means that the
	// command is the program.
	container *container
	log       *tail
	// done is closed when the process has ended.
	done chan struct{}
}

// start runs a program with the environment of its task definition, except for the
// port: tasks have addresses of their own, and here all share one address, so each
// gets a free port. Its output goes to log.
func start(run Command, environment map[string]string, log *tail) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), log: log, done: make(chan struct{})}
	if run.Image == nil {
		p.command = run.program(port, environment)
	} else if p.command, p.container, err = run.Image.client(port, maps.Clone(environment)); err != nil {
		return nil, err
	}
	p.command.WaitDelay = leftBehind
	if run.Image != nil || run.Folder != "" {
		ownGroup(p.command) // a binary of this module starts nothing, and ends with the terminal's group
	}
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.command.Args[0], err)
	}
	log.serve(p.address)
	go func() {
		_ = p.command.Wait() // ProcessState has its result
		if p.container == nil {
			p.abort() // what it has left behind
		}
		close(p.done)
		if p.container != nil {
			p.container.remove()
		}
	}()
	return p, nil
}

// program is the command of a program that runs as a process, on a port. One that is none of
// this module's has the variables of this machine that its image would have of its own.
func (c Command) program(port int, environment map[string]string) *exec.Cmd {
	environment = withImage(c, environment)
	environment["PORT"] = strconv.Itoa(port)
	command := exec.Command(c.Words[0], c.Words[1:]...)
	command.Dir, command.Env = c.Folder, []string{}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		command.Env = append(command.Env, name+"="+environment[name])
	}
	return command
}

// leftBehind is how long what an ended program has started may keep its output open.
const leftBehind = 100 * time.Millisecond

// unhealthy says why a program fails its health checks: what the target group says, unless nothing
// listens.
func (p *process) unhealthy(description string) error {
	connection, err := net.DialTimeout("tcp", p.address, leftBehind)
	if err != nil {
		_, port, _ := net.SplitHostPort(p.address)
		return fmt.Errorf("health checks failed: nothing listens on PORT, which is %s here: a program with a port of its own must listen on "+
			"that, or run as an image whose variables do not lead to this machine", port)
	}
	connection.Close()
	return errors.New(description)
}

// exit returns how an ended process has ended.
func (p *process) exit() error { return errors.New(p.command.ProcessState.String()) }

// withImage adds the variables of this machine that a program finds others by, unless its task
// definition has them. A binary of this module needs none.
func withImage(run Command, environment map[string]string) map[string]string {
	all := map[string]string{}
	if run.Folder != "" {
		for _, name := range []string{"PATH", "HOME", "LANG", "TMPDIR"} {
			if value, set := os.LookupEnv(name); set {
				all[name] = value
			}
		}
	}
	maps.Copy(all, environment)
	return all
}

// abort sends SIGKILL to the program and to those that it has started, as all processes of a
// container end with its first, and does not wait. It does nothing when they have ended.
func (p *process) abort() {
	if p.container == nil {
		killGroup(p.command.Process)
		return
	}
	go p.container.end(p.done)
}

// hang suspends the program without ending it: SIGSTOP, where there are signals. It does
// nothing when the process has ended.
func (p *process) hang() {
	if p.container == nil {
		_ = p.host().Suspend()
		return
	}
	_ = p.container.signal("STOP")
}

func (p *process) host() *host.Process { return &host.Process{Pid: int32(p.command.Process.Pid)} }

// cpu returns the CPU time that the program has used.
func (p *process) cpu() (time.Duration, error) {
	program := p.host()
	if p.container != nil {
		var err error
		if program.Pid, err = p.container.pid(); err != nil || program.Pid == 0 {
			return 0, err
		}
	}
	seconds, err := program.Times()
	if err != nil {
		return 0, err
	}
	return time.Duration((seconds.User + seconds.System) * float64(time.Second)), nil
}

// stop sends SIGTERM, and kills the program if it still runs after the timeout, as ECS
// does.
func (p *process) stop(timeout time.Duration) Ending {
	asked := time.Now()
	_ = p.command.Process.Signal(syscall.SIGTERM)
	e := Ending{}
	select {
	case <-p.done:
	case <-time.After(timeout):
		e.Killed = true
	}
	e.After = time.Since(asked)
	p.kill()
	return e
}

// kill ends the program at once and waits for its end.
func (p *process) kill() {
	p.abort()
	<-p.done
}

// Programs here have the ports from firstPort on: below those that systems give to outgoing
// connections, which begin at 32768 on Linux and at 49152 elsewhere.
const firstPort, ports = 20_000, 10_000

var (
	// firstTurn is anywhere, so that two rehearsals on one machine seldom try the same port.
	firstTurn = rand.Uint32N(ports)
	turns     atomic.Uint32
)

// freePort returns a port without a listener, and none twice before all have had their turn: a
// program that starts does not listen yet, and another beside it needs one of its own. If another
// process takes the port before the program does, the program ends, and its service starts another.
func freePort() (int, error) {
	for range ports {
		port := firstPort + int((firstTurn+turns.Add(1))%ports)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free on this machine", firstPort, firstPort+ports-1)
}
