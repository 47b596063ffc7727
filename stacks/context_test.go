package stacks

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
)

const byteOrderMark = "\ufeff"

var catalog = services.Catalog{
	Name:     "fixture",
	Services: []services.Service{{Name: "alpha"}, {Name: "beta"}},
	Monolith: services.Service{Name: "legacy"},
}

// readContext reads the context in a folder and a home with files, given by the name that
// people know them by.
func readContext(t *testing.T, files, variables map[string]string) (map[string]any, error) {
	t.Helper()
	folder, home := t.TempDir(), t.TempDir()
	for name, text := range files {
		file := filepath.Join(folder, name)
		if name == personalFile {
			file = filepath.Join(home, ".cdk.json")
		}
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	t.Chdir(folder)
	return ReadContext(func(name string) string {
		if name == "HOME" || name == "USERPROFILE" {
			return home
		}
		return variables[name]
	}, catalog)
}

// Context is understood wherever people keep it, and what other apps read is left out.
func TestContextAsPeopleHaveIt(t *testing.T) {
	for name, test := range map[string]struct {
		files, variables map[string]string
		want             map[string]any
	}{
		"none": {nil, nil, map[string]any{}},
		"on the command line": {
			map[string]string{personalFile: `{"context": {"alpha": "live"}}`},
			map[string]string{contextVariable: `{"alpha": "25%", "environment": "dev"}`},
			map[string]any{"alpha": "25%", "environment": "dev"},
		},
		"in cdk.json": {
			map[string]string{"cdk.json": `{"context": {"alpha": "live"}}`, personalFile: `{"context": {"alpha": "live"}}`},
			map[string]string{contextVariable: `{"alpha": "live"}`},
			map[string]any{"alpha": "live"},
		},
		"words of the person": {
			map[string]string{personalFile: `{"context": {"user": "jane", "team": "blue"}}`},
			map[string]string{contextVariable: `{"user": "jane", "team": "red", "@aws-cdk/core:x": "y"}`},
			map[string]any{"team": "red", "@aws-cdk/core:x": "y"},
		},
		"other context of the person": {
			map[string]string{personalFile: `{"context": {"a:b": "c", "count": 3}}`},
			map[string]string{contextVariable: `{"a:b": "c", "count": 3}`},
			map[string]any{"a:b": "c", "count": 3.0},
		},
		"byte-order marks": {
			map[string]string{
				"cdk.json": byteOrderMark + `{"context": {}}`, "cdk.context.json": byteOrderMark + `{}`,
				personalFile: byteOrderMark + `{"context": {"user": "jane"}}`, "overflow.json": byteOrderMark + `{"user": "jane"}`,
			},
			map[string]string{overflowVariable: "overflow.json"},
			map[string]any{},
		},
		"overlong": {
			map[string]string{"overflow.json": `{"beta": "dark"}`},
			map[string]string{contextVariable: `{"alpha": "25%"}`, overflowVariable: "overflow.json"},
			map[string]any{"alpha": "25%", "beta": "dark"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readContext(t, test.files, test.variables)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// What is not understood is one line that says where the value came from.
func TestContextNamesItsSource(t *testing.T) {
	const names = `no service has that name: want one of alpha, beta, legacy`
	const viaCLI = `run the app through the CDK CLI, which `
	const personal = `, which has a meaning in this app: remove it there, and set it in cdk.json or with -c`
	for name, test := range map[string]struct {
		files, variables map[string]string
		want             string
	}{
		"an unknown word in cdk.json": {
			map[string]string{"cdk.json": `{"context": {"alhpa": "live"}}`}, map[string]string{contextVariable: `{"alhpa": "live"}`},
			`cdk.json: the context sets "alhpa": ` + names,
		},
		"an unknown word in cdk.context.json": {
			map[string]string{"cdk.context.json": `{"alhpa": "live"}`}, map[string]string{contextVariable: `{"alhpa": "live"}`},
			`cdk.context.json: the context sets "alhpa": ` + names,
		},
		"a service in the person's file": {
			map[string]string{personalFile: `{"context": {"alpha": "live"}}`}, map[string]string{contextVariable: `{"alpha": "live"}`},
			`~/.cdk.json: the context sets "alpha"` + personal,
		},
		"an environment in the person's file": {
			map[string]string{personalFile: `{"context": {"environment": "dev"}}`}, map[string]string{contextVariable: `{"environment": "dev"}`},
			`~/.cdk.json: the context sets "environment"` + personal,
		},
		"roles in the person's file": {
			map[string]string{personalFile: `{"context": {"delivery": {"branch": "main"}}}`},
			map[string]string{contextVariable: `{"delivery": {"branch": "main"}}`},
			`~/.cdk.json: the context sets "delivery"` + personal,
		},
		"no JSON in the variable": {
			nil, map[string]string{contextVariable: `{`},
			`CDK_CONTEXT_JSON: unexpected end of JSON input: ` + viaCLI + `sets it`,
		},
		"no object in the variable": {
			nil, map[string]string{contextVariable: `[]`},
			`CDK_CONTEXT_JSON: want a JSON object, not array: ` + viaCLI + `sets it`,
		},
		"no overflow": {
			nil, map[string]string{overflowVariable: "gone.json"},
			`CONTEXT_OVERFLOW_LOCATION_ENV: open gone.json: `,
		},
		"no JSON in the overflow": {
			map[string]string{"overflow.json": "{\n"}, map[string]string{overflowVariable: "overflow.json"},
			`CONTEXT_OVERFLOW_LOCATION_ENV: overflow.json, line 2: unexpected end of JSON input: ` + viaCLI + `writes the file`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readContext(t, test.files, test.variables)
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

// A word on the command line that no file sets is left for the phases, which name -c.
func TestUnknownWordOnTheCommandLine(t *testing.T) {
	context, err := readContext(t, map[string]string{"cdk.json": `{"context": {"user": "jane"}}`},
		map[string]string{contextVariable: `{"user": "live"}`})
	require.NoError(t, err)
	_, err = phaseOverrides(context, catalog)
	assert.EqualError(t, err, "-c user=live: no service has that name: want one of alpha, beta, legacy")
}

// A file of context may begin with a byte-order mark. One that is no JSON is named, with the line.
func TestFileContext(t *testing.T) {
	name := filepath.Join(t.TempDir(), "cdk.json")
	require.NoError(t, os.WriteFile(name, []byte(byteOrderMark+`{"app": "go run .", "context": {"a": "b"}}`), 0o600))
	context, err := FileContext(name)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"a": "b"}, context)
	require.NoError(t, os.WriteFile(name, []byte("{\n  \"context\": }\n}\n"), 0o600))
	_, err = FileContext(name)
	assert.EqualError(t, err, name+", line 2: invalid character '}' looking for beginning of value")
}
