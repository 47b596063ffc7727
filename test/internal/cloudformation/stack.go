package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// stack is the deployed state of one stack. After a failure it need not match any
// template.
type stack struct {
	id string
	// template is the last template whose deployment was complete, to which the stack
	// is rolled back. It is empty before the first and from the start of a deletion.
	template template
	// settled is whether the last operation has left the stack as that template says.
	settled bool
	// after are the IDs of the stacks that it was deployed after, if it is settled.
	after []string
	// existing are the resources by logical id.
	existing map[string]resource
}

// resource is the deployed state of a resource.
type resource struct {
	assembly.Resource
	// template is the one by which the resource was last created or updated.
	template template
	// begun is an action that has not completed, or empty.
	begun Action
	// generation counts the replacements of the resource.
	generation int
	// replaced are those of before that have not been deleted yet.
	replaced []resource
}

// has reports whether the stack has a template already, so that a deployment of it is
// skipped.
func (s *stack) has(t template) bool { return s.settled && s.template.equals(t) }

// dependencies returns the sorted IDs of the stacks that this one was deployed after.
func (s *stack) dependencies() []string {
	if s.settled {
		return s.after
	}
	dependencies := s.template.dependencies()
	for _, r := range s.existing {
		dependencies = append(dependencies, r.template.dependencies()...)
	}
	slices.Sort(dependencies)
	return slices.Compact(dependencies)
}

// deploy brings a stack to the plan's target. When a resource fails, it rolls the
// stack back.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
func (a *Account) deploy(ctx context.Context, s *stack, p plan) error {
	err := a.update(ctx, s, p)
	if err == nil {
		err = a.renewedInUse(s.id, p)
	}
	switch {
	case err == nil:
		a.setTemplate(s, p.target)
		return a.settleAfter(s, a.cleanUp(ctx, s, p))
	case ctx.Err() != nil:
		return fmt.Errorf("stack %s: %w: not rolled back", s.id, ctx.Err())
	}
	return a.rollBack(ctx, s, err)
}

// update creates and updates resources, each as soon as those that it requires are
// complete. The first failure stops the others, and its error is returned.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html
func (a *Account) update(ctx context.Context, s *stack, p plan) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := p.creation.run(ctx, func(ctx context.Context, id string) error {
		err := a.ensure(ctx, s, p, id)
		if err != nil {
			stop(err)
		}
		return err
	})
	if err == nil {
		return nil
	}
	if first := context.Cause(ctx); first != nil {
		return first
	}
	return fmt.Errorf("stack %s: %w", s.id, err)
}

// ensure brings a resource to the plan's target.
func (a *Account) ensure(ctx context.Context, s *stack, p plan, logicalID string) error {
	if change, ok := p.changes[logicalID]; ok {
		return a.perform(ctx, s, change, p.target)
	}
	a.complete(s, logicalID, p.target)
	return nil
}

// cleanUp deletes the resources that have been replaced and those that the plan's target
// does not have, each as soon as those that required it are deleted. One that cannot be
// deleted stays, with all that it requires, and the next deployment tries again.
// CloudFormation instead drops such a resource from the stack.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-monitor-stack.html
func (a *Account) cleanUp(ctx context.Context, s *stack, p plan) error {
	a.forget(s, p.retained...)
	return p.deletion.run(ctx, func(ctx context.Context, id string) error {
		if err := a.deleteReplaced(ctx, s, id); err != nil {
			return err
		}
		change := p.changes[id]
		if change.Action != Delete {
			return nil
		}
		return a.perform(ctx, s, change, p.target)
	})
}

// rollBack deploys the stack's last template again. If that fails too, the error names
// the resources that are left. A stack without a template is deleted.
func (a *Account) rollBack(ctx context.Context, s *stack, cause error) error {
	a.emit(Event{Stack: s.id, Type: stackType, Action: a.stackAction(s), Status: RollingBack, Err: cause})
	a.restore(s)
	p := a.plan(s, s.template)
	err := a.update(ctx, s, p)
	if err == nil {
		err = a.settleAfter(s, a.cleanUp(ctx, s, p))
	}
	if err == nil {
		return fmt.Errorf("%w: rolled back", cause)
	}
	left := slices.Sorted(maps.Keys(a.plan(s, s.template).changes))
	return errors.Join(fmt.Errorf("%w: rollback failed and left %s", cause, strings.Join(left, ", ")), err)
}

// perform makes one change, reports its events and records the result.
func (a *Account) perform(ctx context.Context, s *stack, c Change, target template) error {
	event := Event{Stack: s.id, LogicalID: c.LogicalID(), Type: c.Type(), Action: c.Action}
	err := a.report(event, func() error {
		if err := a.call(ctx, c, a.begin(s, c, target), a.deployment(target.stage)); err != nil {
			return err
		}
		if c.Action == Delete {
			a.forget(s, c.LogicalID())
		} else {
			a.complete(s, c.LogicalID(), target)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("stack %s: resource %s: %w", s.id, c.LogicalID(), err)
	}
	return nil
}

// call calls the provider for a change of a resource with a physical id.
func (a *Account) call(ctx context.Context, c Change, id string, d Deployment) error {
	switch {
	case c.Replaces:
		return a.provider.Create(ctx, d, Resource{c.To, id})
	case c.Action == Update:
		return a.provider.Update(ctx, d, Resource{c.From, id}, Resource{c.To, id})
	case c.Action == Delete:
		return a.provider.Delete(ctx, Resource{c.From, id})
	}
	if remains := c.From; remains.LogicalID != "" {
		if err := a.provider.Delete(ctx, Resource{remains, id}); err != nil {
			return err
		}
	}
	return a.provider.Create(ctx, d, Resource{c.To, id})
}

// begin records that the state of a resource is unknown until the change completes, and
// returns the physical id of the one that changes.
func (a *Account) begin(s *stack, c Change, target template) (id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := s.existing[c.LogicalID()]
	switch {
	case c.Replaces:
		r = r.successor(c.To, target)
	case c.Action == Delete:
		r.begun = Delete
	default:
		r.Resource, r.template, r.begun = c.To, target, c.Action
	}
	s.existing[c.LogicalID()] = r
	return r.physical().ID
}

// complete records that a resource matches a template.
func (a *Account) complete(s *stack, logicalID string, t template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := s.existing[logicalID]
	r.Resource, _ = t.resource(logicalID)
	r.template, r.begun = t, ""
	s.existing[logicalID] = r
}

// forget records that resources are no longer part of the stack.
func (a *Account) forget(s *stack, logicalIDs ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range logicalIDs {
		delete(s.existing, id)
	}
}

// setTemplate records the last template whose deployment was complete.
func (a *Account) setTemplate(s *stack, t template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.template = t
}

// settle records whether a stack is as its last template says.
func (a *Account) settle(s *stack, settled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.settled, s.after = settled, s.template.dependencies()
}

// settleAfter settles a stack unless the last step of its operation has failed.
func (a *Account) settleAfter(s *stack, err error) error {
	a.settle(s, err == nil)
	return err
}

func (a *Account) plan(s *stack, target template) plan {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.plan(target)
}

// stackAction is Create for the first deployment of a stack, and Update after it.
func (a *Account) stackAction(s *stack) Action {
	if s.template.none() {
		return Create
	}
	return Update
}
