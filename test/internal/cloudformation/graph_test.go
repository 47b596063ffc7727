package cloudformation

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assembly.Read refuses a cycle, but a stage that is built in code can have one.
func TestCycleIsAnError(t *testing.T) {
	g := graph{"a": {"b"}, "b": {"a"}, "c": nil}
	err := g.run(t.Context(), func(context.Context, string) error { return nil })
	require.EqualError(t, err, "cycle among a, b")
	assert.Equal(t, []string{"c"}, g.order())
}
