package test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/fixture"
)

// readme is the text of every page that people read: the README of each folder, and
// the pages in .github.
func readme(t *testing.T) string {
	t.Helper()
	var pages strings.Builder
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && slices.Contains([]string{".git", ".build", "cdk.out"}, entry.Name()) {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".md" {
			return err
		}
		text, err := os.ReadFile(name)
		pages.Write(append(text, '\n'))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages.String()
}

// tableUnder are the cells of the README's table with that header, row by row.
func tableUnder(t *testing.T, header string) [][]string {
	t.Helper()
	_, rest, ok := strings.Cut(readme(t), header+"\n")
	if !ok {
		t.Fatalf("README.md has no table %q", header)
	}
	var rows [][]string
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") {
			break
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if !strings.HasPrefix(cells[0], "---") {
			rows = append(rows, cells)
		}
	}
	return rows
}

// compareReadme fails with the table that should be under a header.
func compareReadme(t *testing.T, header string, want [][]string) {
	t.Helper()
	if got := tableUnder(t, header); !reflect.DeepEqual(got, want) {
		var table strings.Builder
		for _, cells := range want {
			fmt.Fprintf(&table, "| %s |\n", strings.Join(cells, " | "))
		}
		t.Errorf("README.md says\n%v\nunder %q; want\n%s", got, header, table.String())
	}
}

func TestReadmeRoutesAreTheCatalogs(t *testing.T) {
	var want [][]string
	for _, s := range completed(t).All() {
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
	if got := firstNames(tableUnder(t, "| key | meaning | default |")); !slices.Equal(got, slices.Sorted(slices.Values(keys))) {
		t.Errorf("README.md documents the keys %v, an environment has %v", got, keys)
	}
	for header, kind := range map[string]reflect.Type{
		"| field | meaning | default |":   reflect.TypeFor[services.Service](),
		"| scaling | meaning | default |": reflect.TypeFor[services.Scaling](),
	} {
		var names []string
		for field := range kind.Fields() {
			names = append(names, field.Name)
		}
		if got := firstNames(tableUnder(t, header)); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
			t.Errorf("README.md documents the fields %v, %s has %v", got, kind, names)
		}
	}
}

func TestReadmeNamesEveryAlarm(t *testing.T) {
	var want []string
	for _, alarm := range at(t, situation{"live", services.Serving}).Alarms {
		if name, ok := strings.CutPrefix(alarm.LogicalID, "Users"); ok {
			want = append(want, name[:strings.Index(name, "Alarm")])
		}
	}
	if got := firstNames(tableUnder(t, "| alarm | rings when |")); !sameElements(got, want) {
		t.Errorf("README.md documents the alarms %v, users have %v", got, want)
	}
}

// firstNames are the quoted names in the first column.
func firstNames(rows [][]string) []string {
	var names []string
	for _, row := range rows {
		for _, quoted := range regexp.MustCompile("`[^`]+`").FindAllString(row[0], -1) {
			names = append(names, strings.Trim(quoted, "`"))
		}
	}
	slices.Sort(names)
	return names
}

// What a reader copies from the README works: the service to add is one that the
// catalog takes.
func TestReadmeServiceFitsTheCatalog(t *testing.T) {
	search := services.Service{
		Name:     "search",
		Image:    services.Image{Program: "services/forum/cmd/search"},
		Paths:    []string{"/api/search", "/api/search/*"},
		Priority: 400,
		Table:    &services.Table{PartitionKey: "word"},
	}
	for _, line := range []string{`Name:     "search"`, `Program: "services/forum/cmd/search"`, `"/api/search", "/api/search/*"`, `Priority: 400`, `PartitionKey: "word"`} {
		if !strings.Contains(readme(t), line) {
			t.Errorf("README.md does not say %s: bring it and this test together", line)
		}
	}
	c, err := services.Catalog{Name: "shop", Services: []services.Service{search}, Monolith: fixture.Catalog().Monolith}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if err := services.Lint(c, []string{stacks.VPCRange}); err != nil {
		t.Error(err)
	}
}
