// Package accounttest leaves a test one account to sign in to, or none.
package accounttest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// SignIn leaves the account that answers at a URL as the only one, without a region.
func SignIn(t *testing.T, url string) {
	t.Helper()
	SignOut(t)
	t.Setenv("AWS_ENDPOINT_URL", url)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
}

// SignOut takes all that this machine has to sign in to AWS, for the time of the test.
func SignOut(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // restored in the end
			require.NoError(t, os.Unsetenv(name))
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
}
