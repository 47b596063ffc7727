package region

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	host "github.com/shirou/gopsutil/v4/process"
)

// process is a program that runs in place of a task's container.
type process struct {
	address string
	command *exec.Cmd
	log     tail
	// done is closed once the process is gone.
	done chan struct{}
}

// start runs a program with the environment of its task definition. A task has
// an address of its own and so always its own port; here all share one address,
// so each gets a free port.
func start(binary string, environment map[string]string, said func(line string)) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{
		address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), command: exec.Command(binary), log: tail{said: said},
		done: make(chan struct{}),
	}
	environment = maps.Clone(environment)
	environment["PORT"] = strconv.Itoa(port)
	p.command.Env = []string{}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		p.command.Env = append(p.command.Env, name+"="+environment[name])
	}
	p.command.Stdout, p.command.Stderr = &p.log, &p.log
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() {
		p.command.Wait()
		close(p.done)
	}()
	return p, nil
}

// exit is how a process that is gone has ended.
func (p *process) exit() error { return errors.New(p.command.ProcessState.String()) }

func (p *process) signal(s syscall.Signal) { p.command.Process.Signal(s) }

// cpu is the CPU time that the program has used so far.
func (p *process) cpu() (time.Duration, error) {
	seconds, err := (&host.Process{Pid: int32(p.command.Process.Pid)}).Times()
	if err != nil {
		return 0, err
	}
	return time.Duration((seconds.User + seconds.System) * float64(time.Second)), nil
}

// stop asks the program to leave, and kills it when it is still there after the
// timeout, as ECS does.
func (p *process) stop(timeout time.Duration) {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(timeout):
		p.kill()
	}
}

// kill ends the program at once and waits until it is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// freePort is one that nothing listens on. Whatever takes it before the program
// does makes the program end, and a service start another.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// tail hands on every line that a program writes, and keeps the end of them for
// the error that quotes it.
type tail struct {
	said func(line string)

	mu   sync.Mutex
	text []byte
	// line is the beginning of the next one.
	line []byte
}

const tailBytes = 2048

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.line = append(t.line, b...)
	for {
		line, rest, ended := bytes.Cut(t.line, []byte("\n"))
		if !ended {
			break
		}
		t.said(string(line))
		t.line = rest
	}
	t.text = append(t.text, b...)
	t.text = bytes.Clone(t.text[max(0, len(t.text)-tailBytes):])
	return len(b), nil
}

// explain adds the last thing that the program said, if it said any, to what
// became of it.
func (t *tail) explain(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.text))
	if text == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, text[strings.LastIndex(text, "\n")+1:])
}
