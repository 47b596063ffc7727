package test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"example.com/forum/test/synth"
)

// An image's hash changes when its program does, and at no other time: a
// deployment replaces the tasks of what changed and of nothing else.
func TestImageHashFollowsTheProgram(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "README.md", "app.go", "cdk.json", "services", "stacks", "test"} {
		copyTree(t, filepath.Join("..", name), filepath.Join(root, name))
	}
	before := imageHashes(t, root)
	if len(before) != 4 || len(slices.Compact(slices.Sorted(maps.Values(before)))) != 4 {
		t.Fatalf("hashes %v, want four different ones", before)
	}
	for _, test := range []struct {
		edited []string
		want   []string
	}{
		{[]string{"services/users/routes.go"}, []string{"monolith", "users"}},
		{[]string{"services/posts/routes.go"}, []string{"monolith", "posts"}},
		{[]string{"services/server/server.go"}, []string{"monolith", "posts", "threads", "users"}},
		{[]string{"README.md", "app.go", "stacks/forum.go", "services/catalog.go", "services/users/users_test.go"}, nil},
	} {
		for _, name := range test.edited {
			edit(t, filepath.Join(root, name))
		}
		after := imageHashes(t, root)
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

// imageHashes are the hashes in the task definitions, by container.
func imageHashes(t *testing.T, root string) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	stage := assemble(t, func(app *synth.App) { app.Root, app.Images = root, nil })
	for _, task := range stage.TaskDefinitions {
		hashes[task.Containers[0].Name] = task.Containers[0].Image.Asset
	}
	return hashes
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
