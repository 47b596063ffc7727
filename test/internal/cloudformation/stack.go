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

// stack is what is there of one stack, which after a failure need not be what any
// template says.
type stack struct {
	id string
	// template is the last one that the stack has reached, to which it is rolled
	// back: none before its first creation is complete and once it is to be deleted.
	template template
	// there are the resources by logical id.
	there map[string]resource
}

// resource is what is there under a logical id.
type resource struct {
	assembly.Resource
	// template is the one that the resource has been or was being brought to.
	template template
	// begun is an action that was not completed, if any.
	begun Action
}

// dependencies are the stacks that anything there was deployed after.
func (s *stack) dependencies() []string {
	dependencies := s.template.dependencies()
	for _, r := range s.there {
		dependencies = append(dependencies, r.template.dependencies()...)
	}
	slices.Sort(dependencies)
	return slices.Compact(dependencies)
}

// deploy brings a stack to the plan's target, and when a resource fails back to
// the template it had.
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

// update creates and updates, each resource as soon as those it requires are
// complete. The first to fail stops the others; its error is returned.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-dependson.html
func (a *Account) update(ctx context.Context, s *stack, p plan) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := p.creation.run(ctx, func(ctx context.Context, id string) error {
		err := a.bring(ctx, s, p, id)
		if err != nil {
			stop(err)
		}
		return err
	})
	if err == nil {
		a.reach(s, p.target)
		return nil
	}
	if first := context.Cause(ctx); first != nil {
		return first
	}
	return fmt.Errorf("stack %s: %w", s.id, err)
}

// bring makes a resource what the plan's target says.
func (a *Account) bring(ctx context.Context, s *stack, p plan, logicalID string) error {
	if change, ok := p.changes[logicalID]; ok {
		return a.perform(ctx, s, change, p.target)
	}
	a.complete(s, logicalID, p.target)
	return nil
}

// cleanUp deletes what the plan's target does not have, each resource as soon as
// those that required it are gone. One that cannot be deleted stays, with all
// that it requires, and the next deployment tries again; CloudFormation would
// forget about it.
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

// rollBack deploys the template that the stack had to what is there now, without
// a way back from that. Before the first creation this is no template, so that
// all is deleted.
func (a *Account) rollBack(ctx context.Context, s *stack, cause error) error {
	a.emit(Event{Stack: s.id, Type: stackType, Action: a.verb(s), Status: RollingBack, Err: cause})
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

// perform makes one change and keeps record of it.
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

// begin records that nobody knows what is there until the change is complete.
func (a *Account) begin(s *stack, c Change, target template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := resource{c.To, target, c.Action}
	if c.Action == Delete {
		r = s.there[c.LogicalID()]
		r.begun = Delete
	}
	s.there[c.LogicalID()] = r
}

// complete records that a resource is what a template says.
func (a *Account) complete(s *stack, logicalID string, t template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	declared, _ := t.resource(logicalID)
	s.there[logicalID] = resource{Resource: declared, template: t}
}

// forget records that resources are no part of the stack any more.
func (a *Account) forget(s *stack, logicalIDs ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range logicalIDs {
		delete(s.there, id)
	}
}

// reach records the template that the stack now has.
func (a *Account) reach(s *stack, t template) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.template = t
}

func (a *Account) plan(s *stack, target template) plan {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.plan(target)
}

// verb is what CloudFormation calls a deployment of the stack.
func (a *Account) verb(s *stack) Action {
	if s.template.none() {
		return Create
	}
	return Update
}
