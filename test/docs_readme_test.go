package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

// documents are the texts of the repository's Markdown files, by their paths from its
// root.
func documents(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	root := os.DirFS("..")
	generated := []string{".git", ".build", "cdk.out", "node_modules"}
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(generated, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(root, name)
		all[name] = string(text)
		return err
	}))
	return all
}

// documentWith is the only document with a text that a pattern matches.
func documentWith(t testing.TB, pattern string) (name, text string) {
	t.Helper()
	var found []string
	for n, document := range documents(t) {
		if regexp.MustCompile(pattern).MatchString(document) {
			found, name, text = append(found, n), n, document
		}
	}
	require.Len(t, found, 1, "documents with %q", pattern)
	return name, text
}

// table is a Markdown table in a document: the text before its rows, its rows, and the
// text after them.
type table struct {
	file, before, after string
	rows                [][]string
}

// tableUnder is the only table with that header.
func tableUnder(t testing.TB, header string) table {
	t.Helper()
	name, text := documentWith(t, `(?m)^`+regexp.QuoteMeta(header)+`$`)
	before, after, _ := strings.Cut(text, header+"\n")
	found := table{file: name, before: before + header + "\n"}
	for line := range strings.Lines(after) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		after = strings.TrimPrefix(after, line)
		if strings.HasPrefix(line, "|---") {
			found.before += line
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		found.rows = append(found.rows, cells)
	}
	found.after = after
	return found
}

// text is the document with the table's rows.
func (t table) text() string {
	var rows strings.Builder
	for _, cells := range t.rows {
		rows.WriteString(strings.ReplaceAll("| "+strings.Join(cells, " | ")+" |\n", "|  |", "| |"))
	}
	return t.before + rows.String() + t.after
}

// compareReadme compares the rows of the table with that header, or writes them when
// asked to update.
func compareReadme(t testing.TB, header string, want [][]string) {
	t.Helper()
	found := tableUnder(t, header)
	if *update {
		found.rows = want
		require.NoError(t, os.WriteFile(filepath.Join("..", found.file), []byte(found.text()), 0o644))
		return
	}
	assert.Equal(t, want, found.rows, "%s, under %q: go test ./test -update writes it", found.file, header)
}

// A table that is written is read as it was, and leaves the rest of the document alone.
func TestReadmeTableIsRewritten(t *testing.T) {
	const header = "| part | decided by | as it ships | with the CDK's defaults |"
	found := tableUnder(t, header)
	assert.Equal(t, documents(t)[found.file], found.text(), found.file)
	found.rows = append(found.rows, []string{"a", "", "b"})
	assert.Contains(t, found.text(), "\n| a | | b |\n"+found.after)
}

func TestReadmeRoutesAreTheCatalogs(t *testing.T) {
	c, err := shipped(t).Catalog.Complete()
	require.NoError(t, err)
	var want [][]string
	for _, s := range c.All() {
		for _, path := range s.Paths {
			want = append(want, []string{"`" + path + "`", s.Name, fmt.Sprint(s.Priority)})
		}
	}
	compareReadme(t, "| path | service | priority |", want)
}

func TestReadmeNamesEveryKey(t *testing.T) {
	var keys []string
	for field := range reflect.TypeFor[stacks.Environment]().Fields() {
		if tag := field.Tag.Get("json"); tag != "" && tag != "-" {
			keys = append(keys, tag)
		}
	}
	assert.ElementsMatch(t, keys, firstNames(tableUnder(t, "| key | meaning | default |")), "keys of an environment")
	for header, kind := range map[string]reflect.Type{
		"| field | meaning | default |":   reflect.TypeFor[services.Service](),
		"| scaling | meaning | default |": reflect.TypeFor[services.Scaling](),
	} {
		var names []string
		for field := range kind.Fields() {
			names = append(names, field.Name)
		}
		assert.ElementsMatch(t, names, firstNames(tableUnder(t, header)), "fields of %s", kind)
	}
}

func TestReadmeNamesEveryAlarm(t *testing.T) {
	var want []string
	for _, alarm := range at(t, allLive).Alarms {
		if name, ok := strings.CutPrefix(alarm.LogicalID, "Alpha"); ok && alarm.Stack == "Alpha" {
			want = append(want, name[:strings.Index(name, "Alarm")])
		}
	}
	require.NotEmpty(t, want)
	assert.ElementsMatch(t, want, firstNames(tableUnder(t, "| alarm | rings when |")), "alarms of a service")
}

// firstNames are the quoted names in the first column.
func firstNames(t table) []string {
	var names []string
	for _, row := range t.rows {
		for _, quoted := range regexp.MustCompile("`[^`]+`").FindAllString(row[0], -1) {
			names = append(names, strings.Trim(quoted, "`"))
		}
	}
	return names
}

// The steps to add a service work as they are written, and change what they say: the new
// stack, the tables, the monolith's grant, and the dashboard, which has a row for each.
func TestReadmeServiceIsAdded(t *testing.T) {
	_, text := documentWith(t, `(?m)^## Add (a|your own) service$`)
	after := shipped(t)
	added, err := addAsWritten(t, after, text)
	require.NoError(t, err)
	// The program is the reader's to write, so its image comes from elsewhere here.
	after.Catalog.Services[len(after.Catalog.Services)-1].Image = services.Image{Folder: "services"}
	a, err := after.Synthesize(t.TempDir())
	require.NoError(t, err)
	want := []string{"Data", "Watch", added.ID(), after.Catalog.Monolith.ID()}
	for _, before := range asShipped(t).Stages {
		stage, err := a.Stage(before.Name)
		require.NoError(t, err)
		if _, ok := stage.Stack(after.Catalog.Monolith.ID()); !ok {
			want = want[:3]
		}
		assert.ElementsMatch(t, want, changed(before, stage), before.Name)
	}
}

func TestReadmeServiceMutants(t *testing.T) {
	_, text := documentWith(t, `(?m)^## Add (a|your own) service$`)
	for name, mutant := range map[string][2]string{
		"a catalog that does not exist":  {"/catalog.go`", "/catalogue.go`"},
		"a type of another package":      {"services.Image{", "Image{"},
		"a field that does not exist":    {"Paths: ", "Path: "},
		"no comma at the end":            {"   },\n   ```", "   }\n   ```"},
		"a phase that does not exist":    {`": "dark"`, `": "darkness"`},
		"a migration of another service": {`": "dark"`, `er": "dark"`},
		"a priority that is taken":       {"Priority: 400", "Priority: 100"},
		"a path with its neighbours":     {`/*"}`, `*"}`},
	} {
		broken := strings.Replace(text, mutant[0], mutant[1], 1)
		require.NotEqual(t, text, broken, "%s: the mutant changes nothing", name)
		_, err := addAsWritten(t, shipped(t), broken)
		assert.Error(t, err, "%s: mutant passed the check", name)
	}
}

var (
	catalogAsWritten   = regexp.MustCompile("Add it to `([^`]+)`:\n+ *```go\n((?s).*?)```")
	migrationAsWritten = regexp.MustCompile("Add `(\"[^`]+)` to the migration")
)

// addAsWritten adds a service to an app's catalog and migrations as a document says: its
// Go code at the end of the services in the file that the document names, its line of
// cdk.json to each environment. It returns the service.
func addAsWritten(t *testing.T, app *synth.App, document string) (services.Service, error) {
	t.Helper()
	code, line := catalogAsWritten.FindStringSubmatch(document), migrationAsWritten.FindStringSubmatch(document)
	if code == nil || line == nil {
		return services.Service{}, errors.New("no code of a service, or no line of cdk.json")
	}
	var err error
	if app.Catalog, err = catalogWith(t, code[1], code[2]); err != nil {
		return services.Service{}, err
	}
	var migration map[string]any
	if err := json.Unmarshal([]byte("{"+line[1]+"}"), &migration); err != nil {
		return services.Service{}, fmt.Errorf("%s: %w", line[1], err)
	}
	for _, e := range app.Context["environments"].(map[string]any) {
		for name, phase := range migration {
			e.(map[string]any)["migration"].(map[string]any)[name] = phase
		}
	}
	_, err = stacks.Read(app.Context, app.Catalog)
	return app.Catalog.Services[len(app.Catalog.Services)-1], err
}

// catalogWith is the shipped catalog, compiled with more code at the end of the services
// that a file lists.
func catalogWith(t *testing.T, file, code string) (services.Catalog, error) {
	t.Helper()
	var c services.Catalog
	name, err := filepath.Abs(filepath.Join("..", file))
	require.NoError(t, err)
	source, err := os.ReadFile(name)
	if err != nil {
		return c, err
	}
	end, err := endOfServices(string(source))
	if err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	edited := filepath.Join(t.TempDir(), "catalog.go")
	require.NoError(t, os.WriteFile(edited, slices.Concat(source[:end], []byte(code), source[end:]), 0o644))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {name: edited}})
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(list, overlay, 0o644))
	run := exec.Command("go", "run", "-overlay", list, "./testdata/synth/catalog")
	var failure bytes.Buffer
	run.Stderr = &failure
	output, err := run.Output()
	if err != nil {
		return c, fmt.Errorf("%w: %s", err, &failure)
	}
	return c, json.Unmarshal(output, &c)
}

// endOfServices is the offset of the line that closes the list of a catalog's services,
// which gofmt indents like the line that opens it.
func endOfServices(source string) (int, error) {
	before, after, ok := strings.Cut(source, "Services: []services.Service{\n")
	if !ok {
		return 0, errors.New("no list of services")
	}
	indent := before[strings.LastIndex(before, "\n")+1:]
	end := strings.Index(after, "\n"+indent+"},\n")
	return len(source) - len(after) + end + len("\n"), nil
}
