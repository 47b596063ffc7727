package server

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each limit holds for the server that runs, and is what it is for a reason.
func TestLimitsOfTheServer(t *testing.T) {
	s, err := New("limits", func(string) string { return "" }, io.Discard)
	require.NoError(t, err)
	h := s.http()
	const loadBalancerWaits = 60 * time.Second
	assert.Less(t, h.ReadHeaderTimeout, h.ReadTimeout, "the headers are a part of the request")
	assert.Less(t, h.ReadTimeout, h.WriteTimeout, "a request that was sent slowly gets its response")
	assert.Less(t, RequestTimeout, h.WriteTimeout, "a handler that takes all of its time gets its response out")
	assert.Less(t, h.WriteTimeout, loadBalancerWaits, "the program says what is wrong before the load balancer does")
	assert.Greater(t, h.IdleTimeout, 4000*time.Second, "any load balancer closes idle connections, not the program")
	assert.Equal(t, 64<<10, h.MaxHeaderBytes, "the load balancer forwards no more")
	assert.Positive(t, h.ReadHeaderTimeout, "zero means no limit")
	assert.Less(t, RequestTimeout, ShutdownTimeout, "a request that begins as the program stops ends before it")
}
