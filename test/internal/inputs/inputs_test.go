package inputs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the go command looks at is in the file of -test.testlogfile.
func TestWatch(t *testing.T) {
	if folder := os.Getenv("WATCHED"); folder != "" {
		Watch(t, folder)
		return
	}
	folder, opened := t.TempDir(), filepath.Join(t.TempDir(), "opened")
	nested := filepath.Join(folder, "cmd", "orders")
	require.NoError(t, os.MkdirAll(nested, 0o700))
	run := exec.Command(os.Args[0], "-test.run=^TestWatch$", "-test.testlogfile="+opened)
	run.Env = append(os.Environ(), "WATCHED="+folder)
	output, err := run.CombinedOutput()
	require.NoError(t, err, string(output))
	log, err := os.ReadFile(opened)
	require.NoError(t, err)
	for _, want := range []string{filepath.Dir(nested), nested} {
		assert.Contains(t, string(log), "open "+want+"\n")
	}
}
