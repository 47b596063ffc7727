package test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/synth"
	"example.com/strangler/test/testdata/synth/chosen"
)

// An editor may begin cdk.json with a byte-order mark, which the CDK CLI skips.
func TestCDKJSONWithByteOrderMark(t *testing.T) {
	folder := t.TempDir()
	text, err := os.ReadFile("../cdk.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "cdk.json"), append([]byte("\ufeff"), text...), 0o600))
	with, err := stacks.FileContext(filepath.Join(folder, "cdk.json"))
	require.NoError(t, err)
	without, err := stacks.FileContext("../cdk.json")
	require.NoError(t, err)
	assert.Equal(t, without, with)
}

// cdk.json turns on every feature flag that the CDK's library recommends in the
// version that go.mod names, and no other. References between stacks are strong, for
// the reasons of decision 0007.
func TestFeatureFlagsAreTheRecommendedOnes(t *testing.T) {
	t.Parallel()
	got := map[string]any{}
	for key, value := range shipped(t).Context {
		if strings.HasPrefix(key, "@aws-cdk") {
			got[key] = value
		}
	}
	want := recommendedFlags(t)
	require.Equal(t, "weak", want["@aws-cdk/core:defaultCrossStackReferences"])
	want["@aws-cdk/core:defaultCrossStackReferences"] = "strong"
	assert.Equal(t, want, got)
}

// recommendedFlags reads them from the library that jsii carries.
func recommendedFlags(t *testing.T) map[string]any {
	t.Helper()
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-cdk-go/awscdk/v2").Output()
	require.NoError(t, err)
	archives, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "jsii", "aws-cdk-lib-*.tgz"))
	require.NoError(t, err)
	require.Len(t, archives, 1)
	file, err := os.Open(archives[0])
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		require.NoError(t, err, "the library has no recommended-feature-flags.json")
		if header.Name != "package/recommended-feature-flags.json" {
			continue
		}
		text, err := io.ReadAll(archive)
		require.NoError(t, err)
		var flags map[string]any
		require.NoError(t, json.Unmarshal(text, &flags))
		return flags
	}
}

// The app as the CDK CLI runs it. A mistake is one line on standard error and
// status 1, and leaves nothing behind.
func TestMistakeIsOneLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change change
		want   string
	}{
		"an unknown phase":       {contextKey("alpha", "half"), `"alpha" asks for phase "half"`},
		"an unknown service":     {contextKey("user", "live"), `-c user=live`},
		"an unknown environment": {contextKey("environment", "prdo"), `environment "prdo"`},
		"no region":              {environment("region", nil), `no region`},
		"three CIDR blocks":      {environment("previewFrom", []string{"10.0.0.0/16", "192.0.2.0/24", "203.0.113.0/24"}), `previewFrom has 3`},
		"a repository's name":    {contextKey("delivery", map[string]any{"repository": "fixture"}), `delivery: repository "fixture"`},
		"no context":             {func(app *synth.App) { app.Context = map[string]any{} }, `run the app through the CDK CLI`},
	} {
		folder := filepath.Join(t.TempDir(), "cdk.out")
		stdout, stderr := runApp(t, folder, test.change)
		assert.Empty(t, stdout, name)
		assert.Contains(t, stderr, test.want, name)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), "%s: want one line: %q", name, stderr)
		assert.NoFileExists(t, folder, name)
		assert.NoDirExists(t, folder, name)
	}
}

// A finding of the CDK's own validation of templates, or of the house rules, fails
// the app, and so every command of the CLI. The program's monolith has too long a
// health check path, and without a feature flag the VPC's own group lets everything out.
func TestFindingIsAnError(t *testing.T) {
	t.Parallel()
	open := contextKey("@aws-cdk/aws-ec2:restrictDefaultSecurityGroup", false)
	stdout, stderr := runApp(t, filepath.Join(t.TempDir(), "cdk.out"), open)
	stage := fixture.Catalog().Name + "-dev"
	assert.Contains(t, stderr, stage+"/Legacy/Legacy/TargetGroup/Resource: HealthCheckPath: ")
	assert.Contains(t, stderr, stage+"/Platform/Vpc/Resource: The default security group lets nothing in or out: ")
	assert.NotContains(t, stdout+stderr, "goroutine")
}

// process is the app as the CLI runs it, in a process with the CDK's own validation of
// templates, compiled once for the tests that run it.
var process = sync.OnceValue(func() string {
	return program{catalog: "synth/chosen"}.compile(scratch)
})

// command returns a command that synthesizes a catalog of testdata to a folder, with a context.
func command(t *testing.T, catalog, folder string, context map[string]any) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(context)
	require.NoError(t, err)
	c := exec.Command(process())
	c.Dir = ".."
	c.Env = append(os.Environ(), chosen.Variable+"="+catalog, "CDK_CONTEXT_JSON="+string(text), "CDK_OUTDIR="+folder, "CDK_VALIDATION=true")
	return c
}

// runApp runs the catalog with a finding, wants status 1, and returns what it said.
func runApp(t *testing.T, folder string, changes ...change) (stdout, stderr string) {
	t.Helper()
	var out, errors strings.Builder
	c, temporary := command(t, "finding", folder, neutral(t, changes...).Context), t.TempDir()
	c.Env = append(c.Env, "TMPDIR="+temporary)
	c.Stdout, c.Stderr = &out, &errors
	var exit *exec.ExitError
	require.ErrorAs(t, c.Run(), &exit)
	assert.Equal(t, 1, exit.ExitCode())
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left, "the temporary folder")
	return out.String(), errors.String()
}
