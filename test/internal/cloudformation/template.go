package cloudformation

import (
	"reflect"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// template is the template of one of a stage's stacks. The zero template is empty: a
// stack with it does not exist.
type template struct {
	stage *assembly.Stage
	stack *assembly.Stack
}

func (t template) none() bool { return t.stack == nil }

func (t template) resources() []assembly.Resource {
	if t.none() {
		return nil
	}
	return t.stack.Resources
}

func (t template) resource(logicalID string) (assembly.Resource, bool) {
	if t.none() {
		return assembly.Resource{}, false
	}
	return t.stack.Resource(logicalID)
}

func (t template) dependencies() []string {
	if t.none() {
		return nil
	}
	return slices.Clone(t.stack.Dependencies)
}

// exports reports whether the template has the export with the same value.
func (t template) exports(export *assembly.Output) bool {
	return !t.none() && slices.ContainsFunc(t.stack.Outputs, func(o *assembly.Output) bool {
		return o.Export == export.Export && o.Value == export.Value
	})
}

// imports returns the exports of another stack that the template reads.
func (t template) imports(from string) []*assembly.Output {
	if t.none() {
		return nil
	}
	exporter, ok := t.stage.Stack(from)
	if !ok {
		return nil
	}
	var imports []*assembly.Output
	for _, output := range exporter.Outputs {
		if output.Export != "" && slices.Contains(output.ReadBy, t.stack.ID) {
			imports = append(imports, output)
		}
	}
	return imports
}

// changes reports whether a resource must be updated between two templates: its
// properties differ, or it refers to a resource that gets another physical id.
func (t template) changes(next template, logicalID string) bool {
	from, _ := t.resource(logicalID)
	to, _ := next.resource(logicalID)
	return t.differs(next, to, from.Properties, to.Properties)
}

// differs reports whether a value in a resource of the next template is another one than
// before, once its references are resolved.
func (t template) differs(next template, to assembly.Resource, before, after any) bool {
	return !reflect.DeepEqual(before, after) || slices.ContainsFunc(to.Requires, func(id string) bool {
		required, _ := next.resource(id)
		return refers(after, required) && t.renews(next, required)
	})
}

// equals reports whether two templates are the same text, whatever their references lead
// to.
func (t template) equals(other template) bool {
	return !t.none() && !other.none() && reflect.DeepEqual(t.stack.Document, other.stack.Document)
}

// refers reports whether a resolved value holds a reference to a resource or to one of
// its attributes.
func refers(value any, to assembly.Resource) bool {
	switch v := value.(type) {
	case string:
		open := strings.TrimSuffix(to.Identity(), "}")
		return strings.Contains(v, open+"}") || strings.Contains(v, open+".")
	case []any:
		return slices.ContainsFunc(v, func(element any) bool { return refers(element, to) })
	case map[string]any:
		for _, element := range v {
			if refers(element, to) {
				return true
			}
		}
	}
	return false
}
