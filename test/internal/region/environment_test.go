package region

import (
	"maps"
	"slices"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// A program gets the variables of its task definition, and none that leads to a
// collector, which does not run here.
func TestEnvironmentLeavesTheCollectorOut(t *testing.T) {
	r, err := New("../../..", Clock{Speed: 1}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	declared := map[string]string{"PORT": "8080", "GREETING": "hello"}
	plain := r.environment(&assembly.Stage{}, assembly.Container{Environment: declared})
	if plain["PORT"] != "8080" || plain["GREETING"] != "hello" {
		t.Errorf("%v, want %v among them", plain, declared)
	}
	traced := maps.Clone(declared)
	traced[services.CollectorVariable] = "http://localhost:4318"
	if got := r.environment(&assembly.Stage{}, assembly.Container{Environment: traced}); !maps.Equal(got, plain) {
		t.Errorf("with a collector %q, without one %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(plain)))
	}
}
