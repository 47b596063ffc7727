//go:build unix

package region

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// standIn is a container engine of the tests: it runs the program of testdata/node in the place
// of every image, on the port that is published or, in the network of this machine, on PORT. A
// program that it has not been told of by --env has no variable. Each call is a line in the file.
func standIn(t *testing.T) (engine Engine, calls func() []string) {
	t.Helper()
	folder := t.TempDir()
	server, err := filepath.Abs("testdata/node/server.js")
	require.NoError(t, err)
	script := fmt.Sprintf(`#!/bin/sh
echo "$*" >> '%[1]s/calls'
case $1 in
info | build | pull | rm) exit 0 ;;
image) exit 1 ;;
kill) exec kill -s "$3" "$(cat '%[1]s/'"$4")" ;;
inspect) exec cat '%[1]s/'"$4" ;;
esac
given=
while [ $# -gt 0 ]; do
  case $1 in
  --name) echo $$ > '%[1]s/'"$2"; shift ;;
  --env) given="$given $2"; shift ;;
  --publish) published=${2#*:}; shift ;;
  esac
  shift
done
[ -z "$published" ] || PORT=${published%%:*}
case $given in *LATE*) ;; *) LATE= ;; esac
export PORT LATE
exec '%[2]s' '%[3]s'
`, folder, cmp.Or(os.Getenv("JSII_NODE"), "node"), server)
	return command(t, folder, script), func() []string {
		text, err := os.ReadFile(filepath.Join(folder, "calls"))
		require.NoError(t, err)
		return strings.Split(strings.TrimSpace(string(text)), "\n")
	}
}

// command is the engine that a script is. Nothing forks while it is written: a process that
// began meanwhile would hold the file open, and the kernel runs no file that is open for writing
// (https://go.dev/issue/22315).
func command(t *testing.T, folder, script string) Engine {
	t.Helper()
	file := filepath.Join(folder, "engine")
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(t, os.WriteFile(file, []byte(script), 0o755))
	return Engine(file)
}

// image is a definition whose program an engine runs.
func (s *testService) image(t *testing.T, engine Engine, environment map[string]string) definition {
	t.Helper()
	d := s.node(t, environment)
	d.command = Command{Image: &Image{Engine: engine, Reference: "shop:1", Options: []string{"--read-only"}, Arguments: []string{"serve"}}}
	return d
}

// An image runs as a task does: on the port of its task definition in a network of its own, or
// on PORT in this machine's when its variables lead there. It hangs, dies and ends as others do.
func TestImages(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("on another system an engine runs in a virtual machine: nothing of it is simulated here")
	}
	for name, test := range map[string]struct {
		environment map[string]string
		want        string
	}{
		"own network": {map[string]string{"PORT": "3000", "LATE": "1"}, ":3000 "},
		"this one":    {map[string]string{"PORT": "3000", "DATABASE": "localhost:5432"}, "--network host "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, calls := standIn(t)
			s := newTestService(t, declaredService())
			deploy(t, s, s.image(t, engine, test.environment))
			first := calls()[0]
			assert.Regexp(t, `^run --rm --name rehearsal-\d+-\d+ --read-only `, first)
			assert.Contains(t, first, test.want)
			assert.True(t, strings.HasSuffix(first, " shop:1 serve"), first)
			assert.NotContains(t, first, "localhost:5432", "others may read the arguments of a command")

			hung := s.oldest(1)[0].process.address
			s.each(1, (*process).hang)
			gone := func(addresses ...string) func() bool {
				return func() bool {
					now := healthyOf(s)
					return len(now) == 2 && len(s.list()) == 2 && !slices.ContainsFunc(addresses, func(a string) bool { return slices.Contains(now, a) })
				}
			}
			eventually(t, "another task in the place of the one that hangs", gone(hung))
			before := healthyOf(s)
			s.each(all, (*process).abort)
			eventually(t, "two others", gone(before...))
			used, err := s.oldest(1)[0].process.cpu()
			require.NoError(t, err)
			assert.Positive(t, used)
			require.NoError(t, s.delete(t.Context()))
			assert.False(t, s.lastEnding.Killed, "SIGTERM reaches the program")
		})
	}
}

func healthyOf(s *testService) (addresses []string) {
	for _, t := range s.list() {
		if t.State == alb.Healthy {
			addresses = append(addresses, t.Address)
		}
	}
	return addresses
}

// An image of a folder is built, and one of a registry pulled, once and for this machine; what
// the task definition says of user, file system and command is said to the engine.
func TestImageIsFetched(t *testing.T) {
	engine, calls := standIn(t)
	p := &programs{engine: engine, fetched: map[string]func() (*Image, error){}}
	for _, folder := range []string{"orders", "again/orders"} {
		command, err := p.command(t.Context(), assembly.Container{Name: "orders", Image: assembly.Image{Asset: "5f2c", Folder: folder}})
		require.NoError(t, err)
		assert.Equal(t, &Image{Engine: engine, Reference: "rehearsal-orders:5f2c", Options: []string{"--cap-drop", "ALL"}}, command.Image)
	}
	command, err := p.command(t.Context(), assembly.Container{
		Name: "web", Image: assembly.Image{Reference: "shop:1"}, User: "1000:1000", ReadonlyRootFilesystem: true,
		EntryPoint: []string{"bundle", "exec"}, Command: []string{"web"},
	})
	require.NoError(t, err)
	assert.Equal(t, &Image{
		Engine: engine, Reference: "shop:1",
		Options:   []string{"--cap-drop", "ALL", "--user", "1000:1000", "--read-only", "--entrypoint", "bundle"},
		Arguments: []string{"exec", "web"},
	}, command.Image)
	platform := "--platform linux/" + runtime.GOARCH
	assert.Equal(t, []string{
		"build -q " + platform + " -t rehearsal-orders:5f2c orders",
		"image inspect shop:1",
		"pull -q " + platform + " shop:1",
	}, calls())
}

// What an engine says when it fails is the end of one line.
func TestEngineFails(t *testing.T) {
	engine := command(t, t.TempDir(), "#!/bin/sh\necho first >&2\necho 'no such image' >&2\nexit 125\n")
	_, err := engine.image(t.Context(), assembly.Container{Name: "web", Image: assembly.Image{Reference: "shop:1"}})
	assert.EqualError(t, err, `the image of "web": `+string(engine)+` pull: exit status 125: no such image`)
}

// CDK_DOCKER names the engine, as it does for the CDK; one that does not answer is none.
func TestFindEngine(t *testing.T) {
	engine, _ := standIn(t)
	own := func(name string) func(string) string { return func(string) string { return name } }
	assert.Equal(t, engine, FindEngine(t.Context(), own(string(engine))))
	assert.Empty(t, FindEngine(t.Context(), own("no-such-engine")))
	t.Setenv("PATH", filepath.Dir(string(engine)))
	require.NoError(t, os.Symlink(string(engine), filepath.Join(filepath.Dir(string(engine)), "finch")))
	assert.Equal(t, Engine("finch"), FindEngine(t.Context(), own("")))
}

// Nothing connects to a worker, so none of its ports is published; a variable that the shell has too
// is not among the arguments, unless the engine's own command reads it.
func TestArgumentsOfAContainer(t *testing.T) {
	t.Setenv("DATABASE_URL", "of the shell")
	i := &Image{Engine: "docker", Reference: "shop:1"}
	command, _, err := i.client(4711, map[string]string{"DATABASE_URL": "hunter2", "HOME": "/app"})
	require.NoError(t, err)
	arguments := strings.Join(command.Args, " ")
	assert.NotContains(t, arguments, "--publish")
	assert.NotContains(t, arguments, "hunter2")
	assert.Contains(t, arguments, "--env HOME=/app")
	assert.Contains(t, command.Env, "DATABASE_URL=hunter2")
	assert.NotContains(t, command.Env, "HOME=/app")
}

// A container that the engine has not made yet when it is to end does not stay.
func TestContainerEndsEarly(t *testing.T) {
	engine, _ := standIn(t)
	s := newTestService(t, declaredService())
	d := s.image(t, engine, map[string]string{"PORT": "3000"})
	p, err := start(d.command, d.environment, newTestJournal("orders").begin())
	require.NoError(t, err)
	began := time.Now()
	p.kill()
	assert.Less(t, time.Since(began), 10*time.Second)
}
