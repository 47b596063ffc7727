package region

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// A program gets the variables of its task definition, except the endpoint of a
// collector, which does not run here.
func TestEnvironmentLeavesTheCollectorOut(t *testing.T) {
	r, err := New("../../..", Clock{Speed: 1}, func(string) {})
	require.NoError(t, err)
	defer r.Close()
	declared := map[string]string{"PORT": "8080", "GREETING": "hello"}
	plain, err := r.environment(of(&assembly.Stage{}), assembly.Container{Environment: declared})
	require.NoError(t, err)
	assert.Subset(t, plain, declared)
	traced := maps.Clone(declared)
	traced[services.CollectorVariable] = "http://localhost:4318"
	same, err := r.environment(of(&assembly.Stage{}), assembly.Container{Environment: traced})
	require.NoError(t, err)
	assert.Equal(t, plain, same)
}
