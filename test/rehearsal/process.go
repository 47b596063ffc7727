package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a program that runs in place of a Fargate task.
type process struct {
	name    string
	address string
	command *exec.Cmd
	log     tail
	done    chan struct{}
}

// startTimeout bounds the time from start to the first passed health check. A
// program of this repository needs some 20 ms.
const startTimeout = 10 * time.Second

// start runs a program with the environment of its task definition and waits
// until its health check passes. A task has an address of its own and so always
// its own port; here all share one address, so each gets a free port.
func start(ctx context.Context, name, binary, healthCheckPath string, environment map[string]string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &process{name: name, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), done: make(chan struct{})}
	p.command = exec.CommandContext(ctx, binary)
	p.command.Env = []string{}
	for variable, value := range environment {
		p.command.Env = append(p.command.Env, variable+"="+value)
	}
	p.command.Env = append(p.command.Env, "PORT="+strconv.Itoa(port))
	p.command.Stdout, p.command.Stderr = &p.log, &p.log
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.command.Wait()
		close(p.done)
	}()
	if err := p.awaitHealthy(ctx, healthCheckPath); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

func (p *process) awaitHealthy(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s stopped at start: %s", p.name, p.log.String())
		case <-ctx.Done():
			return fmt.Errorf("%s is not healthy after %s: %s", p.name, startTimeout, p.log.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// stop asks the program to drain and leave, and does not wait.
func (p *process) stop() { p.command.Process.Signal(syscall.SIGTERM) }

// kill ends the program at once and waits until it is gone.
func (p *process) kill() {
	p.command.Process.Kill()
	<-p.done
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// tail keeps the end of what a program wrote, for the error that quotes it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 2048

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = bytes.Clone(t.text[max(0, len(t.text)-tailBytes):])
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
