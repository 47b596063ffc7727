package region

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Two tasks with one port would share a target: the load balancer finds both healthy while one of
// them answers, and neither once the other has ended. So programs that do not listen yet have
// ports of their own, and none has that of another program of this machine.
func TestPorts(t *testing.T) {
	taken, err := freePort()
	require.NoError(t, err)
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(taken)))
	require.NoError(t, err)
	defer listener.Close()
	given := map[int]bool{}
	for range ports / 2 {
		port, err := freePort()
		require.NoError(t, err)
		require.False(t, given[port], port)
		given[port] = true
	}
	for range ports {
		port, err := freePort()
		require.NoError(t, err)
		require.NotEqual(t, taken, port)
	}
}
