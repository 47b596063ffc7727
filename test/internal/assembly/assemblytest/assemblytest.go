// Package assemblytest turns templates that a test writes by hand into stages.
package assemblytest

import (
	"encoding/json"
	"os"
	"path/filepath"

	"example.com/strangler/test/internal/assembly"
)

// T is the part of testing.TB and rapid.T that Stage needs.
type T interface {
	Helper()
	Fatal(args ...any)
}

// Stage returns an environment in a region. The stacks map the ID of each stack to
// its resources, in the JSON of a template. The test ends at once on a template that
// cannot be read.
func Stage(t T, region string, stacks map[string]string) *assembly.Stage {
	t.Helper()
	stage, err := read(region, stacks)
	if err != nil {
		t.Fatal(err)
	}
	return stage
}

func read(region string, stacks map[string]string) (*assembly.Stage, error) {
	folder, err := os.MkdirTemp("", "assemblytest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	artifacts := map[string]any{}
	for id, resources := range stacks {
		file := id + ".template.json"
		if err := os.WriteFile(filepath.Join(folder, file), []byte(`{"Resources": `+resources+`}`), 0o600); err != nil {
			return nil, err
		}
		artifacts[id] = map[string]any{
			"type":        "aws:cloudformation:stack",
			"environment": "aws://unknown-account/" + region,
			"properties":  map[string]string{"templateFile": file},
		}
	}
	manifest, err := json.Marshal(map[string]any{"artifacts": artifacts})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "manifest.json"), manifest, 0o600); err != nil {
		return nil, err
	}
	a, err := assembly.Read(folder)
	if err != nil {
		return nil, err
	}
	return a.Stage("")
}
