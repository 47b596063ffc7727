package constructs_test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
)

const dockerfile = "FROM scratch\nCOPY service /service\n"

// programs are those of the module that module writes.
var programs = []string{"cmd/one", "cmd/two"}

// module writes a module of two programs, one of which another build tag changes, and
// returns its folder.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":              "module example.com/two\n\ngo 1.26.0\n\ntoolchain " + toolchain(t) + "\n",
		"services/Dockerfile": dockerfile,
		"cmd/one/main.go":     "package main\n\nfunc main() {}\n",
		"cmd/one/tagged.go":   "//go:build tagged\n\npackage main\n\nfunc init() { println(\"tagged\") }\n",
		"cmd/two/main.go":     "package main\n\nfunc main() { println(2) }\n",
	} {
		writeFile(t, filepath.Join(root, name), text)
	}
	return root
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

// toolchain is the one in this module's go.mod.
func toolchain(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^toolchain (\S+)$`).FindSubmatch(text)
	require.NotNil(t, line, "go.mod has a toolchain line")
	return string(line[1])
}

// stage stages both programs.
func stage(root, staging string) (*constructs.Images, error) {
	var all []services.Service
	for _, program := range programs {
		all = append(all, services.Service{Name: filepath.Base(program), Image: services.Image{Program: program}})
	}
	images := constructs.StageImages(root, staging, all)
	return images, images.Wait()
}

// staged stages both programs and returns the names of their contexts, which hold the
// hash of their content, by program.
func staged(t *testing.T, root, staging string) map[string]string {
	t.Helper()
	images, err := stage(root, staging)
	require.NoError(t, err)
	names := map[string]string{}
	for _, program := range programs {
		require.NoError(t, whole(images.Context(program)), program)
		names[program] = filepath.Base(images.Context(program))
	}
	return names
}

// whole is nil if a build context holds what its name says and nothing else.
func whole(folder string) error {
	all := sha256.New()
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 2 {
		return fmt.Errorf("%s holds %v: %w", folder, files, err)
	}
	for _, name := range []string{"Dockerfile", "service"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if name == "Dockerfile" {
			fmt.Fprintln(all, len(content))
		}
		all.Write(content)
	}
	if sum := fmt.Sprintf("%x", all.Sum(nil)); !strings.HasSuffix(folder, "-"+sum) {
		return fmt.Errorf("%s has the hash %s", folder, sum)
	}
	return nil
}

// The same module in another folder gives the same images, and so does a second run,
// which finds the first one's.
func TestImageIsTheSameInEveryFolder(t *testing.T) {
	root, staging := module(t), t.TempDir()
	first := staged(t, root, staging)
	assert.Equal(t, first, staged(t, root, staging))
	assert.Equal(t, first, staged(t, module(t), t.TempDir()))
}

// Go's settings on a machine change no image, in the environment or in the file of
// "go env -w".
func TestImageIgnoresGoSettings(t *testing.T) {
	root, staging := module(t), t.TempDir()
	want := staged(t, root, staging)
	settings := filepath.Join(t.TempDir(), "env")
	writeFile(t, settings, "GOFLAGS=-tags=tagged\n")
	workspace := filepath.Join(t.TempDir(), "go.work")
	writeFile(t, workspace, "go 1.26.0\n")
	for name, value := range map[string]string{
		"GOFLAGS": "-tags=tagged", "GOARM64": "v9.0", "GOAMD64": "v3", "GOEXPERIMENT": "arenas", "GOENV": settings, "GOWORK": workspace,
		"GO111MODULE": "off", "CGO_ENABLED": "1", "GOOS": "windows", "GOARCH": "amd64", "GOFIPS140": "latest", "GODEBUG": "gotypesalias=0",
		"GOTOOLCHAIN": "go1.99.0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			assert.Equal(t, want, staged(t, root, staging))
		})
	}
}

// What compiles the images is the toolchain in go.mod, which is also what the workflows
// set up. A module that names none is refused.
func TestImageToolchain(t *testing.T) {
	root := module(t)
	images, err := stage(root, t.TempDir())
	require.NoError(t, err)
	info, err := buildinfo.ReadFile(filepath.Join(images.Context(programs[0]), "service"))
	require.NoError(t, err)
	assert.Equal(t, toolchain(t), info.GoVersion)

	setup, err := os.ReadFile("../.github/actions/setup/action.yml")
	require.NoError(t, err)
	assert.Contains(t, string(setup), "go-version: "+strings.TrimPrefix(toolchain(t), "go")+"\n")

	writeFile(t, filepath.Join(root, "go.mod"), "module example.com/two\n\ngo 1.26\n")
	_, err = stage(root, t.TempDir())
	assert.ErrorContains(t, err, "go.mod names no release of Go to compile images with")
}

// Several syntheses at the same time do not disturb each other, and no reader ever finds
// half a context.
func TestImagesAreStagedAtTheSameTime(t *testing.T) {
	root, staging := module(t), t.TempDir()
	// To write a large program takes long enough for a reader to see half of it.
	writeFile(t, filepath.Join(root, "cmd/one/large.go"),
		"package main\n\nimport _ \"embed\"\n\n//go:embed large\nvar large string\n\nfunc init() { println(large) }\n")
	writeFile(t, filepath.Join(root, "cmd/one/large"), strings.Repeat("0123456789abcdef", 1<<20))
	stop, read := make(chan struct{}), make(chan error, 1)
	go func() { read <- watch(staging, stop) }()
	for round := range 2 {
		text := fmt.Sprintf("package main\n\nfunc main() { println(%d) }\n", round)
		for _, program := range programs {
			writeFile(t, filepath.Join(root, program, "main.go"), text)
		}
		var wait sync.WaitGroup
		for range 3 {
			wait.Go(func() {
				images, err := stage(root, staging)
				if assert.NoError(t, err, "round %d", round) {
					for _, program := range programs {
						assert.NoError(t, whole(images.Context(program)), "round %d", round)
					}
				}
			})
		}
		wait.Wait()
	}
	close(stop)
	assert.NoError(t, <-read)
	left, err := filepath.Glob(filepath.Join(staging, "context", "*", "work-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "work folders")
}

// watch reads every context as soon as it is there, until stop is closed. The error is of
// one that is not whole, or says that there was none.
func watch(staging string, stop <-chan struct{}) error {
	seen := map[string]bool{}
	for {
		found, err := filepath.Glob(filepath.Join(staging, "context", "*", "[ot]*-*"))
		if err != nil {
			return err
		}
		for _, folder := range found {
			if seen[folder] {
				continue
			}
			if err := whole(folder); err != nil {
				return err
			}
			seen[folder] = true
		}
		select {
		case <-stop:
			if len(seen) == 0 {
				return errors.New("no context appeared")
			}
			return nil
		case <-time.After(100 * time.Microsecond):
		}
	}
}

// Contexts of the day before yesterday and older go; those of yesterday may be in use.
func TestOldContextsGo(t *testing.T) {
	root, staging := module(t), t.TempDir()
	day := func(ago int) string {
		return filepath.Join(staging, "context", time.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly))
	}
	for _, ago := range []int{1, 2, 400} {
		writeFile(t, filepath.Join(day(ago), "one-0f3a", "service"), "old")
	}
	staged(t, root, staging)
	assert.DirExists(t, day(0))
	assert.DirExists(t, day(1))
	assert.NoDirExists(t, day(2))
	assert.NoDirExists(t, day(400))
}

// A program that has not changed is neither linked nor copied again: its last binary is the same
// file, in the place where the go command looks for it. One that has changed is another.
func TestUnchangedProgramIsNotBuiltAgain(t *testing.T) {
	root, staging := module(t), t.TempDir()
	last := func() (files []fs.FileInfo) {
		staged(t, root, staging)
		for _, program := range programs {
			info, err := os.Stat(filepath.Join(staging, "bin", filepath.Base(program)))
			require.NoError(t, err)
			files = append(files, info)
		}
		return files
	}
	first := last()
	writeFile(t, filepath.Join(root, "cmd/two/main.go"), "package main\n\nfunc main() { println(3) }\n")
	second := last()
	assert.True(t, os.SameFile(first[0], second[0]), "the binary of the program that is the same")
	assert.False(t, os.SameFile(first[1], second[1]), "the binary of the program that has changed")
}

// A file of a context is a file of its own, on every file system.
func TestImageHasNoHardLink(t *testing.T) {
	staging := t.TempDir()
	images, err := stage(module(t), staging)
	require.NoError(t, err)
	var all []fs.FileInfo
	require.NoError(t, filepath.WalkDir(staging, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var info fs.FileInfo
			info, err = os.Stat(name)
			all = append(all, info)
		}
		return err
	}))
	for _, program := range programs {
		service, err := os.Stat(filepath.Join(images.Context(program), "service"))
		require.NoError(t, err)
		same := 0
		for _, info := range all {
			if os.SameFile(info, service) {
				same++
			}
		}
		assert.Equal(t, 1, same, "names of the binary of %s", program)
	}
}

// A checkout has the same bytes where git is set to write other line endings.
func TestCheckoutKeepsLineEndings(t *testing.T) {
	attributes, err := os.ReadFile("../.gitattributes")
	require.NoError(t, err)
	origin := t.TempDir()
	files := map[string]string{".gitattributes": string(attributes), "a.png": "\x89PNG\r\n\x1a\n\x00\nIHDR\r\n"}
	for _, name := range []string{"services/Dockerfile", "main.go", "go.mod", "cdk.json", "routes.txt",
		"README.md", "page.js", "page.css", "page.html", ".ci/run", "picture.svg"} {
		files[name] = "one\ntwo\n"
	}
	for name, text := range files {
		writeFile(t, filepath.Join(origin, name), text)
	}
	git := func(folder string, args ...string) {
		t.Helper()
		settings := []string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=true", "-c", "core.eol=crlf"}
		command := exec.Command("git", append(settings, args...)...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
	}
	git(origin, "init", "-q")
	git(origin, "add", ".")
	git(origin, "commit", "-q", "-m", "all")
	checkout := filepath.Join(t.TempDir(), "checkout")
	git(origin, "clone", "-q", origin, checkout)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(checkout, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), name)
	}
}
