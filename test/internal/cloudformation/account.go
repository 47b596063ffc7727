// Package cloudformation deploys synthesized stacks the way CloudFormation and
// cdk deploy do: in which order and what at the same time, what is updated and
// what left alone, and what happens when a resource fails. It knows no AWS
// service; a [Provider] creates, updates and deletes resources.
//
// Resources that no reference and no DependsOn puts in order are worked on at the
// same time, so that a template that lacks an order shows it.
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

// Provider makes resources. Its methods are called from several goroutines, but
// never twice at the same time for one resource. They return once the resource is
// what was asked for, or as soon as ctx is done with what they have; after an
// error it may be in any state, and the next call for it starts from there.
type Provider interface {
	// Create makes a resource. The stage has the views of what is being deployed.
	Create(ctx context.Context, stage *assembly.Stage, r assembly.Resource) error
	// Update changes a resource. The two versions are alike when only a resource
	// that it refers to is a new one.
	Update(ctx context.Context, stage *assembly.Stage, from, to assembly.Resource) error
	// Delete removes a resource, also one whose creation failed and left nothing.
	Delete(ctx context.Context, r assembly.Resource) error
}

// Account is an environment of AWS and the stacks that are deployed to it. It is
// safe for concurrent use; a Deploy or Destroy waits for the one before it.
type Account struct {
	provider  Provider
	observing sync.Mutex
	observe   func(Event)

	operation sync.Mutex

	// mu guards the stacks and everything in them.
	mu     sync.Mutex
	stacks map[string]*stack
}

// New returns an account without stacks. Observe, if not nil, is told of every
// event, one at a time, while the resource waits.
func New(p Provider, observe func(Event)) *Account {
	if observe == nil {
		observe = func(Event) {}
	}
	return &Account{provider: p, observe: observe, stacks: map[string]*stack{}}
}

// Deploy brings stacks, given by their IDs, to what the stage says: all of the
// stage when none is given. Each follows those of them that it depends on, and
// independent ones are deployed side by side, as cdk deploy --concurrency does.
//
// In a stack, creations and updates come first, each when all that the resource
// requires are complete; then what the template no longer has is deleted in the
// reverse order of the template that had it, except what its DeletionPolicy
// retains. A resource that fails stops those under way in its stack, and the
// stack is rolled back: to the template it had, or to nothing when it had none.
// The stacks that depend on it are not started, others go on. The errors of all
// are joined.
//
// When ctx ends, everything stops where it is and nothing is rolled back: what is
// there is on record, and the next Deploy or Destroy starts from it.
func (a *Account) Deploy(ctx context.Context, stage *assembly.Stage, stacks ...string) error {
	a.operation.Lock()
	defer a.operation.Unlock()
	order := dependencies(stage)
	selected, err := choose(order, stacks)
	if err != nil {
		return err
	}
	return order.run(ctx, func(ctx context.Context, id string) error {
		if !selected[id] {
			return nil
		}
		s, _ := stage.Stack(id)
		return a.apply(id, template{stage, s}, func(s *stack, p plan) error { return a.deploy(ctx, s, p) })
	})
}

// Destroy deletes stacks, given by their IDs: all that are deployed when none is
// given. Each goes before those that it depends on, and its resources go in the
// reverse order of their creation. A stack stays when another that stays imports
// one of its exports. What cannot be deleted stays with all that it requires, and
// the next Destroy tries again.
func (a *Account) Destroy(ctx context.Context, stacks ...string) error {
	a.operation.Lock()
	defer a.operation.Unlock()
	order := a.dependencies().reversed()
	selected, err := choose(order, stacks)
	if err != nil {
		return err
	}
	return order.run(ctx, func(ctx context.Context, id string) error {
		if !selected[id] {
			return nil
		}
		// To delete a stack is to bring it to no template, from which there is no
		// way back.
		return a.apply(id, template{}, func(s *stack, p plan) error {
			a.reach(s, p.target)
			return a.cleanUp(ctx, s, p)
		})
	})
}

// Changes is what Deploy would do, in the order of stacks and in each in an order
// of creation, with deletions last and reversed. Nothing is touched.
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
		changes = append(changes, s.plan(template{stage, declared}).list()...)
	}
	return changes
}

// Deployed returns the sorted IDs of the stacks that are there, in full or in
// part.
func (a *Account) Deployed() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.stacks))
}

// apply brings a stack to a target in the given way, unless that is refused, and
// tells of it if there is anything to do.
func (a *Account) apply(id string, target template, way func(*stack, plan) error) error {
	s := a.open(id)
	defer a.close(s)
	p := a.plan(s, target)
	if err := errors.Join(p.refusal(), a.exportsInUse(id, target)); err != nil {
		return err
	}
	if len(p.changes) == 0 {
		return way(s, p)
	}
	event := Event{Stack: id, Type: stackType, Action: a.verb(s)}
	if target.none() {
		event.Action = Delete
	}
	return a.report(event, func() error { return way(s, p) })
}

// open returns the stack with that ID, a new one if need be.
func (a *Account) open(id string) *stack {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stacks[id]
	if s == nil {
		s = &stack{id: id, there: map[string]resource{}}
		a.stacks[id] = s
	}
	return s
}

// close takes a stack of which nothing is left out of the account.
func (a *Account) close(s *stack) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.template.none() && len(s.there) == 0 {
		delete(a.stacks, s.id)
	}
}

// dependencies of all stacks of a stage. Those that are not deployed are in it
// too, because two that are can be in order through one that is not.
func dependencies(stage *assembly.Stage) graph {
	g := graph{}
	for _, s := range stage.Stacks {
		g[s.ID] = s.Dependencies
	}
	return g
}

// dependencies of the stacks that are there.
func (a *Account) dependencies() graph {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := graph{}
	for id, s := range a.stacks {
		g[id] = s.dependencies()
	}
	return g
}

// choose returns the stacks that are meant by a list of IDs: all if it is empty.
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
