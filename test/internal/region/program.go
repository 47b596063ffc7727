package region

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	"example.com/strangler/test/internal/assembly"
)

// programs builds the Go programs of the images for this machine.
type programs struct {
	// root is the module's folder.
	root string
	// commands start programs that are none of the module's, by the names of containers.
	commands map[string]Command
	// engine runs what nothing else says how to run.
	engine Engine

	mu      sync.Mutex
	built   map[string]func() (binary string, err error)
	fetched map[string]func() (*Image, error)
}

// Command starts a program that is none of this module's.
type Command struct {
	// Words are the program and its arguments.
	Words []string
	// Folder is where it runs, relative to the module's. Empty means the module's own.
	Folder string
	// Image is what an engine runs instead. Nil means none.
	Image *Image
}

// RunAs sets how programs are started that are none of this module's, by the names of their
// containers. It is called before a deployment.
func (r *Region) RunAs(commands map[string]Command) { r.programs.commands = commands }

// command returns how the program of a container is started.
func (p *programs) command(ctx context.Context, container assembly.Container) (Command, error) {
	if c, ok := p.commands[container.Name]; ok {
		return Command{Words: c.Words, Folder: filepath.Join(p.root, c.Folder)}, nil
	}
	if p.engine != "" && !isProgram(container) {
		i, err := p.image(ctx, container)
		return Command{Image: i}, err
	}
	binary, err := p.binary(ctx, container)
	return Command{Words: []string{binary}}, err
}

// equal reports whether both start the same.
func (c Command) equal(other Command) bool {
	return c.Folder == other.Folder && slices.Equal(c.Words, other.Words) && reflect.DeepEqual(c.Image, other.Image)
}

// image returns the image of a container, which it builds or pulls once.
func (p *programs) image(ctx context.Context, container assembly.Container) (*Image, error) {
	image := container.Image
	if image.Asset != "" {
		image.Folder = "" // each assembly has the asset in another
	}
	key := fmt.Sprint(container.Name, image, container.EntryPoint, container.Command, container.User, container.ReadonlyRootFilesystem)
	p.mu.Lock()
	fetch := p.fetched[key]
	if fetch == nil {
		fetch = sync.OnceValues(func() (*Image, error) { return p.engine.image(ctx, container) })
		p.fetched[key] = fetch
	}
	p.mu.Unlock()
	return fetch()
}

// isProgram reports whether a container's image is a Go program of this module.
func isProgram(container assembly.Container) bool {
	_, err := programOf(container)
	return err == nil
}

// binary returns the path of the program of a container's image, which it compiles once.
// The binary in the image is for Fargate, not for this machine.
func (p *programs) binary(ctx context.Context, container assembly.Container) (string, error) {
	program, err := programOf(container)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	build := p.built[program]
	if build == nil {
		build = sync.OnceValues(func() (string, error) { return p.build(ctx, program) })
		p.built[program] = build
	}
	p.mu.Unlock()
	return build()
}

func (p *programs) build(ctx context.Context, program string) (string, error) {
	folder := filepath.Join(p.root, ".build", "rehearsal")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", folder+string(filepath.Separator), program)
	command.Dir = p.root
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w: %s", program, err, bytes.TrimSpace(output))
	}
	return filepath.Join(folder, filepath.Base(program)), nil
}

// programOf returns the main package of the binary in a container's image. It fails for
// an image that is not a Go program of this module: nothing says how to start that here.
func programOf(container assembly.Container) (string, error) {
	if container.Image.Folder == "" {
		return "", fmt.Errorf("container %q runs %s: say how to start it on this machine, in Image.Run", container.Name,
			container.Image.Reference)
	}
	info, err := buildinfo.ReadFile(filepath.Join(container.Image.Folder, "service"))
	if err != nil {
		return "", fmt.Errorf("container %q is no Go program of this module: say how to start it on this machine, in Image.Run: %w",
			container.Name, err)
	}
	return info.Path, nil
}
