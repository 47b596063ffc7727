package cloudformation

import (
	"errors"
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// Change is what a deployment does to one resource.
type Change struct {
	Action Action
	// From is what is there. A Create has none, unless an earlier one was left
	// halfway: then the remains are deleted first.
	From assembly.Resource
	// To is what the template wants; a Delete has none.
	To assembly.Resource
}

// Stack is the ID of the stack that changes.
func (c Change) Stack() string { return c.subject().Stack }

// LogicalID is that of the resource that changes.
func (c Change) LogicalID() string { return c.subject().LogicalID }

// Type is that of the resource that changes.
func (c Change) Type() string { return c.subject().Type }

func (c Change) subject() assembly.Resource {
	if c.Action == Delete {
		return c.From
	}
	return c.To
}

// plan brings a stack from what is there to a template.
type plan struct {
	target template
	// creation is the order of the target's resources. Deletion is that of all
	// that are there: one that stays can stand between two that go.
	creation, deletion graph
	// changes by logical id. What has none in a graph is done at once.
	changes map[string]Change
	// retained leave the stack without being deleted.
	retained []string
}

// plan computes what a deployment of the target would do; it does nothing.
func (s *stack) plan(target template) plan {
	p := plan{target: target, creation: graph{}, changes: map[string]Change{}}
	for _, to := range target.resources() {
		p.creation[to.LogicalID] = to.Requires
		if action, ok := s.action(target, to.LogicalID); ok {
			p.changes[to.LogicalID] = Change{action, s.there[to.LogicalID].Resource, to}
		}
	}
	there := graph{}
	for id, from := range s.there {
		there[id] = from.Requires
		if _, stays := target.resource(id); stays {
			continue
		}
		if s.retains(from) {
			p.retained = append(p.retained, id)
		} else {
			p.changes[id] = Change{Action: Delete, From: from.Resource}
		}
	}
	p.deletion = there.reversed()
	return p
}

// action is what a resource of the target needs, if anything.
func (s *stack) action(target template, logicalID string) (Action, bool) {
	from, ok := s.there[logicalID]
	switch {
	case !ok || from.begun == Create || from.begun == Delete:
		return Create, true
	case from.begun == Update || from.template.changes(target, logicalID):
		return Update, true
	}
	return "", false
}

// retains reports whether a resource outlives its part in the stack. What the
// template that the stack has reached does not know was created by the operation
// that is now rolled back: RetainExceptOnCreate does not protect it, Retain does.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func (s *stack) retains(r resource) bool {
	_, reached := s.template.resource(r.LogicalID)
	return r.DeletionPolicy == "Retain" || r.DeletionPolicy == "RetainExceptOnCreate" && reached
}

// list is the plan in a sequence that respects its orders.
func (p plan) list() []Change {
	var list []Change
	for _, id := range p.creation.order() {
		if change, ok := p.changes[id]; ok {
			list = append(list, change)
		}
	}
	for _, id := range p.deletion.order() {
		if change, ok := p.changes[id]; ok && change.Action == Delete {
			list = append(list, change)
		}
	}
	return list
}

// refusal is what CloudFormation has against the plan before it touches anything.
func (p plan) refusal() error {
	var errs []error
	for _, change := range p.list() {
		if change.Action == Update && change.From.Type != change.To.Type {
			errs = append(errs, fmt.Errorf(
				"stack %s: resource %s: its type changes from %s to %s, which CloudFormation refuses: give the new resource another logical id",
				change.Stack(), change.LogicalID(), change.From.Type, change.To.Type))
		}
	}
	return errors.Join(errs...)
}
