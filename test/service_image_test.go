package test

import (
	"crypto/sha256"
	"debug/buildinfo"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/example"
)

// The hash of an image is that of its build context, and the context is what was
// staged for the service's program.
func TestImageIsTheProgram(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	for _, task := range stage.TaskDefinitions {
		container := task.Containers[0]
		program := completed(t).Find(container.Name).Image.Program
		if program == "" {
			continue
		}
		info, err := buildinfo.ReadFile(filepath.Join(container.Image.Folder, "service"))
		if err != nil {
			t.Fatal(err)
		}
		if want := "example.com/strangler/" + program; info.Path != want {
			t.Errorf("the image of %s holds %s, want %s", container.Name, info.Path, want)
		}
		files, err := os.ReadDir(container.Image.Folder)
		if err != nil || len(files) != 2 {
			t.Errorf("the context of %s holds %v, want a binary and a Dockerfile (%v)", container.Name, files, err)
		}
		if task.Architecture != "ARM64" || container.Image.Asset == "" {
			t.Errorf("%s: %s, %+v", container.Name, task.Architecture, container.Image)
		}
	}
}

// An image changes when its program does, and at no other time: a deployment
// replaces the tasks of what changed and of nothing else.
func TestImageFollowsTheProgram(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "README.md", "app.go", "services", "stacks"} {
		copyTree(t, filepath.Join("..", name), filepath.Join(root, name))
	}
	before := contextHashes(t, root)
	if len(before) != 3 || len(slices.Compact(slices.Sorted(maps.Values(before)))) != 3 {
		t.Fatalf("hashes %v, want three different ones", before)
	}
	for _, test := range []struct {
		edited []string
		want   []string
	}{
		{[]string{"services/users/routes.go"}, []string{"monolith", "users"}},
		{[]string{"README.md", "app.go", "stacks/forum.go", "services/catalog.go", "services/users/users_test.go"}, nil},
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
		if slices.Sort(got); !slices.Equal(got, test.want) {
			t.Errorf("an edit of %v changes the images of %v, want %v", test.edited, got, test.want)
		}
		before = after
	}
}

// contextHashes are the hashes of the build contexts of two services and the
// monolith, by program.
func contextHashes(t *testing.T, root string) map[string]string {
	t.Helper()
	staging := filepath.Join(root, ".build")
	var some []services.Service
	for _, name := range []string{"users", "threads", "monolith"} {
		some = append(some, services.Service{Name: name, Image: services.Image{Program: "services/forum/cmd/" + name}})
	}
	if err := constructs.StageImages(root, staging, some).Wait(); err != nil {
		t.Fatal(err)
	}
	hashes := map[string]string{}
	contexts := filepath.Join(staging, "context")
	programs, err := os.ReadDir(contexts)
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		all := sha256.New()
		for _, name := range []string{"Dockerfile", "service"} {
			text, err := os.ReadFile(filepath.Join(contexts, program.Name(), name))
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
		hashes[program.Name()] = string(all.Sum(nil))
	}
	return hashes
}

// A monolith may come from anywhere. Its execution role may pull from the one
// repository that its image is in.
func TestImageSources(t *testing.T) {
	const ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/api"
	for _, test := range []struct {
		image     services.Image
		reference string
		pulls     []string
	}{
		{services.Image{Registry: ecr + ":1.4"}, ecr + ":1.4", []string{"arn:aws:ecr:eu-west-1:123456789012:repository/shop/api"}},
		{services.Image{Registry: ecr + "@sha256:0f"}, ecr + "@sha256:0f", []string{"arn:aws:ecr:eu-west-1:123456789012:repository/shop/api"}},
		{services.Image{Registry: "nginx:1.29"}, "nginx:1.29", nil},
		{services.Image{Folder: "services"}, "", []string{"arn:aws:ecr:eu-west-1:${AWS::AccountId}:repository/cdk-hnb659fds-container-assets-${AWS::AccountId}-eu-west-1"}},
	} {
		stage := assemble(t, environment("natGateways", 1), editService("monolith", func(s *services.Service) { s.Image = test.image }))
		i := slices.IndexFunc(stage.TaskDefinitions, func(task assembly.TaskDefinition) bool { return task.Stack == "Monolith" })
		image := stage.TaskDefinitions[i].Containers[0].Image
		if got := strings.ReplaceAll(image.Reference, "${AWS::URLSuffix}", "amazonaws.com"); test.reference != "" && got != test.reference {
			t.Errorf("%+v: the task runs %s, want %s", test.image, got, test.reference)
		}
		if folder := image.Folder != ""; folder != (test.image.Folder != "") {
			t.Errorf("%+v: built from %q", test.image, image.Folder)
		}
		var pulls []string
		for _, role := range stage.Roles {
			for _, s := range role.Statements() {
				if role.ARN() == stage.TaskDefinitions[i].ExecutionRole && slices.Contains(s.Action, "ecr:BatchGetImage") {
					pulls = append(pulls, s.Resource...)
				}
			}
		}
		if !slices.Equal(pulls, test.pulls) {
			t.Errorf("%+v: may pull from %v, want %v", test.image, pulls, test.pulls)
		}
	}
}

// What cannot be built is said before anything is synthesized.
func TestImageThatCannotBeBuilt(t *testing.T) {
	for name, test := range map[string]struct {
		image services.Image
		want  string
	}{
		"a folder without a Dockerfile": {services.Image{Folder: "stacks"}, `image of "monolith"`},
		"a program that is not there":   {services.Image{Program: "services/forum/cmd/nothing"}, "services/forum/cmd/nothing"},
		"a folder that is no program":   {services.Image{Program: "services/server"}, "services/server gives no binary"},
		"a binary with another's name":  {services.Image{Program: "other/users"}, "programs services/forum/cmd/users and other/users: rename one folder"},
	} {
		both := []services.Service{example.Catalog().Services[0], {Name: "monolith", Image: test.image}}
		err := constructs.StageImages("..", t.TempDir(), both).Wait()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// A program that does not compile is one line, the compiler's first.
func TestProgramThatDoesNotCompile(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":           "module example.com/broken\n\ngo 1.26\n",
		"services/main.go": "package main\n\nfunc main() {\n\tone()\n\ttwo()\n}\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	broken := []services.Service{{Name: "users", Image: services.Image{Program: "services"}}}
	err := constructs.StageImages(root, filepath.Join(root, ".build"), broken).Wait()
	if err == nil || !strings.HasSuffix(err.Error(), "services/main.go:4:2: undefined: one") {
		t.Errorf("%v, want the compiler's first line", err)
	}
}

// edit adds a statement that no compiler can leave out, or a line of text.
func edit(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	addition := "\nOne line more.\n"
	if filepath.Ext(name) == ".go" {
		addition = "\nfunc init() { println(\"edited\") }\n"
	}
	if err := os.WriteFile(name, append(text, addition...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
