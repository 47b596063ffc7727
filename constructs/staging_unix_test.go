//go:build unix

package constructs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A build under any umask gives a program that its user can run.
func TestImageIgnoresTheUmask(t *testing.T) {
	root := module(t)
	for _, mask := range []int{0o077, 0o000} {
		old := syscall.Umask(mask)
		images, err := stage(root, t.TempDir())
		syscall.Umask(old)
		require.NoError(t, err)
		for name, want := range map[string]fs.FileMode{".": fs.ModeDir | 0o755, "service": 0o755, "Dockerfile": 0o644} {
			info, err := os.Stat(filepath.Join(images.Context(programs[0]), name))
			require.NoError(t, err)
			assert.Equal(t, want, info.Mode(), "%s under umask %03o", name, mask)
		}
	}
}
