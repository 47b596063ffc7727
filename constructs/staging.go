package constructs

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/strangler/services"
)

// Images turns the sources in a catalog into container images.
type Images struct {
	root, staging string
	services      []services.Service
	// contexts are the build contexts of the programs, by program.
	contexts map[string]string
	staged   chan struct{}
	err      error
}

// StageImages starts to build the services' images: it compiles their Go programs for
// linux/arm64 and copies each one, with the Dockerfile that all share, into a folder of
// its own below staging. An unchanged program keeps its bytes and so its image hash,
// whatever else in the module changes, and on every machine.
//
// Paths in the catalog are relative to root, the module's folder. Any number of programs
// may stage into one folder at the same time. The work runs in the background while Node
// loads the CDK. Call Wait before the images are used.
func StageImages(root, staging string, all []services.Service) *Images {
	i := &Images{root: root, staging: staging, services: all, contexts: map[string]string{}, staged: make(chan struct{})}
	go func() {
		defer close(i.staged)
		i.err = i.stageAll()
	}()
	return i
}

// Wait returns when the images are ready. The error is the compiler's, or names
// the folder without a Dockerfile.
func (i *Images) Wait() error {
	<-i.staged
	return i.err
}

// Context is the absolute path of a program's build context, which never changes once it
// is there. Call Wait before. The folder is kept for a day at least.
func (i *Images) Context(program string) string { return i.contexts[program] }

func (i *Images) stageAll() error {
	var err error
	if i.root, err = filepath.Abs(i.root); err != nil {
		return err
	}
	if i.staging, err = filepath.Abs(i.staging); err != nil {
		return err
	}
	programs, err := i.programs()
	if err != nil || len(programs) == 0 {
		return err
	}
	today, err := i.today()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(today, "work-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := i.compile(programs, work); err != nil {
		return err
	}
	for _, program := range programs {
		if i.contexts[program], err = i.stage(program, work, today); err != nil {
			return err
		}
	}
	return nil
}

// programs lists the Go programs, each once, and refuses a folder that cannot be built.
func (i *Images) programs() ([]string, error) {
	var programs []string
	for _, s := range i.services {
		switch {
		case s.Image.Program != "" && !slices.Contains(programs, s.Image.Program):
			programs = append(programs, s.Image.Program)
		case s.Image.Folder != "":
			if _, err := os.Stat(filepath.Join(i.root, s.Image.Folder, "Dockerfile")); err != nil {
				return nil, fmt.Errorf("image of %q: %w", s.Name, err)
			}
		}
	}
	return programs, nil
}

// today is the folder of the build contexts that are used today. It removes those of the
// day before yesterday and older. A context that is used again on another day is written
// again, so that no synthesis uses a folder that another one is about to remove.
func (i *Images) today() (string, error) {
	contexts, now := filepath.Join(i.staging, "context"), time.Now().UTC()
	today := filepath.Join(contexts, now.Format(time.DateOnly))
	if err := os.MkdirAll(today, 0o755); err != nil {
		return "", err
	}
	days, err := os.ReadDir(contexts)
	yesterday := now.AddDate(0, 0, -1).Format(time.DateOnly)
	for _, day := range days {
		if _, err := time.Parse(time.DateOnly, day.Name()); err == nil && day.Name() < yesterday {
			os.RemoveAll(filepath.Join(contexts, day.Name()))
		}
	}
	return today, err
}

// compile builds all programs into a folder that no other synthesis uses. The folder starts
// with the last binaries, because the go command links again only what changed. They are
// hard links: the go command puts a new file in the place of one, and writes into none.
//
// The bytes depend on the module alone: Go's version is the one in go.mod, and of Go's
// settings on this machine only those count that say where modules and the cache are.
// Paths are trimmed, https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies.
func (i *Images) compile(programs []string, work string) error {
	names := map[string]string{}
	binaries := filepath.Join(work, "bin")
	if err := os.Mkdir(binaries, 0o755); err != nil {
		return err
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binaries + string(filepath.Separator)}
	for _, program := range programs {
		name := filepath.Base(program)
		if other, taken := names[name]; taken {
			return fmt.Errorf("programs %s and %s: rename one folder, the name of a binary is the folder's", other, program)
		}
		names[name] = program
		args = append(args, "./"+filepath.ToSlash(program))
		_ = os.Link(i.last(program), filepath.Join(binaries, name)) // without it this run links once more
	}
	build := exec.Command("go", args...)
	build.Dir = i.root
	var err error
	if build.Env, err = i.goEnvironment(); err != nil {
		return err
	}
	output, err := build.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("go build: %s", firstError(output))
	}
	return err
}

// last is the file that keeps a program's last binary.
func (i *Images) last(program string) string {
	return filepath.Join(i.staging, "bin", filepath.Base(program))
}

// goEnvironment is the environment of the go command. GOENV=off leaves out what
// "go env -w" keeps on this machine, and an empty variable is one at its default.
//
// https://pkg.go.dev/cmd/go#hdr-Environment_variables
func (i *Images) goEnvironment() ([]string, error) {
	toolchain, err := i.toolchain()
	if err != nil {
		return nil, err
	}
	environment := slices.Clip(append(os.Environ(), "GOTOOLCHAIN="+toolchain))
	look := exec.Command("go", "env", "-json",
		"GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOVCS",
		"GOPATH", "GOMODCACHE", "GOCACHE", "GOCACHEPROG", "GOTMPDIR")
	look.Dir, look.Env = i.root, append(environment, "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off")
	output, err := look.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("go env: %s", firstError(exit.Stderr))
	}
	if err != nil {
		return nil, err
	}
	var places map[string]string
	if err := json.Unmarshal(output, &places); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	for name, value := range places {
		environment = append(environment, name+"="+value)
	}
	return append(environment, "GOENV=off", "GOFLAGS=", "GOEXPERIMENT=", "GODEBUG=", "GOFIPS140=", "GO111MODULE=", "GOROOT=",
		"GOWORK=off", "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64", "GOARM64=v8.0"), nil
}

var (
	toolchainLine = regexp.MustCompile(`(?m)^toolchain\s+(go\S+)`)
	goLine        = regexp.MustCompile(`(?m)^go\s+(\d+\.\d+\.\d+)\s*$`)
)

// toolchain is the version of Go that compiles the programs: go.mod's toolchain line, or
// its go line where the two are the same and the first is left out. The go command
// downloads it if need be, https://go.dev/doc/toolchain.
func (i *Images) toolchain() (string, error) {
	text, err := os.ReadFile(filepath.Join(i.root, "go.mod"))
	if err != nil {
		return "", err
	}
	if line := toolchainLine.FindSubmatch(text); line != nil {
		return string(line[1]), nil
	}
	if line := goLine.FindSubmatch(text); line != nil {
		return "go" + string(line[1]), nil
	}
	return "", errors.New(`go.mod names no release of Go to compile images with: add a line such as "toolchain go1.26.8"`)
}

// firstError is the Go compiler's first error. Lines that begin with # name a package.
func firstError(output []byte) string {
	for line := range strings.Lines(string(output)) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	return "no reason given"
}

// stage returns a program's build context: a folder in today's that is named by its
// content. It appears whole, by a rename, and is never written again, because other runs
// of the app may be reading it.
func (i *Images) stage(program, work, today string) (string, error) {
	name := filepath.Base(program)
	binary := filepath.Join(work, "bin", name)
	if _, err := os.Stat(binary); err != nil {
		return "", fmt.Errorf("%s gives no binary: want a main package", program)
	}
	dockerfile, err := os.ReadFile(filepath.Join(i.root, "services", "Dockerfile"))
	if err != nil {
		return "", err
	}
	hash, err := hashOf(dockerfile, binary)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(today, fmt.Sprintf("%s-%x", name, hash))
	if _, err := os.Stat(folder); err != nil {
		if err := fill(folder, filepath.Join(work, "context-"+name), dockerfile, binary); err != nil {
			return "", err
		}
	}
	return folder, i.keep(program, binary)
}

// hashOf is the hash of a build context. It reads the binary in pieces.
func hashOf(dockerfile []byte, binary string) ([]byte, error) {
	file, err := os.Open(binary)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	hash.Write(fmt.Appendf(nil, "%d\n%s", len(dockerfile), dockerfile))
	_, err = io.Copy(hash, file)
	return hash.Sum(nil), err
}

// fill writes a build context as a draft, and gives it its name.
func fill(folder, draft string, dockerfile []byte, binary string) error {
	service, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Mkdir(draft, 0o755), os.Chmod(draft, 0o755)); err != nil {
		return err
	}
	err = errors.Join(
		write(filepath.Join(draft, "Dockerfile"), dockerfile, 0o644),
		write(filepath.Join(draft, "service"), service, 0o755))
	if err != nil {
		return err
	}
	err = os.Rename(draft, folder)
	if _, there := os.Stat(folder); there == nil {
		return nil // another run was faster
	}
	return err
}

// keep makes a binary the last one of its program. Where that is not possible, because a
// program of Windows is reading the one before, the next run links once more. A rename of one
// link of a file to another of it does nothing.
func (i *Images) keep(program, binary string) error {
	last := i.last(program)
	if err := os.MkdirAll(filepath.Dir(last), 0o755); err != nil {
		return err
	}
	_ = os.Rename(binary, last)
	return nil
}

// write writes a file with a mode that no umask changes.
func write(name string, content []byte, mode os.FileMode) error {
	if err := os.WriteFile(name, content, mode); err != nil {
		return err
	}
	return os.Chmod(name, mode)
}
