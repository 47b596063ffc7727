package controls

import (
	"slices"

	"example.com/strangler/stacks/template"
)

// properties makes a control depend on a resource's properties alone.
func properties(holds func(any) bool) check {
	return func(r template.Resource, _ template.Template) bool { return holds(r.Properties) }
}

// property makes a control hold when the property at a path has a value, or does
// not exist if the value is nil.
func property(want any, path ...string) check {
	return properties(func(p any) bool { return at(p, path...) == want })
}

// referredToBy makes a control hold when the template has a resource of a type
// with a property that refers to the one under control, and with properties of
// which holds is true. A nil holds is always true.
func referredToBy(kind, property string, holds func(any) bool) check {
	return func(r template.Resource, t template.Template) bool {
		return slices.ContainsFunc(ofType(t, kind), func(by template.Resource) bool {
			return refersTo(by.Properties[property], r.LogicalID) && (holds == nil || holds(by.Properties))
		})
	}
}

// ofType returns the resources of a type.
func ofType(t template.Template, kind string) []template.Resource {
	return slices.DeleteFunc(slices.Clone(t.Resources), func(r template.Resource) bool { return r.Type != kind })
}

// at returns what nested objects hold at a path, and nil where one of them is missing.
func at(value any, path ...string) any {
	for _, name := range path {
		mapping, _ := value.(map[string]any)
		value = mapping[name]
	}
	return value
}

// list returns a value as a list: a list itself, no value for nil, and otherwise
// the one value.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// every reports whether a list has at least one value and holds is true of each.
func every(values []any, holds func(any) bool) bool {
	return len(values) > 0 && !slices.ContainsFunc(values, func(v any) bool { return !holds(v) })
}

func positive(value any) bool {
	n, ok := value.(float64)
	return ok && n > 0
}

// refersTo reports whether a value is Ref or Fn::GetAtt of a logical id.
func refersTo(value any, logicalID string) bool {
	if at(value, "Ref") == logicalID {
		return true
	}
	attribute := list(at(value, "Fn::GetAtt"))
	return len(attribute) > 0 && attribute[0] == logicalID
}
