//go:build unix

package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	// go test caches a result until an imported package changes. These are the packages
	// of the programs that the test builds.
	_ "example.com/strangler/services/client"
	_ "example.com/strangler/services/forum/posts"
	_ "example.com/strangler/services/forum/reference"
	_ "example.com/strangler/services/forum/threads"
	_ "example.com/strangler/services/forum/users"
	_ "example.com/strangler/services/server"
	_ "example.com/strangler/services/table"

	"example.com/strangler/services/table/dynamotest"
)

var programs = []string{"users", "threads", "posts", "monolith"}

var folder string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if folder, err = os.MkdirTemp("", "programs"); err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		return m.Run()
	}())
}

// build compiles all programs for this machine, once, and returns their folder.
var build = sync.OnceValues(func() (string, error) {
	return folder, compile(folder, programs)
})

// compile compiles programs with the flags of their images, for the platform that the
// environment sets.
func compile(output string, programs []string, environment ...string) error {
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", output)
	c.Env = append(append(os.Environ(), "CGO_ENABLED=0"), environment...)
	for _, name := range programs {
		if _, err := os.Stat(filepath.Join(name, "main.go")); err != nil {
			return err
		}
		c.Args = append(c.Args, "./"+name)
	}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func command(t testing.TB, name string, environment ...string) *exec.Cmd {
	t.Helper()
	bin, err := build()
	require.NoError(t, err)
	c := exec.Command(filepath.Join(bin, name))
	c.Env = append([]string{"PORT=0", "DRAIN_DELAY=0s"}, environment...)
	return c
}

// process is a program that runs and serves.
type process struct {
	*exec.Cmd
	url string
	out *bufio.Scanner
}

// start runs a program until it serves, and ends it with the test.
func start(t testing.TB, name string, environment ...string) *process {
	t.Helper()
	p := &process{Cmd: command(t, name, environment...)}
	stdout, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	p.out = bufio.NewScanner(stdout)
	for p.out.Scan() {
		var line struct{ Msg, Address string }
		require.NoError(t, json.Unmarshal(p.out.Bytes(), &line), "%s logs %q", name, p.out.Text())
		if line.Msg == "serving" {
			_, port, err := net.SplitHostPort(line.Address)
			require.NoError(t, err)
			p.url = "http://127.0.0.1:" + port
			return p
		}
	}
	require.FailNow(t, name+" ended before it served")
	return nil
}

func get(t testing.TB, url string) *http.Response {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer
}

func TestPrograms(t *testing.T) {
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			p := start(t, name, "STORE=memory")
			for _, feature := range programs[:3] {
				want := http.StatusNotFound
				if name == feature || name == "monolith" {
					want = http.StatusOK
				}
				answer := get(t, p.url+"/api/"+feature)
				assert.Equal(t, want, answer.StatusCode, feature)
				assert.Equal(t, name, answer.Header.Get("X-Served-By"), feature)
			}
			assert.Equal(t, http.StatusOK, get(t, p.url+"/healthz").StatusCode, "/healthz")
			require.NoError(t, p.Process.Signal(syscall.SIGTERM))
			var last string
			for p.out.Scan() {
				last = p.out.Text()
			}
			require.NoError(t, p.Wait(), "after SIGTERM")
			assert.Contains(t, last, `"stopped"`, "the last line of the log")
		})
	}
}

// TestProgramsDoNotKnowTheCatalog checks that programs do not import the catalog: a
// change of one service's size or rules would change the image of every service.
func TestProgramsDoNotKnowTheCatalog(t *testing.T) {
	packages, err := exec.Command("go", "list", "-deps", "./...").Output()
	require.NoError(t, err)
	imported := strings.Fields(string(packages))
	assert.Contains(t, imported, "example.com/strangler/services/server")
	assert.NotContains(t, imported, "example.com/strangler/services")
}

func TestRefusesToStart(t *testing.T) {
	aws := []string{"AWS_REGION=eu-west-1"}
	for name, c := range map[string]struct {
		program     string
		environment []string
		want        string
	}{
		"no table":      {"users", nil, "users: no table is set: set USERS_TABLE to"},
		"two stores":    {"threads", []string{"STORE=memory", "THREADS_TABLE=t"}, "threads: both STORE=memory and THREADS_TABLE are set"},
		"bad port":      {"posts", []string{"PORT=http"}, `posts: PORT is "http": want a number`},
		"bad delay":     {"posts", []string{"DRAIN_DELAY=5"}, `posts: DRAIN_DELAY is "5": want a duration`},
		"bad store":     {"monolith", []string{"STORE=disk"}, `monolith: STORE is "disk": want memory`},
		"no region":     {"monolith", []string{"USERS_TABLE=t"}, "monolith: AWS_REGION is not set"},
		"no connection": {"threads", append(aws, "THREADS_TABLE=t"), `threads: USERS_URL is not set: name "users" in Calls`},
		"one of two":    {"posts", append(aws, "POSTS_TABLE=t", "USERS_URL=http://users"), "posts: THREADS_URL is not set: name"},
		"no URL":        {"posts", []string{"STORE=memory", "USERS_URL=users"}, "posts: USERS_URL is not the URL of a service: want one"},
		"taken table":   {"monolith", append(aws, "THREADS_TABLE=t"), `monolith: USERS_URL is not set: name "users" in Calls`},
		"mixed stores":  {"monolith", []string{"STORE=memory", "POSTS_TABLE=t"}, "monolith: both STORE=memory and POSTS_TABLE are set"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			p := command(t, c.program, c.environment...)
			p.Stdout, p.Stderr = &stdout, &stderr
			p.Run()
			line := stderr.String()
			assert.Equal(t, 1, p.ProcessState.ExitCode(), "exit status")
			assert.True(t, strings.HasPrefix(line, c.want), "%q begins with %q", line, c.want)
			assert.Equal(t, 1, strings.Count(line, "\n"), "lines of %q", line)
			assert.Empty(t, stdout.String(), "stdout")
		})
	}
}

// TestMonolithServesFeaturesWithTable checks how a path leaves the monolith when its
// service is strangled: the environment no longer names the table.
func TestMonolithServesFeaturesWithTable(t *testing.T) {
	database := httptest.NewServer(dynamotest.New())
	defer database.Close()
	var environment []string
	for name, value := range dynamotest.Environment(database.URL) {
		environment = append(environment, name+"="+value)
	}
	for variable, want := range map[string]int{
		"THREADS_TABLE=none": http.StatusInternalServerError, // served, though there is no such table
		"NO_TABLE=none":      http.StatusNotFound,
	} {
		p := start(t, "monolith", append(environment, variable, "USERS_URL=http://users")...)
		for path, want := range map[string]int{"/healthz": 200, "/api/users": 404, "/api/posts": 404, "/api/threads": want} {
			assert.Equal(t, want, get(t, p.url+path).StatusCode, "%s with %s", path, variable)
		}
	}
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	p := start(t, "users", "STORE=memory", "DRAIN_DELAY=10s")
	begin := time.Now()
	p.Process.Signal(syscall.SIGTERM)
	p.out.Scan() // draining: the first signal has arrived
	assert.Equal(t, http.StatusOK, get(t, p.url+"/api/users").StatusCode, "a request while draining")
	p.Process.Signal(syscall.SIGINT)
	assert.Error(t, p.Wait(), "the exit status")
	assert.LessOrEqual(t, time.Since(begin), 5*time.Second)
}
