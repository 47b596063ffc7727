package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mistake in a file of one system is found for that system alone, in a test too.
func TestMistakeOfASystem(t *testing.T) {
	t.Chdir("../..")
	for _, name := range []string{"test/internal/wildcard/wrong_windows.go", "test/internal/wildcard/wrong_windows_test.go"} {
		file, err := filepath.Abs(name)
		require.NoError(t, err)
		overlay := map[string][]byte{file: []byte("package wildcard\n\nvar wrong int = \"text\"\n")}
		_, err = check("windows", overlay, "./test/internal/wildcard")
		require.ErrorContains(t, err, filepath.Base(name)+":3:17")
		_, err = check("darwin", overlay, "./test/internal/wildcard")
		require.NoError(t, err)
	}
}

func TestNoSystem(t *testing.T) {
	require.ErrorContains(t, run(nil, nil), "want names of systems")
	t.Chdir(t.TempDir())
	_, err := check("windows", nil, "./...")
	assert.ErrorContains(t, err, "there is no go.mod here")
}
