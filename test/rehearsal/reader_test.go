package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe that is closed ends the work; one that is read does not.
func TestClosedPipeEndsTheWork(t *testing.T) {
	out, in, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	gone := false
	r := reader{in, func() { gone = true }}
	fmt.Fprintln(r, "read")
	assert.False(t, gone, "the work ends while the pipe is open")
	out.Close()
	fmt.Fprintln(r, "not read")
	assert.True(t, gone, "the work goes on behind a closed pipe")
}
