package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

// documents are the texts of the repository's Markdown files, by their paths from its
// root, but for those in testdata. The root itself is not opened: each command of git changes it,
// and the go command would run the tests again.
func documents(t testing.TB) map[string]string {
	t.Helper()
	all := map[string]string{}
	root := os.DirFS("..")
	for _, place := range []string{"README.md", ".github", "constructs", "services", "stacks", "test"} {
		require.NoError(t, fs.WalkDir(root, place, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.Name() == "testdata":
				return fs.SkipDir
			case entry.IsDir() || filepath.Ext(name) != ".md":
				return nil
			}
			text, err := fs.ReadFile(root, name)
			all[name] = string(text)
			return err
		}))
	}
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
		for _, path := range s.Patterns() {
			want = append(want, []string{"`" + path + "`", s.Name, fmt.Sprint(s.Priority)})
		}
	}
	const header = "| path | service | priority |"
	if *update {
		writeReadme(t, header)
	}
	compareReadme(t, header, want)
}

// writeReadme writes a README with an empty table into the folder of the example, if no document
// has one.
func writeReadme(t testing.TB, header string) {
	t.Helper()
	for _, document := range documents(t) {
		if strings.Contains(document, "\n"+header+"\n") {
			return
		}
	}
	app, err := os.ReadFile("../app.go")
	require.NoError(t, err)
	folder := exampleFolder.FindSubmatch(app)
	require.NotNil(t, folder, "app.go imports no example")
	readme := filepath.Join("..", string(folder[1]), "README.md")
	require.NoFileExists(t, readme, "it has no table of routes: add one with the header %s", header)
	title := "# " + shipped(t).Catalog.Name + "\n\n"
	require.NoError(t, os.WriteFile(readme, []byte(title+header+"\n|---|---|---|\n"), 0o644))
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
			if field.IsExported() {
				names = append(names, field.Name)
			}
		}
		assert.ElementsMatch(t, names, firstNames(tableUnder(t, header)), "fields of %s", kind)
	}
}

func TestReadmeNamesEveryAlarm(t *testing.T) {
	// The alarm of a connection has the name of what is called behind its own.
	own := strings.NewReplacer("CallsAlpha", "Calls")
	var want []string
	for _, alarm := range at(t, allLive).Alarms {
		if name, ok := strings.CutPrefix(alarm.LogicalID, "Gamma"); ok && alarm.Stack == "Gamma" {
			want = append(want, own.Replace(name[:strings.Index(name, "Alarm")]))
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
	after := shipped(t)
	added, err := addAsWritten(t, after, stepsToAdd(t))
	require.NoError(t, err)
	// The program is the reader's to write, so its image is another here.
	after.Catalog.Services[len(after.Catalog.Services)-1].Image = services.Image{Folder: "services"}
	a, err := after.Synthesize(t.TempDir())
	require.NoError(t, err)
	for _, before := range asShipped(t).Stages {
		stage, err := a.Stage(before.Name)
		require.NoError(t, err)
		want := []string{"Data", "Watch", added.ID()}
		if _, ok := stage.Stack(after.Catalog.Monolith.ID()); ok {
			want = append(want, after.Catalog.Monolith.ID())
		}
		assert.ElementsMatch(t, want, changed(before, stage), before.Name)
	}
}

func TestReadmeServiceMutants(t *testing.T) {
	steps, first := stepsToAdd(t), shipped(t).Catalog.Services[0]
	for name, mutant := range map[string][2]string{
		"a catalog that does not exist":  {"/catalog.go`", "/catalogue.go`"},
		"a type of another package":      {"services.Image{", "Image{"},
		"a field that does not exist":    {"Paths: ", "Path: "},
		"no comma at the end":            {"},\n   ```", "}\n   ```"},
		"a phase that does not exist":    {`": "dark"`, `": "darkness"`},
		"a migration of another service": {`": "dark"`, `er": "dark"`},
		"a priority that is taken":       {"Priority: 400", fmt.Sprintf("Priority: %d", first.Priority)},
		"a path with its neighbours":     {`/*"}`, `*"}`},
	} {
		broken := strings.Replace(steps, mutant[0], mutant[1], 1)
		require.NotEqual(t, steps, broken, "%s: the mutant changes nothing", name)
		_, err := addAsWritten(t, shipped(t), broken)
		assert.Error(t, err, "%s: mutant passed the check", name)
	}
}

var (
	// The example's folder, in app.go and in the steps.
	exampleFolder      = regexp.MustCompile(`example "example\.com/strangler/(services/[^/"]+)"`)
	catalogAsWritten   = regexp.MustCompile("Add it to `((services/[^/`]+)/[^`]+)`:\n+ *```go\n((?s).*?)```")
	migrationAsWritten = regexp.MustCompile("Add `(\"[^`]+)` to the migration")
)

// stepsToAdd is the section on how to add a service. It names the folder of the example
// that app.go deploys, or does so from now on when asked to update.
func stepsToAdd(t *testing.T) string {
	t.Helper()
	name, text := documentWith(t, `(?m)^## Add a service$`)
	_, section, _ := strings.Cut(text, "\n## Add a service\n")
	section, _, _ = strings.Cut(section, "\n## ")
	app, err := os.ReadFile("../app.go")
	require.NoError(t, err)
	deployed, written := exampleFolder.FindStringSubmatch(string(app)), catalogAsWritten.FindStringSubmatch(section)
	require.NotNil(t, deployed, "app.go names no example")
	require.NotNil(t, written, "%s has no code of a service", name)
	if *update {
		renamed := strings.ReplaceAll(section, written[2]+"/", deployed[1]+"/")
		require.NoError(t, os.WriteFile(filepath.Join("..", name), []byte(strings.Replace(text, section, renamed, 1)), 0o644))
		return renamed
	}
	assert.Equal(t, deployed[1], written[2], "the example's folder in %s: go test ./test -update writes it", name)
	return section
}

// addAsWritten adds a service to an app's catalog and migrations as the steps say: their
// Go code at the end of the services in the file that they name, their line of cdk.json
// to each environment. It returns the service.
func addAsWritten(t *testing.T, app *synth.App, steps string) (services.Service, error) {
	t.Helper()
	code, line := catalogAsWritten.FindStringSubmatch(steps), migrationAsWritten.FindStringSubmatch(steps)
	if code == nil || line == nil {
		return services.Service{}, errors.New("no code of a service, or no line of cdk.json")
	}
	var err error
	if app.Catalog, err = catalogWith(t, code[1], code[3]); err != nil {
		return services.Service{}, err
	}
	var migration map[string]any
	if err := json.Unmarshal([]byte("{"+line[1]+"}"), &migration); err != nil {
		return services.Service{}, fmt.Errorf("%s: %w", line[1], err)
	}
	for _, e := range app.Context["environments"].(map[string]any) {
		maps.Copy(e.(map[string]any)["migration"].(map[string]any), migration)
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
	edited, err := withService(string(source), code)
	if err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	folder := t.TempDir()
	replacement, list := filepath.Join(folder, "catalog.go"), filepath.Join(folder, "overlay.json")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {name: replacement}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(replacement, []byte(edited), 0o644))
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

// withService is the source of a catalog with more code at the end of its services.
func withService(source, code string) (string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", source, 0)
	if err != nil {
		return "", err
	}
	var list *ast.CompositeLit
	ast.Inspect(file, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Services" {
				list, _ = pair.Value.(*ast.CompositeLit)
			}
		}
		return true
	})
	if list == nil || len(list.Elts) == 0 {
		return "", errors.New("no list of services")
	}
	last, end := set.Position(list.Elts[len(list.Elts)-1].End()).Offset, set.Position(list.Rbrace).Offset
	return source[:last] + ",\n" + code + source[end:], nil
}
