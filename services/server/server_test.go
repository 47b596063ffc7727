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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	require.NoError(t, err)
	mount(s.Mux)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	p := &program{t, bufio.NewScanner(stdout), make(chan error, 1), "", stop}
	go func() { p.done <- s.Run(ctx); logged.Close() }()
	_, port, err := net.SplitHostPort(p.logs("serving")["address"].(string))
	require.NoError(t, err)
	p.url = "http://127.0.0.1:" + port
	return p
}

// logs returns the next line of the log and checks its message.
func (p *program) logs(message string) (line map[string]any) {
	p.Helper()
	p.log.Scan()
	require.NoError(p, json.Unmarshal(p.log.Bytes(), &line), "%q", p.log.Bytes())
	require.Equal(p, message, line["msg"])
	require.Equal(p, "test", line["program"])
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

// wait waits for the end of something, 10 s at most, and checks that it has no error.
func (p *program) wait(end <-chan error) {
	p.Helper()
	select {
	case err := <-end:
		assert.NoError(p, err)
	case <-time.After(10 * time.Second):
		require.Fail(p, "no end after 10 s")
	}
}

func TestDrain(t *testing.T) {
	// The delay is as short as the requests below allow.
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
	status, err := p.get("/healthz")
	require.NoError(t, err, "a new request while draining")
	assert.Equal(t, 200, status, "a new request while draining")
	slow := make(chan error, 1)
	go func() { _, err := p.get("/slow"); slow <- err }()
	p.wait(entered)
	select {
	case err := <-p.done:
		require.Fail(t, "the server ends while a request runs", "after %s: %v", time.Since(begin), err)
	case <-time.After(2 * delay):
	}
	_, err = p.get("/healthz")
	require.Error(t, err, "a new request after the drain delay")
	close(finish)
	p.wait(slow)
	p.logs("stopped")
	p.wait(p.done)
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	require.NoError(t, err)
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	s, err := server.New("test", func(name string) string { return map[string]string{"PORT": port}[name] }, io.Discard)
	require.NoError(t, err)
	assert.ErrorContains(t, s.Run(t.Context()), "address already in use")
}

func TestBadEnvironment(t *testing.T) {
	for _, setting := range []string{
		"PORT=http", "PORT=-1", "PORT=65536", "PORT= 80", "PORT=8080 ",
		"DRAIN_DELAY=5", "DRAIN_DELAY=-5s", "DRAIN_DELAY=soon",
		"OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT=http://", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=/v1/traces",
	} {
		name, value, _ := strings.Cut(setting, "=")
		_, err := server.New("test", func(n string) string { return map[string]string{name: value}[n] }, io.Discard)
		require.ErrorContains(t, err, "want a ", setting)
		assert.True(t, strings.HasPrefix(err.Error(), name+" is "), "%s: %v begins with the variable", setting, err)
	}
}

func TestBadRequestsEnd(t *testing.T) {
	p := start(t, "0s", func(*server.Mux) {})
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n")
	status, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, status, " 431 ", "100 KiB of headers")
}
