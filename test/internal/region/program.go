package region

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"

	"example.com/strangler/test/internal/assembly"
)

// programs builds the Go programs of the images for this machine.
type programs struct {
	// root is the module's folder.
	root string

	mu    sync.Mutex
	built map[string]func() (binary string, err error)
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
// an image that is not a Go program of this module.
func programOf(container assembly.Container) (string, error) {
	if container.Image.Folder == "" {
		return "", fmt.Errorf("container %q runs %s: the rehearsal runs only Go programs of this module", container.Name,
			container.Image.Reference)
	}
	info, err := buildinfo.ReadFile(filepath.Join(container.Image.Folder, "service"))
	if err != nil {
		return "", fmt.Errorf("container %q: the rehearsal runs only Go programs of this module: %w", container.Name, err)
	}
	return info.Path, nil
}
