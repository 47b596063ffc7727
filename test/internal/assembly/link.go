package assembly

import (
	"errors"
	"fmt"
	"slices"

	"example.com/strangler/stacks/template"
)

// linker resolves the references inside and between the stacks of a stage.
type linker struct {
	stage   *Stage
	outputs map[outputName]*linkedOutput
	exports map[string]outputName
}

// outputName is an output's logical id in the stack of that CloudFormation name.
type outputName struct{ stack, id string }

type linkedOutput struct {
	*Output
	stack *Stack
	// declared is the value with references as they are written.
	declared any
	// state detects outputs that refer to each other in a cycle.
	state linkState
	err   error
}

type linkState int

const (
	untouched linkState = iota
	resolving
	resolved
)

// link resolves everything in the stage's stacks.
func link(stage *Stage) error {
	l := &linker{stage: stage, outputs: map[outputName]*linkedOutput{}, exports: map[string]outputName{}}
	if err := l.collectOutputs(); err != nil {
		return err
	}
	var errs []error
	for _, stack := range stage.Stacks {
		errs = append(errs, l.linkResources(stack))
		for _, output := range stack.Outputs {
			_, err := l.output(outputName{stack.Name, output.ID})
			errs = append(errs, err)
		}
	}
	for _, output := range l.outputs {
		slices.Sort(output.ReadBy)
		output.ReadBy = slices.Compact(output.ReadBy)
	}
	return errors.Join(errs...)
}

func (l *linker) collectOutputs() error {
	for _, stack := range l.stage.Stacks {
		for _, declared := range stack.Template.Outputs {
			id := declared.LogicalID
			at := fmt.Sprintf("stack %s: output %s", stack.ID, id)
			if declared.Condition != "" {
				return fmt.Errorf("%s: condition %s: conditions are not supported", at, declared.Condition)
			}
			output := &linkedOutput{Output: &Output{ID: id}, stack: stack, declared: declared.Value}
			name := outputName{stack.Name, id}
			if declared.Export != nil {
				r := resolver{linker: l, stack: stack}
				export, err := r.text(at+": Export.Name", declared.Export)
				if err != nil {
					return err
				}
				if other, taken := l.exports[export]; taken {
					return fmt.Errorf("%s: %q is already exported by %s", at, export, other.stack)
				}
				output.Export = export
				l.exports[export] = name
			}
			l.outputs[name] = output
			stack.Outputs = append(stack.Outputs, output.Output)
		}
	}
	return nil
}

func (l *linker) linkResources(stack *Stack) error {
	var ids []string
	var errs []error
	for _, declared := range stack.Template.Resources {
		resource, err := l.resource(stack, declared)
		errs = append(errs, err)
		ids = append(ids, declared.LogicalID)
		stack.Resources = append(stack.Resources, resource)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	order, err := dependencyOrder(ids, func(id string) []string {
		resource, _ := stack.Resource(id)
		return resource.Requires
	})
	if err != nil {
		return fmt.Errorf("stack %s: %w", stack.ID, err)
	}
	stack.order = order
	return nil
}

func (l *linker) resource(stack *Stack, declared template.Resource) (Resource, error) {
	id := declared.LogicalID
	at := fmt.Sprintf("stack %s: resource %s", stack.ID, id)
	if declared.Condition != "" {
		return Resource{}, fmt.Errorf("%s: condition %s: conditions are not supported", at, declared.Condition)
	}
	r := resolver{linker: l, stack: stack}
	for _, dependency := range declared.DependsOn {
		if _, err := r.ref(at+": DependsOn", dependency); err != nil {
			return Resource{}, err
		}
	}
	properties, err := r.mapping(at+": ", declared.Properties)
	if err != nil {
		return Resource{}, err
	}
	slices.Sort(r.refs)
	return Resource{
		Stack:               stack.ID,
		LogicalID:           id,
		Path:                stack.paths[id],
		Type:                declared.Type,
		Properties:          properties,
		DependsOn:           declared.DependsOn,
		Requires:            slices.Compact(r.refs),
		DeletionPolicy:      declared.DeletionPolicy,
		UpdateReplacePolicy: declared.UpdateReplacePolicy,
	}, nil
}

// output returns the value of an output, resolving it in its own stack first.
func (l *linker) output(name outputName) (string, error) {
	output := l.outputs[name]
	at := fmt.Sprintf("stack %s: output %s", output.stack.ID, name.id)
	switch output.state {
	case resolving:
		return "", fmt.Errorf("%s: cycle: its value depends on itself", at)
	case untouched:
		output.state = resolving
		r := resolver{linker: l, stack: output.stack}
		output.Value, output.err = r.text(at+": Value", output.declared)
		output.state = resolved
	}
	return output.Value, output.err
}

// read returns the value of an output for another stack, and adds that stack to ReadBy.
func (l *linker) read(name outputName, reader *Stack) (string, error) {
	output := l.outputs[name]
	output.ReadBy = append(output.ReadBy, reader.ID)
	return l.output(name)
}
