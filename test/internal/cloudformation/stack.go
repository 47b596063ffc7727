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
}

// dependencies returns the sorted IDs of the stacks that this one was deployed after.
func (s *stack) dependencies() []string {
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
	switch {
	case err == nil:
		return a.cleanUp(ctx, s, p)
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
		a.setTemplate(s, p.target)
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

// cleanUp deletes the resources that the plan's target does not have, each as soon as
// those that required it are deleted. One that cannot be deleted stays, with all that
// it requires, and the next deployment tries again. CloudFormation instead drops such
// a resource from the stack.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-monitor-stack.html
func (a *Account) cleanUp(ctx context.Context, s *stack, p plan) error {
	a.forget(s, p.retained...)
	return p.deletion.run(ctx, func(ctx context.Context, id string) error {
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
	p := a.plan(s, s.template)
	err := a.update(ctx, s, p)
	if err == nil {
		err = a.cleanUp(ctx, s, p)
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
		a.begin(s, c, target)
		if err := a.call(ctx, c, target.stage); err != nil {
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

// call calls the provider for a change.
func (a *Account) call(ctx context.Context, c Change, stage *assembly.Stage) error {
	switch c.Action {
	case Update:
		return a.provider.Update(ctx, stage, c.From, c.To)
	case Delete:
		return a.provider.Delete(ctx, c.From)
	}
	if remains := c.From; remains.LogicalID != "" {
		if err := a.provider.Delete(ctx, remains); err != nil {
			return err
		}
	}
	return a.provider.Create(ctx, stage, c.To)
}

// begin records that the state of a resource is unknown until the change completes.
func (a *Account) begin(s *stack, c Change, target template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := resource{c.To, target, c.Action}
	if c.Action == Delete {
		r = s.existing[c.LogicalID()]
		r.begun = Delete
	}
	s.existing[c.LogicalID()] = r
}

// complete records that a resource matches a template.
func (a *Account) complete(s *stack, logicalID string, t template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	declared, _ := t.resource(logicalID)
	s.existing[logicalID] = resource{Resource: declared, template: t}
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
