package region

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eventually waits until done is true, for 20 s at most.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "%s: not within 20 s", what)
	}
}
