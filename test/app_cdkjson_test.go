package test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"example.com/strangler/test/internal/synth"
)

// cdk.json turns on every feature flag that the CDK's library recommends in the
// version that go.mod names, and no other.
func TestFeatureFlagsAreTheRecommendedOnes(t *testing.T) {
	t.Parallel()
	got := map[string]any{}
	for key, value := range shipped(t).Context {
		if strings.HasPrefix(key, "@aws-cdk") {
			got[key] = value
		}
	}
	if want := recommendedFlags(t); !reflect.DeepEqual(got, want) {
		for key := range union(got, want) {
			if !reflect.DeepEqual(got[key], want[key]) {
				t.Errorf("%s is %v, want %v", key, got[key], want[key])
			}
		}
	}
}

// recommendedFlags reads them from the library that jsii carries.
func recommendedFlags(t *testing.T) map[string]any {
	t.Helper()
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-cdk-go/awscdk/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(folder)), "jsii", "aws-cdk-lib-*.tgz"))
	if err != nil || len(archives) != 1 {
		t.Fatalf("%v %v", archives, err)
	}
	file, err := os.Open(archives[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if err != nil {
			t.Fatal(errors.Join(err, errors.New("the library has no recommended-feature-flags.json")))
		}
		if header.Name != "package/recommended-feature-flags.json" {
			continue
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		var flags map[string]any
		if err := json.Unmarshal(text, &flags); err != nil {
			t.Fatal(err)
		}
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
		"a repository of nobody": {contextKey("delivery", map[string]any{"repository": "fixture"}), `delivery: repository "fixture"`},
		"no context":             {func(app *synth.App) { app.Context = map[string]any{} }, `run the app through the CDK CLI`},
	} {
		folder := filepath.Join(t.TempDir(), "cdk.out")
		stdout, stderr := runApp(t, folder, test.change)
		if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, test.want) || stdout != "" {
			t.Errorf("%s: said %q and %q, want one line with %q", name, stderr, stdout, test.want)
		}
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("%s: left %s behind", name, folder)
		}
	}
}

// A finding of the CDK's own validation of templates, or of the house rules, fails
// the app, and so every command of the CLI. The program's monolith has too long a
// health check path, and may write to its root.
func TestFindingIsAnError(t *testing.T) {
	t.Parallel()
	stdout, stderr := runApp(t, filepath.Join(t.TempDir(), "cdk.out"))
	for _, want := range []string{
		"fixture-dev/Legacy/Legacy/TargetGroup/Resource: HealthCheckPath: ",
		"fixture-dev/Legacy/Legacy/Task/Resource: Containers cannot write to their root file system: set ReadonlyRootFilesystem, or except the service whose WritableRoot is true (ECS.5)\n",
	} {
		if !strings.Contains(stderr, want) || strings.Contains(stdout+stderr, "goroutine") {
			t.Errorf("said %q and %q, want %q", stdout, stderr, want)
		}
	}
}

// appWithFinding is the app with a catalog that validation finds fault with,
// compiled once for the tests that run it and want it to fail.
var appWithFinding = sync.OnceValue(func() string {
	return program{catalog: "finding"}.compile(scratch)
})

// runApp runs that app as the CLI does, wants status 1, and returns what it said.
func runApp(t *testing.T, folder string, changes ...change) (stdout, stderr string) {
	t.Helper()
	context, err := json.Marshal(neutral(t, changes...).Context)
	if err != nil {
		t.Fatal(err)
	}
	var out, errors strings.Builder
	command := exec.Command(appWithFinding())
	command.Dir = ".."
	temporary := t.TempDir()
	command.Env = append(os.Environ(), "CDK_CONTEXT_JSON="+string(context), "CDK_OUTDIR="+folder, "CDK_VALIDATION=true", "TMPDIR="+temporary)
	command.Stdout, command.Stderr = &out, &errors
	if command.Run(); command.ProcessState == nil || command.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, want status 1", command.ProcessState)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left %v in the temporary folder (%v)", left, err)
	}
	return out.String(), errors.String()
}
