package cloudformation_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// declared is a stack's template, and the stacks that it comes after.
type declared struct {
	Resources map[string]resource
	Outputs   map[string]any `json:",omitempty"`
	after     []string
}

type resource struct {
	Type           string
	Properties     map[string]any `json:",omitempty"`
	DependsOn      []string       `json:",omitempty"`
	DeletionPolicy string         `json:",omitempty"`
}

// thing is a resource that refers to others.
func thing(value any, refs ...string) resource {
	return resource{Type: "Test::Thing", Properties: map[string]any{"Value": value, "Refs": list(refs)}}
}

func list(ids []string) []any {
	all := []any{}
	for _, id := range ids {
		all = append(all, map[string]any{"Ref": id})
	}
	return all
}

// read makes a stage of templates by writing them to a folder.
func read(t rapid.TB, dir string, stacks map[string]declared) *assembly.Stage {
	t.Helper()
	artifacts := map[string]any{}
	for id, s := range stacks {
		file := id + ".template.json"
		write(t, filepath.Join(dir, file), s)
		artifacts[id] = map[string]any{
			"type":         "aws:cloudformation:stack",
			"dependencies": s.after,
			"properties":   map[string]any{"templateFile": file},
		}
	}
	write(t, filepath.Join(dir, "manifest.json"), map[string]any{"artifacts": artifacts})
	a, err := assembly.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a.Stages[0]
}

func write(t rapid.TB, file string, content any) {
	t.Helper()
	data, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fake keeps the properties of what is there, and a log of its calls such as
// "CREATE Users.Service".
type fake struct {
	// during, if set, is what happens in a call.
	during func(ctx context.Context, call string) error

	mu    sync.Mutex
	there map[string]map[string]any
	log   []string
}

func (f *fake) Create(ctx context.Context, _ *assembly.Stage, r assembly.Resource) error {
	return f.call(ctx, cloudformation.Create, r)
}

func (f *fake) Update(ctx context.Context, _ *assembly.Stage, _, to assembly.Resource) error {
	return f.call(ctx, cloudformation.Update, to)
}

func (f *fake) Delete(ctx context.Context, r assembly.Resource) error {
	return f.call(ctx, cloudformation.Delete, r)
}

func name(stack, logicalID string) string { return stack + "." + logicalID }

// call leaves something behind even if it fails, as AWS does.
func (f *fake) call(ctx context.Context, action cloudformation.Action, r assembly.Resource) error {
	id := name(r.Stack, r.LogicalID)
	call := string(action) + " " + id
	f.mu.Lock()
	f.log = append(f.log, call)
	if f.there == nil {
		f.there = map[string]map[string]any{}
	}
	if action != cloudformation.Delete {
		f.there[id] = r.Properties
	}
	f.mu.Unlock()
	if f.during != nil {
		if err := f.during(ctx, call); err != nil {
			return err
		}
	}
	if action == cloudformation.Delete {
		f.mu.Lock()
		delete(f.there, id)
		f.mu.Unlock()
	}
	return nil
}

// calls takes the log, so that the next one starts empty.
func (f *fake) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log = nil
	return log
}

func (f *fake) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.there))
}

// want is the properties that a stage declares.
func want(stage *assembly.Stage) map[string]map[string]any {
	properties := map[string]map[string]any{}
	for r := range stage.Resources() {
		properties[name(r.Stack, r.LogicalID)] = r.Properties
	}
	return properties
}

// listed is changes as the fake logs them.
func listed(changes []cloudformation.Change) []string {
	var calls []string
	for _, c := range changes {
		calls = append(calls, string(c.Action)+" "+name(c.Stack(), c.LogicalID()))
	}
	return calls
}

// held is a provider's calls that wait until they are let go.
type held struct {
	mu      sync.Mutex
	running map[string]chan struct{}
}

func (h *held) during(ctx context.Context, call string) error {
	release := make(chan struct{})
	h.mu.Lock()
	if h.running == nil {
		h.running = map[string]chan struct{}{}
	}
	h.running[call] = release
	h.mu.Unlock()
	select {
	case <-release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *held) calls() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.running))
}

func (h *held) release(call string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.running[call])
	delete(h.running, call)
}

// failing makes calls fail that begin with one of the texts.
func failing(err error, calls ...string) func(context.Context, string) error {
	return func(_ context.Context, call string) error {
		if slices.ContainsFunc(calls, func(prefix string) bool { return strings.HasPrefix(call, prefix) }) {
			return err
		}
		return nil
	}
}
