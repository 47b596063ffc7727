package controls

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Template is a CloudFormation template as it was synthesized, with references
// as they are written.
type Template struct {
	File string
	// Stage is the name of the CDK stage that the template is of, such as
	// "forum-dev".
	Stage     string
	Resources []Resource
}

// Resource is a resource of a template.
type Resource struct {
	LogicalID                           string
	Type                                string
	Properties                          map[string]any
	DeletionPolicy, UpdateReplacePolicy string
}

// Read reads a template's file.
func Read(file string) (Template, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Template{}, err
	}
	return Parse(file, text)
}

// Parse reads a template. Its resources are in the order of their logical ids.
func Parse(file string, text []byte) (Template, error) {
	var document struct {
		Resources map[string]Resource
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return Template{}, fmt.Errorf("%s: %w", file, err)
	}
	// The CDK gives each stage a folder of its own in the assembly.
	t := Template{File: file, Stage: strings.TrimPrefix(filepath.Base(filepath.Dir(file)), "assembly-")}
	for _, id := range slices.Sorted(maps.Keys(document.Resources)) {
		r := document.Resources[id]
		r.LogicalID = id
		t.Resources = append(t.Resources, r)
	}
	return t, nil
}

// of are the resources of a type.
func (t Template) of(kind string) []Resource {
	return slices.DeleteFunc(slices.Clone(t.Resources), func(r Resource) bool { return r.Type != kind })
}

// at is the value of a property, nil where there is none.
func (r Resource) at(path ...string) any { return at(r.Properties, path...) }

func at(value any, path ...string) any {
	for _, name := range path {
		mapping, _ := value.(map[string]any)
		value = mapping[name]
	}
	return value
}

// list is a value as a list: one that is no list stands for a list of itself.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// every reports whether something holds for all values of a list, of which there
// must be one.
func every(values []any, holds func(any) bool) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v any) bool { return !holds(v) })
}

// refersTo reports whether a value is Ref or Fn::GetAtt of a logical id.
func refersTo(value any, logicalID string) bool {
	if at(value, "Ref") == logicalID {
		return true
	}
	attribute := list(at(value, "Fn::GetAtt"))
	return len(attribute) > 0 && attribute[0] == logicalID
}
