// Package cloudformation deploys synthesized stacks the way CloudFormation and cdk
// deploy do: the order of resources and stacks, what runs at the same time, what is
// updated or replaced, and what follows when a resource fails. Of each type it knows
// which properties cannot change, see [ReplacedBy]; a [Provider] creates, updates and
// deletes resources.
//
// Resources that neither a reference nor DependsOn puts in order run at the same
// time, so that a template that lacks an order fails.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/strangler/test/internal/assembly"
)

// Provider creates, updates and deletes resources. Its methods are called from
// several goroutines, but never at the same time for one resource. They return when
// the action is complete, or with an error as soon as ctx is done. After an error the
// resource may be in any state, from which the next call for it starts.
type Provider interface {
	// Create makes a resource. The one that it replaces is still there.
	Create(ctx context.Context, d Deployment, r Resource) error
	// Update changes a resource, which keeps its ID. The two versions are equal when the
	// only change is that a resource it refers to gets another ID.
	Update(ctx context.Context, d Deployment, from, to Resource) error
	// Delete removes a resource. It must accept one that does not exist, because its
	// creation failed.
	Delete(ctx context.Context, r Resource) error
}

// Account is an environment of AWS with the stacks that are deployed to it. It is
// safe for concurrent use: a Deploy or Destroy waits for the one before it. [New]
// makes one.
type Account struct {
	provider  Provider
	observing sync.Mutex
	observe   func(Event)

	operation sync.Mutex

	// mu guards the stacks and everything in them.
	mu     sync.Mutex
	stacks map[string]*stack
}

// New returns an account without stacks. Observe, if not nil, is called for every
// event, one call at a time. The action waits until it returns.
func New(p Provider, observe func(Event)) *Account {
	if observe == nil {
		observe = func(Event) {}
	}
	return &Account{provider: p, observe: observe, stacks: map[string]*stack{}}
}

// Deploy deploys the stage's stacks with the given IDs, and all of its stacks when
// none is given. A stack starts when the stacks that it depends on are complete;
// independent stacks run at the same time, as with cdk deploy --concurrency. As there, a
// stack with the template that it has is skipped, and after a failure no other stack
// starts:
// https://github.com/aws/aws-cdk-cli/blob/main/packages/@aws-cdk/toolkit-lib/lib/api/deployments/deploy-stack.ts
// https://github.com/aws/aws-cdk-cli/blob/main/packages/@aws-cdk/toolkit-lib/lib/api/work-graph/work-graph.ts
//
// In a stack, creations, updates and replacements come first, each as soon as the
// resources that it requires are complete. Then what has been replaced or is no longer in
// the template is deleted, in the reverse order of the template that had it, unless
// its UpdateReplacePolicy or DeletionPolicy retains it. When a resource fails, the others
// in progress in its stack are stopped and the stack is rolled back to its last template,
// or deleted if it had none. The errors of all stacks are joined. An unknown ID is an
// error before anything starts.
//
// When ctx ends, everything stops and nothing is rolled back: the account records
// what exists, and the next Deploy or Destroy starts from there.
func (a *Account) Deploy(ctx context.Context, stage *assembly.Stage, stacks ...string) error {
	a.operation.Lock()
	defer a.operation.Unlock()
	order := dependencies(stage)
	selected, err := choose(order, stacks)
	if err != nil {
		return err
	}
	return order.runUntilFailure(ctx, func(ctx context.Context, id string) error {
		s, _ := stage.Stack(id)
		if !selected[id] || a.skips(id, template{stage, s}) {
			return nil
		}
		return a.apply(id, template{stage, s}, func(s *stack, p plan) error { return a.deploy(ctx, s, p) })
	})
}

// Destroy deletes the stacks with the given IDs, and all deployed stacks when none is
// given. A stack is deleted before the stacks that it depends on, and its resources
// in the reverse order of their creation. A stack stays, with an error, while another
// that stays imports one of its exports. A resource that cannot be deleted stays, with
// all that it requires, and the next Destroy tries again. After a failure no other stack
// starts. An unknown ID is an error before anything starts.
func (a *Account) Destroy(ctx context.Context, stacks ...string) error {
	a.operation.Lock()
	defer a.operation.Unlock()
	order := a.dependencies().reversed()
	selected, err := choose(order, stacks)
	if err != nil {
		return err
	}
	return order.runUntilFailure(ctx, func(ctx context.Context, id string) error {
		if !selected[id] {
			return nil
		}
		// A deletion has the empty template as its target, and is not rolled back.
		return a.apply(id, template{}, func(s *stack, p plan) error {
			a.setTemplate(s, p.target)
			return a.cleanUp(ctx, s, p)
		})
	})
}

// Changes returns what Deploy would do, without doing it: by stack in the stage's
// order, and in each stack creations and updates in order, then deletions.
func (a *Account) Changes(stage *assembly.Stage, stacks ...string) []Change {
	a.mu.Lock()
	defer a.mu.Unlock()
	var changes []Change
	for _, declared := range stage.Stacks {
		if len(stacks) > 0 && !slices.Contains(stacks, declared.ID) {
			continue
		}
		s := a.stacks[declared.ID]
		if s == nil {
			s = &stack{id: declared.ID}
		}
		if target := (template{stage, declared}); !s.has(target) {
			changes = append(changes, s.plan(target).list()...)
		}
	}
	return changes
}

// Deployed returns the sorted IDs of the stacks that exist, in full or in part.
func (a *Account) Deployed() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.stacks))
}

// apply runs an operation that brings a stack to a target template, unless
// CloudFormation would refuse it. It reports events of the stack if there are changes.
func (a *Account) apply(id string, target template, operation func(*stack, plan) error) error {
	s := a.open(id)
	defer a.close(s)
	p := a.plan(s, target)
	if err := errors.Join(p.refusal(), a.exportsInUse(id, target)); err != nil {
		return err
	}
	a.settle(s, false)
	if len(p.changes) == 0 {
		return operation(s, p)
	}
	event := Event{Stack: id, Type: stackType, Action: a.stackAction(s)}
	if target.none() {
		event.Action = Delete
	}
	return a.report(event, func() error { return operation(s, p) })
}

// open returns the stack with that ID, and adds it to the account if it is new.
func (a *Account) open(id string) *stack {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stacks[id]
	if s == nil {
		s = &stack{id: id, existing: map[string]resource{}}
		a.stacks[id] = s
	}
	return s
}

// skips reports whether a deployed stack has a template already. From then on it is
// deployed after the stacks that the stage of this template says.
func (a *Account) skips(id string, t template) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stacks[id]
	if s == nil || !s.has(t) {
		return false
	}
	s.after = t.dependencies()
	return true
}

// close removes a stack from the account if nothing of it exists.
func (a *Account) close(s *stack) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.template.none() && len(s.existing) == 0 {
		delete(a.stacks, s.id)
	}
}

// dependencies returns the dependencies of all stacks of a stage. Stacks that are not
// selected are included, because they can put two selected ones in order.
func dependencies(stage *assembly.Stage) graph {
	g := graph{}
	for _, s := range stage.Stacks {
		g[s.ID] = s.Dependencies
	}
	return g
}

// dependencies returns the dependencies of the stacks that exist.
func (a *Account) dependencies() graph {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := graph{}
	for id, s := range a.stacks {
		g[id] = s.dependencies()
	}
	return g
}

// choose returns the stacks that a list of IDs selects: all if it is empty.
func choose(all graph, ids []string) (map[string]bool, error) {
	names := slices.Sorted(maps.Keys(all))
	if len(ids) == 0 {
		ids = names
	}
	chosen := map[string]bool{}
	for _, id := range ids {
		if _, ok := all[id]; !ok {
			return nil, fmt.Errorf("no stack %q: want some of %s", id, strings.Join(names, ", "))
		}
		chosen[id] = true
	}
	return chosen, nil
}
