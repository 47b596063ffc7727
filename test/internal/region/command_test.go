//go:build unix

package region

import (
	"cmp"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// node is a definition whose program is none of this module's.
func (s *testService) node(t *testing.T, environment map[string]string) definition {
	t.Helper()
	folder, err := filepath.Abs("testdata/node")
	require.NoError(t, err)
	return definition{
		command:     Command{Words: []string{cmp.Or(os.Getenv("JSII_NODE"), "node"), "server.js"}, Folder: folder},
		environment: environment,
		stopTimeout: 2 * time.Second, cpu: 256, group: s.group,
	}
}

// A program of any language runs in its folder, with the variables of its task definition, a
// port of its own, and those of this machine that it finds others by.
func TestProgramOfAnotherLanguage(t *testing.T) {
	s := newTestService(t, declaredService())
	deploy(t, s, s.node(t, map[string]string{"LATE": "500"}))
	for _, address := range s.addresses() {
		response, err := http.Get("http://" + address + "/")
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Contains(t, string(body), `testdata/node"`)
	}
	assert.Len(t, s.addresses(), 2)
	assert.Contains(t, withImage(Command{Folder: "there"}, nil), "PATH")
	assert.Empty(t, withImage(Command{}, nil), "a binary of this module")
	assert.Equal(t, "own", withImage(Command{Folder: "there"}, map[string]string{"PATH": "own"})["PATH"])
}

// A program that does not listen on PORT is told from one that answers wrongly.
func TestProgramWithAPortOfItsOwn(t *testing.T) {
	port, err := freePort()
	require.NoError(t, err)
	for want, environment := range map[string]map[string]string{
		"nothing listens on PORT": {"OWN_PORT": strconv.Itoa(port)},
		"[302]: GET /healthz wants 200, as Health in the catalog says: ": {"HEALTH": "302"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := newTestService(t, declaredService())
			one := 1
			s.template.HealthCheckGracePeriod, s.template.DesiredCount = 20*time.Second, &one
			err := s.deploy(t.Context(), s.template, s.node(t, environment))
			require.ErrorContains(t, err, want)
		})
	}
}

// How a program ends at SIGTERM is known: at once, after some time, or not by itself.
func TestEndingAtSIGTERM(t *testing.T) {
	for name, test := range map[string]struct {
		grace  string
		least  time.Duration
		killed bool
	}{
		"at once":    {"", 0, false},
		"after 0.5s": {"500", 500 * time.Millisecond, false},
		"never":      {"60000", 2 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTestService(t, declaredService())
			deploy(t, s, s.node(t, map[string]string{"GRACE": test.grace}))
			require.Empty(t, s.lastEnding)
			s.interrupt()
			eventually(t, "an ending", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.lastEnding != (Ending{})
			})
			s.mu.Lock()
			defer s.mu.Unlock()
			assert.GreaterOrEqual(t, s.lastEnding.After, test.least)
			assert.Equal(t, test.killed, s.lastEnding.Killed)
		})
	}
}

// Two programs with one port are told by what the second says, which is not its last line.
func TestProgramsWithOnePort(t *testing.T) {
	port, err := freePort()
	require.NoError(t, err)
	s := newTestService(t, declaredService())
	err = s.deploy(t.Context(), s.template, s.node(t, map[string]string{"OWN_PORT": strconv.Itoa(port)}))
	assert.ErrorContains(t, err, "exit status 1: Error: listen EADDRINUSE: address already in use")
}

// What a program has started ends with it, as in a container.
func TestProgramsEndWithTheirChildren(t *testing.T) {
	s := newTestService(t, declaredService())
	children := make(chan int, 8)
	s.journal.onLog = func(line string) {
		if digits, is := strings.CutPrefix(line, "child "); is {
			pid, _ := strconv.Atoi(digits)
			children <- pid
		}
	}
	deploy(t, s, s.node(t, map[string]string{"CHILD": "yes"}))
	first, second := <-children, <-children
	require.NoError(t, s.delete(t.Context()))
	for _, pid := range []int{first, second} {
		eventually(t, "the child ends", func() bool { return syscall.Kill(pid, 0) != nil || isZombie(pid) })
	}
}

// isZombie reports whether a process has ended and only its entry is left.
func isZombie(pid int) bool {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	return err == nil && strings.Contains(string(status), "State:\tZ")
}

// An image that nothing says how to start is refused in one line.
func TestProgramWithoutRun(t *testing.T) {
	p := &programs{root: t.TempDir()}
	_, err := p.command(t.Context(), assembly.Container{Name: "orders", Image: assembly.Image{Reference: "shop:1"}})
	assert.EqualError(t, err, `container "orders" runs shop:1: say how to start it on this machine, in Image.Run`)
	p.commands = map[string]Command{"orders": {Words: []string{"node", "server.js"}, Folder: "orders"}}
	command, err := p.command(t.Context(), assembly.Container{Name: "orders"})
	require.NoError(t, err)
	assert.Equal(t, Command{Words: []string{"node", "server.js"}, Folder: filepath.Join(p.root, "orders")}, command)
}
