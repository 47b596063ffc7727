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

	// go test runs a test again when a package that it imports has changed, and
	// does not know what the programs that this one builds are made of.
	_ "example.com/strangler/services/forum/posts"
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

// compile compiles programs as their images have them, for the platform of the
// environment.
func compile(output string, programs []string, environment ...string) error {
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", output)
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
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(filepath.Join(bin, name))
	c.Env = append([]string{"PORT=0", "DRAIN_DELAY=0s"}, environment...)
	return c
}

// process is a program that serves.
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
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill(); p.Wait() })
	p.out = bufio.NewScanner(stdout)
	for p.out.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(p.out.Bytes(), &line); err != nil {
			t.Fatalf("%s logs %q: %v", name, p.out.Text(), err)
		}
		if line.Msg == "serving" {
			_, port, err := net.SplitHostPort(line.Address)
			if err != nil {
				t.Fatal(err)
			}
			p.url = "http://127.0.0.1:" + port
			return p
		}
	}
	t.Fatalf("%s ended before it served", name)
	return nil
}

func get(t testing.TB, url string) *http.Response {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
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
				if answer.StatusCode != want || answer.Header.Get("X-Served-By") != name {
					t.Errorf("/api/%s: %d from %q, want %d", feature, answer.StatusCode, answer.Header.Get("X-Served-By"), want)
				}
			}
			if answer := get(t, p.url+"/healthz"); answer.StatusCode != http.StatusOK {
				t.Errorf("/healthz: %d", answer.StatusCode)
			}
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			var last string
			for p.out.Scan() {
				last = p.out.Text()
			}
			if err := p.Wait(); err != nil || !strings.Contains(last, `"stopped"`) {
				t.Errorf("SIGTERM: %v, last words %s", err, last)
			}
		})
	}
}

// TestProgramsDoNotKnowTheCatalog keeps a change of one service's size or rules
// from changing the image of every service.
func TestProgramsDoNotKnowTheCatalog(t *testing.T) {
	packages, err := exec.Command("go", "list", "-deps", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for imported := range strings.Lines(string(packages)) {
		if imported == "example.com/strangler/services\n" {
			t.Errorf("a program imports %s", imported)
		}
	}
}

func TestRefusesToStart(t *testing.T) {
	for name, c := range map[string]struct {
		program     string
		environment []string
		want        string
	}{
		"no place":     {"users", nil, "users: no table is set: set USERS_TABLE to"},
		"two places":   {"threads", []string{"STORE=memory", "THREADS_TABLE=t"}, "threads: both STORE=memory and THREADS_TABLE are set"},
		"bad port":     {"posts", []string{"PORT=http"}, `posts: PORT is "http": want a number`},
		"bad delay":    {"posts", []string{"DRAIN_DELAY=5"}, `posts: DRAIN_DELAY is "5": want a duration`},
		"bad store":    {"monolith", []string{"STORE=disk"}, `monolith: STORE is "disk": want memory`},
		"no region":    {"monolith", []string{"USERS_TABLE=t"}, "monolith: AWS_REGION is not set"},
		"mixed places": {"monolith", []string{"STORE=memory", "POSTS_TABLE=t"}, "monolith: both STORE=memory and POSTS_TABLE are set"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			p := command(t, c.program, c.environment...)
			p.Stdout, p.Stderr = &stdout, &stderr
			p.Run()
			line := stderr.String()
			if code := p.ProcessState.ExitCode(); code != 1 || !strings.HasPrefix(line, c.want) || strings.Count(line, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("exit status %d, stdout %q, stderr %q; want 1 and one line that begins with %q", code, stdout.String(), line, c.want)
			}
		})
	}
}

// TestMonolithServesWhatItHasTheTableOf is what takes a path from the monolith
// when a service is strangled, and all of them in the end.
func TestMonolithServesWhatItHasTheTableOf(t *testing.T) {
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
		p := start(t, "monolith", append(environment, variable)...)
		for path, want := range map[string]int{"/healthz": 200, "/api/users": 404, "/api/posts": 404, "/api/threads": want} {
			if answer := get(t, p.url+path); answer.StatusCode != want {
				t.Errorf("%s with %s: %d, want %d", path, variable, answer.StatusCode, want)
			}
		}
	}
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	p := start(t, "users", "STORE=memory", "DRAIN_DELAY=10s")
	begin := time.Now()
	p.Process.Signal(syscall.SIGTERM)
	p.out.Scan() // draining: the first signal has arrived
	if answer := get(t, p.url+"/api/users"); answer.StatusCode != http.StatusOK {
		t.Errorf("a request while draining: %d", answer.StatusCode)
	}
	p.Process.Signal(syscall.SIGINT)
	if err := p.Wait(); err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("ended after %s with %v, want at once and not as if all were well", time.Since(begin), err)
	}
}
