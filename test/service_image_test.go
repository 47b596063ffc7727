package test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// sources is a module of three programs: one and two each have a package of their own,
// and both needs the two packages.
var sources = map[string]string{
	"go.mod":              "module example.com/fixture\n\ngo 1.26.0\n\ntoolchain " + runtime.Version() + "\n",
	"README.md":           "Three programs.\n",
	"services/Dockerfile": "FROM scratch\nCOPY service /service\n",
	"stacks/stacks.go":    "package stacks\n",
	"one/one.go":          "package one\n\nfunc Run() { println(1) }\n",
	"one/one_test.go":     "package one\n",
	"two/two.go":          "package two\n\nfunc Run() { println(2) }\n",
	"cmd/one/main.go":     "package main\n\nimport \"example.com/fixture/one\"\n\nfunc main() { one.Run() }\n",
	"cmd/two/main.go":     "package main\n\nimport \"example.com/fixture/two\"\n\nfunc main() { two.Run() }\n",
	"cmd/both/main.go": "package main\n\nimport (\n\t\"example.com/fixture/one\"\n\t\"example.com/fixture/two\"\n)\n\n" +
		"func main() { one.Run(); two.Run() }\n",
}

// writeModule writes files, by their paths, into a folder of the test's own.
func writeModule(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	return root
}

func withProgram(service, program string) change {
	return editService(service, func(s *services.Service) { s.Image = services.Image{Program: program} })
}

// The image of a service with a program is built from the compiled program and a
// Dockerfile, and nothing else.
func TestImageIsTheProgram(t *testing.T) {
	app := neutral(t, withProgram("alpha", "cmd/one"), withProgram("beta", "cmd/two"), withProgram("legacy", "cmd/both"))
	app.Root, app.Images = writeModule(t, sources), nil
	a, err := app.Synthesize(t.TempDir())
	require.NoError(t, err)
	programs := map[string]string{}
	for _, task := range onlyStage(t, a).TaskDefinitions {
		image := task.Containers[0].Image
		if image.Folder == "" {
			continue
		}
		name := task.Containers[0].Name
		info, err := buildinfo.ReadFile(filepath.Join(image.Folder, "service"))
		require.NoError(t, err, name)
		programs[name] = info.Path
		files, err := os.ReadDir(image.Folder)
		require.NoError(t, err, name)
		assert.Len(t, files, 2, "%s: want a binary and a Dockerfile", name)
		assert.Equal(t, "ARM64", task.Architecture, name)
		assert.NotEmpty(t, image.Asset, name)
	}
	assert.Equal(t, map[string]string{
		"alpha":  "example.com/fixture/cmd/one",
		"beta":   "example.com/fixture/cmd/two",
		"legacy": "example.com/fixture/cmd/both",
	}, programs)
}

// An image changes when its program does, and at no other time: a deployment replaces
// the tasks of what changed alone.
func TestImageFollowsTheProgram(t *testing.T) {
	t.Parallel()
	root := writeModule(t, sources)
	before := contextHashes(t, root)
	require.Len(t, before, 3)
	for _, test := range []struct{ edited, want []string }{
		{[]string{"one/one.go"}, []string{"both", "one"}},
		{[]string{"cmd/two/main.go"}, []string{"two"}},
		{[]string{"README.md", "stacks/stacks.go", "one/one_test.go"}, nil},
	} {
		for _, name := range test.edited {
			edit(t, filepath.Join(root, name))
		}
		after := contextHashes(t, root)
		var got []string
		for name := range after {
			if after[name] != before[name] {
				got = append(got, name)
			}
		}
		assert.ElementsMatch(t, test.want, got, "images that an edit of %v changes", test.edited)
		before = after
	}
}

// contextHashes are the hashes of the programs' build contexts, by program.
func contextHashes(t *testing.T, root string) map[string]string {
	t.Helper()
	staging := filepath.Join(root, ".build")
	var all []services.Service
	for _, name := range []string{"one", "two", "both"} {
		all = append(all, services.Service{Name: name, Image: services.Image{Program: "cmd/" + name}})
	}
	images := constructs.StageImages(root, staging, all)
	require.NoError(t, images.Wait())
	hashes := map[string]string{}
	for _, service := range all {
		sum := sha256.New()
		for _, name := range []string{"Dockerfile", "service"} {
			text, err := os.ReadFile(filepath.Join(images.Context(service.Image.Program), name))
			require.NoError(t, err)
			sum.Write(text)
		}
		hashes[service.Name] = string(sum.Sum(nil))
	}
	return hashes
}

// A monolith's image may have any source. Its execution role may pull from the one
// repository of ECR that the image is in.
func TestImageSources(t *testing.T) {
	const ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api"
	digest := "@sha256:" + strings.Repeat("0f", 32)
	repository := []string{"arn:aws:ecr:eu-west-1:123456789012:repository/shop/api"}
	assets := []string{"arn:aws:ecr:eu-west-1:${AWS::AccountId}:repository/cdk-hnb659fds-container-assets-${AWS::AccountId}-eu-west-1"}
	for _, test := range []struct {
		image     services.Image
		reference string
		pulls     []string
	}{
		{services.Image{Registry: ecr + ":1.4"}, ecr + ":1.4", repository},
		{services.Image{Registry: ecr + digest}, ecr + digest, repository},
		{services.Image{Registry: "nginx:1.29"}, "nginx:1.29", nil},
		{services.Image{Folder: "services"}, "", assets},
	} {
		stage := assemble(t, environment("natGateways", 1), editService("legacy", func(s *services.Service) { s.Image = test.image }))
		i := slices.IndexFunc(stage.TaskDefinitions, func(task assembly.TaskDefinition) bool { return task.Stack == "Legacy" })
		require.GreaterOrEqual(t, i, 0)
		image := stage.TaskDefinitions[i].Containers[0].Image
		if test.reference != "" {
			reference := strings.ReplaceAll(image.Reference, "${AWS::URLSuffix}", "amazonaws.com")
			assert.Equal(t, test.reference, reference, "%+v: what the task runs", test.image)
		}
		assert.Equal(t, test.image.Folder != "", image.Folder != "", "%+v: built from %q", test.image, image.Folder)
		var pulls []string
		for _, role := range stage.Roles {
			for _, s := range role.Statements() {
				if role.ARN() == stage.TaskDefinitions[i].ExecutionRole && slices.Contains(s.Action, "ecr:BatchGetImage") {
					pulls = append(pulls, s.Resource...)
				}
			}
		}
		assert.Equal(t, test.pulls, pulls, "%+v: what the execution role may pull from", test.image)
	}
}

// An image that cannot be built is an error before anything is synthesized.
func TestImageThatCannotBeBuilt(t *testing.T) {
	root := writeModule(t, sources)
	for name, test := range map[string]struct {
		image services.Image
		want  string
	}{
		"a folder without a Dockerfile": {services.Image{Folder: "stacks"}, `image of "legacy"`},
		"a program that does not exist": {services.Image{Program: "cmd/nothing"}, "cmd/nothing"},
		"a folder that is no program":   {services.Image{Program: "two"}, "two gives no binary"},
		"a binary with the same name":   {services.Image{Program: "other/one"}, "programs cmd/one and other/one: rename one folder"},
	} {
		all := []services.Service{{Name: "alpha", Image: services.Image{Program: "cmd/one"}}, {Name: "legacy", Image: test.image}}
		assert.ErrorContains(t, constructs.StageImages(root, t.TempDir(), all).Wait(), test.want, name)
	}
}

// The error of a program that does not compile is the compiler's first line.
func TestProgramThatDoesNotCompile(t *testing.T) {
	root := writeModule(t, map[string]string{
		"go.mod":           "module example.com/broken\n\ngo 1.26.0\n\ntoolchain " + runtime.Version() + "\n",
		"services/main.go": "package main\n\nfunc main() {\n\tone()\n\ttwo()\n}\n",
	})
	broken := []services.Service{{Name: "alpha", Image: services.Image{Program: "services"}}}
	err := constructs.StageImages(root, filepath.Join(root, ".build"), broken).Wait()
	require.Error(t, err)
	assert.Regexp(t, `services/main\.go:4:2: undefined: one$`, err.Error())
}

// edit adds a statement that no compiler can leave out, or a line of text.
func edit(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	addition := "\nOne line more.\n"
	if filepath.Ext(name) == ".go" {
		addition = "\nfunc init() { println(\"edited\") }\n"
	}
	require.NoError(t, os.WriteFile(name, append(text, addition...), 0o644))
}
