// Package inputs tells the go command what tests depend on and do not import.
package inputs

import (
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Watch opens every folder below some. The go command keeps the result of tests until a package
// that they import changes, or a file or folder that a test opens. Tests that start programs
// import nothing of these, so they watch the folders of the sources. In TestMain, before the
// tests run, the go command would not see it.
//
// https://pkg.go.dev/cmd/go#hdr-Test_packages
func Watch(t testing.TB, folders ...string) {
	t.Helper()
	for _, folder := range folders {
		require.NoError(t, fs.WalkDir(os.DirFS(folder), ".", func(_ string, _ fs.DirEntry, err error) error { return err }))
	}
}
