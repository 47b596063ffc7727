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

// process is the program of a task's container, as a process of this machine.
type process struct {
	address string
	command *exec.Cmd
	log     tail
	// done is closed when the process has ended.
	done chan struct{}
}

// start runs a program with the environment of its task definition, except for the
// port: tasks have addresses of their own, and here all share one address, so each
// gets a free port. Each line of output goes to onLog.
func start(binary string, environment map[string]string, onLog func(line string)) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{
		address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), command: exec.Command(binary), log: tail{onLog: onLog},
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
		_ = p.command.Wait() // ProcessState has its result
		close(p.done)
	}()
	return p, nil
}

// exit returns how an ended process has ended.
func (p *process) exit() error { return errors.New(p.command.ProcessState.String()) }

// abort sends SIGKILL, and does not wait. It does nothing when the process has ended.
func (p *process) abort() { _ = p.command.Process.Kill() }

// hang suspends the program without ending it: SIGSTOP, where there are signals. It does
// nothing when the process has ended.
func (p *process) hang() { _ = p.host().Suspend() }

func (p *process) host() *host.Process { return &host.Process{Pid: int32(p.command.Process.Pid)} }

// cpu returns the CPU time that the program has used.
func (p *process) cpu() (time.Duration, error) {
	seconds, err := p.host().Times()
	if err != nil {
		return 0, err
	}
	return time.Duration((seconds.User + seconds.System) * float64(time.Second)), nil
}

// stop sends SIGTERM, and kills the program if it still runs after the timeout, as ECS
// does.
func (p *process) stop(timeout time.Duration) {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(timeout):
		p.kill()
	}
}

// kill ends the program at once and waits for its end.
func (p *process) kill() {
	p.abort()
	<-p.done
}

// freePort returns a port without a listener. If another process takes it before the
// program does, the program ends, and its service starts another.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// tail passes every line of a program on to onLog, and keeps the last ones for an error
// message.
type tail struct {
	onLog func(line string)

	mu   sync.Mutex
	text []byte
	// line is a line that has not ended yet.
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
		t.onLog(string(line))
		t.line = rest
	}
	t.text = append(t.text, b...)
	t.text = bytes.Clone(t.text[max(0, len(t.text)-tailBytes):])
	return len(b), nil
}

// explain adds the last line that the program has written, if any, to an error.
func (t *tail) explain(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.text))
	if text == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, text[strings.LastIndex(text, "\n")+1:])
}
