package stacks

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// The variables in which the CDK CLI hands over the context, and the name of a file with
// what the first has no room for.
const (
	contextVariable  = "CDK_CONTEXT_JSON"
	overflowVariable = "CONTEXT_OVERFLOW_LOCATION_ENV"
)

// personalFile is where people keep options and context for all their CDK apps.
//
// https://docs.aws.amazon.com/cdk/v2/guide/cli.html#cli-config
const personalFile = "~/.cdk.json"

// ReadContext reads the app's context, which the CDK CLI merges from the -c options,
// cdk.json, cdk.context.json and the person's ~/.cdk.json. It leaves out plain words that
// the last sets for other apps. The error is one line, and names the variable or the file.
//
// getenv reads the environment. The app runs in the folder of cdk.json.
func ReadContext(getenv func(name string) string, catalog services.Catalog) (map[string]any, error) {
	context := map[string]any{}
	if err := decodeJSON([]byte(cmp.Or(getenv(contextVariable), "{}")), &context); err != nil {
		return nil, fmt.Errorf("%s: %w: run the app through the CDK CLI, which sets it", contextVariable, err)
	}
	if name := getenv(overflowVariable); name != "" {
		if err := readJSON(name, &context); err != nil {
			return nil, fmt.Errorf("%s: %w: run the app through the CDK CLI, which writes the file", overflowVariable, err)
		}
	}
	home := getenv("HOME")
	if runtime.GOOS == "windows" {
		home = getenv("USERPROFILE")
	}
	return context, attribute(context, home, catalog)
}

// FileContext returns the context in a file such as cdk.json, which may begin with a
// byte-order mark.
func FileContext(name string) (map[string]any, error) {
	var file struct{ Context map[string]any }
	err := readJSON(name, &file)
	return file.Context, err
}

// attribute finds the file that sets each plain word of the context. It removes a word
// from the person's file that the app does not know, and refuses one that it does: to
// follow it would change what this person alone deploys, and to ignore it could ignore
// the same word on the command line.
func attribute(context map[string]any, home string, catalog services.Catalog) error {
	var files []contextFile
	for _, key := range slices.Sorted(maps.Keys(context)) {
		_, isText := context[key].(string)
		known := hasKey(catalog, key) || slices.Contains([]string{"environment", "environments", "delivery"}, key)
		if !isPlain(key) || !isText && !known {
			continue
		}
		if files == nil {
			var err error
			if files, err = contextFiles(home); err != nil {
				return err
			}
		}
		switch file := source(files, key, context[key]); {
		case file == personalFile && known:
			return fmt.Errorf("%s: the context sets %q, which has a meaning in this app: remove it there, and set it in cdk.json or with -c",
				file, key)
		case file == personalFile:
			delete(context, key)
		case file != "" && !known:
			return fmt.Errorf("%s: the context sets %q: %w", file, key, noService(catalog))
		}
	}
	return nil
}

// contextFile is a file that the CDK CLI reads context from.
type contextFile struct {
	name    string
	context map[string]any
}

// contextFiles are those that exist, the one that wins first.
func contextFiles(home string) ([]contextFile, error) {
	files := []contextFile{{name: "cdk.json"}, {name: "cdk.context.json"}, {name: personalFile}}
	for i := range files {
		var err error
		switch f := &files[i]; f.name {
		case "cdk.context.json":
			err = readJSON(f.name, &f.context)
		case personalFile:
			f.context, err = FileContext(filepath.Join(home, ".cdk.json"))
		default:
			f.context, err = FileContext(f.name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return files, nil
}

// source is the name of the file that sets a key. Empty means the command line.
func source(files []contextFile, key string, value any) string {
	for _, f := range files {
		if set, has := f.context[key]; has {
			if reflect.DeepEqual(set, value) {
				return f.name
			}
			return ""
		}
	}
	return ""
}

// isPlain tells a word of the app or of a person from the CDK's own keys, which carry a
// colon or a slash.
func isPlain(key string) bool { return !strings.ContainsAny(key, ":/") }

// hasKey reports whether a key of the context is a program of the catalog, or a route.
func hasKey(catalog services.Catalog, key string) bool {
	return catalog.Find(key) != nil || slices.Contains(catalog.Keys(), key)
}

func noService(catalog services.Catalog) error {
	return fmt.Errorf("no service has that name: want one of %s", strings.Join(catalog.Keys(), ", "))
}

// readJSON names the file in its errors.
func readJSON(name string, into any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	err = decodeJSON(text, into)
	if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("%s, line %d: %w", name, 1+bytes.Count(text[:min(int(wrong.Offset), len(text))], []byte("\n")), err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// decodeJSON reads JSON that may begin with a byte-order mark, as the CDK CLI does.
func decodeJSON(text []byte, into any) error {
	err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), into)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("want a JSON object, not %s", wrong.Value)
	}
	return err
}
