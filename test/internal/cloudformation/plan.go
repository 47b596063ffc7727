package cloudformation

import (
	"errors"
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// Change is what a deployment does to one resource.
type Change struct {
	// Action is what is done.
	Action Action
	// Replaces is true for an Update that makes To as a new resource in the place of From,
	// which is deleted last.
	Replaces bool
	// From is the existing resource. For a Create it is zero, unless an earlier
	// creation or deletion did not complete: then what is left is deleted first.
	From assembly.Resource
	// To is the resource of the template. It is zero for a Delete.
	To assembly.Resource
}

// Stack returns the ID of the stack that changes.
func (c Change) Stack() string { return c.subject().Stack }

// LogicalID returns the logical id of the resource that changes.
func (c Change) LogicalID() string { return c.subject().LogicalID }

// Type returns the type of the resource that changes.
func (c Change) Type() string { return c.subject().Type }

func (c Change) subject() assembly.Resource {
	if c.Action == Delete {
		return c.From
	}
	return c.To
}

// plan is the set of changes that brings a stack to a target template.
type plan struct {
	target template
	// creation is the order of the target's resources. deletion is the order of all
	// existing resources: one that stays can put two that are deleted in order.
	creation, deletion graph
	// changes are by logical id. A resource without a change is done at once.
	changes map[string]Change
	// renewed are the resources of the target that get another physical id.
	renewed []assembly.Resource
	// retained are the logical ids that leave the stack without being deleted.
	retained []string
}

// plan computes the changes of a deployment without making them.
func (s *stack) plan(target template) plan {
	p := plan{target: target, creation: graph{}, changes: map[string]Change{}}
	for _, to := range target.resources() {
		p.creation[to.LogicalID] = to.Requires
		from, exists := s.existing[to.LogicalID]
		if change, ok := s.change(target, to); ok {
			p.changes[to.LogicalID] = change
		}
		if exists && from.template.renews(target, to) {
			p.renewed = append(p.renewed, to)
		}
	}
	requires := graph{}
	for id, from := range s.existing {
		requires[id] = from.Requires
		if last := len(from.replaced) - 1; last >= 0 {
			requires[id] = from.replaced[last].Requires
		}
		if _, stays := target.resource(id); stays {
			continue
		}
		if s.retains(from) {
			p.retained = append(p.retained, id)
		} else {
			p.changes[id] = Change{Action: Delete, From: from.Resource}
		}
	}
	p.deletion = requires.reversed()
	return p
}

// change returns what must be done for a resource of the target. It is not ok when
// nothing must be done.
func (s *stack) change(target template, to assembly.Resource) (Change, bool) {
	from, exists := s.existing[to.LogicalID]
	switch {
	case !exists || from.begun == Create || from.begun == Delete:
		return Change{Action: Create, From: from.Resource, To: to}, true
	case from.template.replaces(target, to.LogicalID):
		return Change{Action: Update, Replaces: true, From: from.Resource, To: to}, true
	case from.begun == Update || from.template.changes(target, to.LogicalID):
		return Change{Action: Update, From: from.Resource, To: to}, true
	}
	return Change{}, false
}

// retains reports whether a resource is kept when it leaves the stack. A resource that
// is not in the stack's last complete template was created by the operation that is
// being rolled back: RetainExceptOnCreate does not keep it, Retain does.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func (s *stack) retains(r resource) bool {
	_, reached := s.template.resource(r.LogicalID)
	return r.DeletionPolicy == "Retain" || r.DeletionPolicy == "RetainExceptOnCreate" && reached
}

// retainedWhenReplaced reports whether a resource is kept when another takes its place.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
func retainedWhenReplaced(r assembly.Resource) bool { return r.UpdateReplacePolicy == "Retain" }

// list returns the changes in a sequence that meets both orders.
func (p plan) list() []Change {
	var list []Change
	for _, id := range p.creation.order() {
		if change, ok := p.changes[id]; ok {
			list = append(list, change)
		}
	}
	for _, id := range p.deletion.order() {
		switch change := p.changes[id]; {
		case change.Action == Delete:
			list = append(list, change)
		case change.Replaces && !retainedWhenReplaced(change.From):
			list = append(list, Change{Action: Delete, From: change.From})
		}
	}
	return list
}

// refusal returns an error for what CloudFormation refuses before it makes a change.
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
