package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// environment is the folder of an assembly with one environment, whose stack Data is a
// template with these resources.
func environment(t *testing.T, name, resources string) string {
	t.Helper()
	folder := t.TempDir()
	for file, text := range map[string]string{
		"manifest.json": fmt.Sprintf(`{"artifacts": {"assembly": {"type": "cdk:cloud-assembly",
			"properties": {"directoryName": "assembly", "displayName": %q}}}}`, name),
		"assembly/manifest.json": fmt.Sprintf(`{"artifacts": {"Data": {"type": "aws:cloudformation:stack", "displayName": "%s/Data",
			"environment": "aws://unknown-account/eu-west-1", "properties": {"templateFile": "Data.template.json"}}}}`, name),
		"assembly/Data.template.json": fmt.Sprintf(`{"Resources": {%s}}`, resources),
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600))
	}
	return folder
}

// table is a resource whose key and tag have these values.
func table(key, tag string) string {
	return fmt.Sprintf(
		`"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
			"KeySchema": [{"AttributeName": %q, "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST", "Tags": %q}}`,
		key,
		tag,
	)
}

// report is a file with the report of a rehearsal.
func report(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rehearsal.json")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestExitStatus(t *testing.T) {
	base := environment(t, "shop-dev", table("id", "a"))
	for name, test := range map[string]struct {
		args        []string
		status      int
		out, stderr string
	}{
		"no change": {[]string{base, base}, nothingFound, "**shop-dev**: no change.\n", ""},
		"a change": {
			[]string{base, environment(t, "shop-dev", table("id", "b"))},
			nothingFound,
			"**shop-dev**: 1 stack changes, no finding.",
			"",
		},
		"a table that is lost": {
			[]string{base, environment(t, "shop-dev", table("name", "a"))},
			found,
			"**shop-dev**: 1 stack changes, 1 finding.",
			"",
		},
		"an environment goes": {
			[]string{base, environment(t, "shop-new", table("id", "a"))},
			found,
			"**shop-dev**: 1 stack changes, 1 finding.",
			"",
		},
		"no such folder": {[]string{base, "nowhere"}, failed, "", "review: nowhere: assembly: open nowhere"},
		"no assembly":    {[]string{t.TempDir(), base}, failed, "", "manifest.json"},
		"no stack":       {[]string{base, empty(t)}, failed, "", "the assembly has no stack: synthesize the app first"},
		"an unknown function": {
			[]string{base, environment(t, "shop-dev", `"New": {"Type": "AWS::X::Y", "Properties": {"a": {"Fn::Unknown": 1}}}`)},
			failed,
			"",
			"Fn::Unknown is not supported",
		},
		"a rehearsal": {
			[]string{base, environment(t, "shop-dev", table("id", "b")), report(t, `{"changes":[{"environments":["shop-dev"],"requests":900}]}`)},
			nothingFound, "- Rehearsal: 900 requests while the phases change, none failed, p99 0 ms.\n", "",
		},
		"a rehearsal with failures": {
			[]string{base, base, report(t, `{"changes":[{"environments":["shop-dev"],"requests":900,"unexplained":2}]}`)},
			found, "- **Finding**: Rehearsal: 2 failures that should not be, of 900 requests", "",
		},
		"no rehearsal": {[]string{base, base, report(t, "text")}, failed, "", "want the report of a rehearsal"},
		"one folder":   {[]string{base}, failed, "", "review: want two folders"},
		"four folders": {[]string{base, base, base, base}, failed, "", "review: want two folders"},
		"no folder":    {nil, failed, "", "review: want two folders"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, stderr strings.Builder
			assert.Equal(t, test.status, execute(test.args, &out, &stderr))
			checkOutput(t, &out, test.out)
			checkOutput(t, &stderr, test.stderr)
		})
	}
}

// checkOutput wants a text in an output, and no output when the text is empty.
func checkOutput(t *testing.T, got fmt.Stringer, want string) {
	t.Helper()
	if want == "" {
		assert.Empty(t, got.String())
		return
	}
	assert.Contains(t, got.String(), want)
}

// The stacks beside the environments are reported last, and only when they change.
func TestStacksBesideTheEnvironments(t *testing.T) {
	base, same, changed := environment(
		t,
		"shop-dev",
		table("id", "a"),
	), environment(
		t,
		"shop-dev",
		table("id", "a"),
	), environment(
		t,
		"shop-dev",
		table("id", "a"),
	)
	addTools(t, base, "1")
	addTools(t, same, "1")
	addTools(t, changed, "2")
	var out, stderr strings.Builder
	assert.Equal(t, nothingFound, execute([]string{base, same}, &out, &stderr))
	assert.Equal(t, "**shop-dev**: no change.\n", out.String())
	out.Reset()
	assert.Equal(t, nothingFound, execute([]string{base, changed}, &out, &stderr))
	assert.Contains(t, out.String(), "**shop-dev**: no change.\n\n**Beside the environments**: 1 stack changes, no finding.")
	assert.Empty(t, stderr.String())
}

// addTools adds to an assembly a stack beside the environment, a topic with a tag.
func addTools(t *testing.T, folder, tag string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "manifest.json"), []byte(`{"artifacts": {
		"assembly": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly", "displayName": "shop-dev"}},
		"Tools": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/eu-west-1",
			"properties": {"templateFile": "Tools.template.json"}}
	}}`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "Tools.template.json"),
		[]byte(fmt.Sprintf(`{"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Tags": %q}}}}`, tag)), 0o600))
}

// empty is the folder of an assembly without a stack.
func empty(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "manifest.json"), []byte(`{"artifacts": {}}`), 0o600))
	return folder
}
