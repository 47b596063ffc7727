package server_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/strangler/services/server"
)

// program is a running server.
type program struct {
	*testing.T
	log  *bufio.Scanner
	done chan error
	url  string
	stop context.CancelFunc
}

// start runs a server whose handlers are set by mount, and stops it with the test.
func start(t *testing.T, drainDelay string, mount func(*server.Mux)) *program {
	t.Helper()
	environment := map[string]string{"PORT": "0", "DRAIN_DELAY": drainDelay}
	stdout, logged := io.Pipe()
	s, err := server.New("test", func(name string) string { return cmp.Or(environment[name], os.Getenv(name)) }, logged)
	if err != nil {
		t.Fatal(err)
	}
	mount(s.Mux)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	p := &program{t, bufio.NewScanner(stdout), make(chan error, 1), "", stop}
	go func() { p.done <- s.Run(ctx); logged.Close() }()
	_, port, err := net.SplitHostPort(p.logs("serving")["address"].(string))
	if err != nil {
		t.Fatal(err)
	}
	p.url = "http://127.0.0.1:" + port
	return p
}

// logs returns the next line of the log, which has to have the message.
func (p *program) logs(message string) (line map[string]any) {
	p.Helper()
	p.log.Scan()
	if err := json.Unmarshal(p.log.Bytes(), &line); err != nil || line["msg"] != message || line["program"] != "test" {
		p.Fatalf("logged %s, want %q", p.log.Bytes(), message)
	}
	return line
}

func (p *program) get(path string) (int, error) {
	answer, err := http.Get(p.url + path)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// soon waits for an end, which has to be a good one, and not for ever.
func (p *program) soon(end <-chan error) {
	p.Helper()
	select {
	case err := <-end:
		if err != nil {
			p.Error(err)
		}
	case <-time.After(10 * time.Second):
		p.Fatal("the wait has no end")
	}
}

func TestDrain(t *testing.T) {
	// The delay is long enough for the requests below and no more.
	const delay = 300 * time.Millisecond
	entered, finish := make(chan error), make(chan bool)
	p := start(t, delay.String(), func(m *server.Mux) {
		m.Handle("GET /slow", func(w http.ResponseWriter, _ *http.Request) error {
			entered <- nil
			<-finish
			return nil
		})
	})
	begin := time.Now()
	p.stop()
	p.logs("draining")
	http.DefaultClient.CloseIdleConnections()
	if status, err := p.get("/healthz"); status != 200 || err != nil {
		t.Errorf("a new request while draining: %d, %v; want 200", status, err)
	}
	slow := make(chan error, 1)
	go func() { _, err := p.get("/slow"); slow <- err }()
	p.soon(entered)
	select {
	case err := <-p.done:
		t.Fatalf("stopped %s after it was told to, with a request running: %v", time.Since(begin), err)
	case <-time.After(2 * delay):
	}
	if _, err := p.get("/healthz"); err == nil {
		t.Error("a new request after the drain delay is answered")
	}
	close(finish)
	p.soon(slow)
	p.logs("stopped")
	p.soon(p.done)
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	s, err := server.New("test", func(name string) string { return map[string]string{"PORT": port}[name] }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("Run = %v, want address already in use", err)
	}
}

func TestBadEnvironment(t *testing.T) {
	for _, setting := range []string{
		"PORT=http", "PORT=-1", "PORT=65536", "PORT= 80", "PORT=8080 ",
		"DRAIN_DELAY=5", "DRAIN_DELAY=-5s", "DRAIN_DELAY=soon",
		"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT=http://", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=/v1/traces",
	} {
		name, value, _ := strings.Cut(setting, "=")
		_, err := server.New("test", func(n string) string { return map[string]string{name: value}[n] }, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), name+" is ") || !strings.Contains(err.Error(), "want a ") {
			t.Errorf("%s: %v, want what is wrong with %s and what is right", setting, err, name)
		}
	}
}

func TestBadRequestsEnd(t *testing.T) {
	p := start(t, "0s", func(*server.Mux) {})
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n")
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(status, " 431 ") {
		t.Errorf("100 KiB of headers: %q, %v; want 431", status, err)
	}
}
