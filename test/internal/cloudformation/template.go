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
// properties differ, or it refers to a resource that is replaced and so gets another
// physical id.
func (t template) changes(next template, logicalID string) bool {
	from, _ := t.resource(logicalID)
	to, _ := next.resource(logicalID)
	return !reflect.DeepEqual(from.Properties, to.Properties) ||
		slices.ContainsFunc(to.Requires, func(id string) bool {
			required, _ := next.resource(id)
			return replacedByUpdate(required) && refers(to.Properties, required) && t.changes(next, id)
		})
}

// replacedByUpdate reports whether every change of a resource gives it a new
// physical id, as each change of a task definition makes a new revision.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html
func replacedByUpdate(r assembly.Resource) bool { return r.Type == "AWS::ECS::TaskDefinition" }

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
