package region

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// Engine is the command of a container engine on this machine, and "" for none.
type Engine string

// engines are looked for in this order.
var engines = []string{"docker", "podman", "finch"}

// FindEngine returns the engine that CDK_DOCKER names, as it does for the CDK, or else the first
// of docker, podman and finch that is there and answers.
func FindEngine(ctx context.Context, getenv func(string) string) Engine {
	names := engines
	if own := getenv("CDK_DOCKER"); own != "" {
		names = []string{own}
	}
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	for _, name := range names {
		if exec.CommandContext(ctx, name, "info").Run() == nil {
			return Engine(name)
		}
	}
	return ""
}

// answersWithin is how long engines may take to say that they are there.
const answersWithin = 10 * time.Second

// UseEngine sets the engine that runs the images that nothing else says how to run. It is called
// before a deployment.
func (r *Region) UseEngine(engine Engine) { r.programs.engine = engine }

// Image is what an engine runs as a task.
type Image struct {
	Engine Engine
	// Reference is the image on this machine.
	Reference string
	// Options are those of a run that the task definition asks for, and Arguments what replaces
	// the image's own command.
	Options, Arguments []string
}

// image returns what runs a container, once the image is on this machine, for its processor.
func (e Engine) image(ctx context.Context, container assembly.Container) (*Image, error) {
	reference, err := e.fetch(ctx, container)
	if err != nil {
		return nil, fmt.Errorf("the image of %q: %w", container.Name, err)
	}
	i := &Image{Engine: e, Reference: reference, Options: []string{"--cap-drop", "ALL"}, Arguments: container.Command}
	if container.User != "" {
		i.Options = append(i.Options, "--user", container.User)
	}
	if container.ReadonlyRootFilesystem {
		i.Options = append(i.Options, "--read-only")
	}
	if len(container.EntryPoint) > 0 {
		i.Options = append(i.Options, "--entrypoint", container.EntryPoint[0])
		i.Arguments = slices.Concat(container.EntryPoint[1:], container.Command)
	}
	return i, nil
}

// fetch builds the image of a folder, or pulls one of a registry unless it is there already.
func (e Engine) fetch(ctx context.Context, container assembly.Container) (reference string, err error) {
	platform := "linux/" + runtime.GOARCH
	reference = container.Image.Reference
	if container.Image.Folder != "" {
		reference = "rehearsal-" + container.Name + ":" + cmp.Or(container.Image.Asset, "latest")
		return reference, e.do(ctx, "build", "-q", "--platform", platform, "-t", reference, container.Image.Folder)
	}
	if e.do(ctx, "image", "inspect", reference) == nil {
		return reference, nil
	}
	return reference, e.do(ctx, "pull", "-q", "--platform", platform, reference)
}

// do runs a command of the engine. Its error has the last line that the engine said.
func (e Engine) do(ctx context.Context, args ...string) error {
	output, err := exec.CommandContext(ctx, string(e), args...).CombinedOutput()
	if err == nil {
		return nil
	}
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	return fmt.Errorf("%s %s: %w: %s", e, args[0], err, lines[len(lines)-1])
}

// container is a task that an engine runs.
type container struct {
	engine Engine
	name   string
}

// client returns the command of the engine that runs an image as a container, and ends with it;
// the variables are in the environment of that command, as others may read its arguments. An
// image whose variables lead to this machine shares its network, and listens on PORT. Any other
// has a network of its own, and listens where the task definition says.
func (i *Image) client(port int, environment map[string]string) (*exec.Cmd, *container, error) {
	c := &container{engine: i.Engine, name: fmt.Sprintf("rehearsal-%d-%d", os.Getpid(), port)}
	args := append([]string{"run", "--rm", "--name", c.name}, i.Options...)
	switch here := leadsHere(environment); {
	case !here && environment["PORT"] == "": // nothing connects to a worker
	case !here:
		args = append(args, "--publish", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))+":"+environment["PORT"])
	case runtime.GOOS == "linux":
		args = append(args, "--network", "host")
		environment["PORT"] = strconv.Itoa(port)
	default:
		return nil, nil, fmt.Errorf("a container here has another 127.0.0.1 than this machine, which its variables lead to: " +
			"say in Image.Run how to start the program")
	}
	command := exec.Command(string(i.Engine))
	command.Env = os.Environ()
	for name, value := range environment {
		if ofClient.MatchString(name) {
			args = append(args, "--env", name+"="+value)
			continue
		}
		args = append(args, "--env", name)
		command.Env = append(command.Env, name+"="+value) // the last of a name counts
	}
	command.Args = slices.Concat([]string{string(i.Engine)}, args, []string{i.Reference}, i.Arguments)
	return command, c, nil
}

// ofClient matches the variables that the command of an engine itself reads.
var ofClient = regexp.MustCompile(`^(PATH|HOME|TMPDIR|LANG|XDG_.*|DOCKER_.*|CONTAINER.*|PODMAN_.*|FINCH_.*)$`)

// leadsHere reports whether a variable has an address of this machine.
func leadsHere(environment map[string]string) bool {
	for _, value := range environment {
		for _, here := range []string{"127.0.0.1", "localhost", "[::1]"} {
			if strings.Contains(value, here) {
				return true
			}
		}
	}
	return false
}

// signal sends a signal to the first process of the container.
func (c *container) signal(name string) error {
	return c.engine.do(context.Background(), "kill", "--signal", name, c.name)
}

// end ends the container at once, also one that the engine has not made yet, and returns when
// its client has ended.
func (c *container) end(client <-chan struct{}) {
	for {
		_ = c.signal("KILL") // it fails before the container is there, and after
		select {
		case <-client:
			return
		case <-time.After(leftBehind):
		}
	}
}

// remove removes what is left of the container: one that was made and not started, or whose client
// has ended alone.
func (c *container) remove() { _ = c.engine.do(context.Background(), "rm", "--force", c.name) }

// pid is the number of the container's first process on this machine. It is 0 where the engine
// runs in a virtual machine, as on macOS.
func (c *container) pid() (int32, error) {
	if runtime.GOOS != "linux" {
		return 0, nil
	}
	output, err := exec.Command(string(c.engine), "inspect", "--format", "{{.State.Pid}}", c.name).Output()
	if err != nil {
		return 0, err
	}
	pid, err := strconv.ParseInt(strings.TrimSpace(string(output)), 10, 32)
	return int32(pid), err
}
