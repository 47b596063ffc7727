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

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// declared is a stack's template, and the stacks that it depends on.
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
	// UpdateReplacePolicy is what becomes of the resource when another takes its place.
	UpdateReplacePolicy string `json:",omitempty"`
}

// thing returns a resource that refers to others.
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

// read writes templates to a folder and reads them as a stage.
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
	require.NoError(t, err)
	return a.Stages[0]
}

func write(t rapid.TB, file string, content any) {
	t.Helper()
	data, err := json.Marshal(content)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
}

// fake is a provider that keeps the properties of existing resources, and a log of
// its calls such as "CREATE Alpha.Service", and "CREATE Alpha.Service/2" for one that
// replaces the first.
type fake struct {
	// during, if set, runs in every call.
	during func(ctx context.Context, call string) error

	mu       sync.Mutex
	existing map[string]map[string]any
	log      []string
}

func (f *fake) Create(ctx context.Context, _ cloudformation.Deployment, r cloudformation.Resource) error {
	return f.call(ctx, cloudformation.Create, r)
}

func (f *fake) Update(ctx context.Context, _ cloudformation.Deployment, _, to cloudformation.Resource) error {
	return f.call(ctx, cloudformation.Update, to)
}

func (f *fake) Delete(ctx context.Context, r cloudformation.Resource) error {
	return f.call(ctx, cloudformation.Delete, r)
}

func name(stack, logicalID string) string { return stack + "." + logicalID }

// call changes what exists even if it fails, as AWS does.
func (f *fake) call(ctx context.Context, action cloudformation.Action, r cloudformation.Resource) error {
	id := name(r.Stack, r.LogicalID) + strings.TrimPrefix(r.ID, r.Identity())
	call := string(action) + " " + id
	f.mu.Lock()
	f.log = append(f.log, call)
	if f.existing == nil {
		f.existing = map[string]map[string]any{}
	}
	if action != cloudformation.Delete {
		f.existing[id] = r.Properties
	}
	f.mu.Unlock()
	if f.during != nil {
		if err := f.during(ctx, call); err != nil {
			return err
		}
	}
	if action == cloudformation.Delete {
		f.mu.Lock()
		delete(f.existing, id)
		f.mu.Unlock()
	}
	return nil
}

// calls returns the log and empties it.
func (f *fake) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	log := f.log
	f.log = nil
	return log
}

// ids returns the sorted names of existing resources.
func (f *fake) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.existing))
}

// properties returns the properties that a stage declares, by resource.
func properties(stage *assembly.Stage) map[string]map[string]any {
	declared := map[string]map[string]any{}
	for r := range stage.Resources() {
		declared[name(r.Stack, r.LogicalID)] = r.Properties
	}
	return declared
}

// current returns the properties of existing resources, by resource.
func (f *fake) current(t rapid.TB) map[string]map[string]any {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	current := map[string]map[string]any{}
	for id, properties := range f.existing {
		id = logical(id)
		require.NotContains(t, current, id, "a replaced resource is left")
		current[id] = properties
	}
	return current
}

// logical is the name of a resource, whichever generation of it.
func logical(id string) string {
	id, _, _ = strings.Cut(id, "/")
	return id
}

// listed returns changes in the form of the fake's log, without generations.
func listed(changes []cloudformation.Change) []string {
	var calls []string
	for _, c := range changes {
		action := c.Action
		if c.Replaces {
			action = cloudformation.Create
		}
		calls = append(calls, string(action)+" "+name(c.Stack(), c.LogicalID()))
	}
	return calls
}

// held keeps a provider's calls running until they are released.
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

// failing returns a function that fails calls with one of the prefixes.
func failing(err error, calls ...string) func(context.Context, string) error {
	return func(_ context.Context, call string) error {
		if slices.ContainsFunc(calls, func(prefix string) bool { return strings.HasPrefix(call, prefix) }) {
			return err
		}
		return nil
	}
}
