package cloudformation

import (
	"context"
	"fmt"
	"slices"

	"example.com/strangler/test/internal/assembly"
)

// successor returns the resource that replaces this one and those that it has replaced.
func (r resource) successor(to assembly.Resource, t template) resource {
	next := resource{Resource: to, template: t, begun: Create, generation: r.generation + 1, replaced: append(slices.Clone(r.replaced), r)}
	for _, other := range r.replaced {
		next.generation = max(next.generation, other.generation+1)
	}
	next.replaced[len(next.replaced)-1].replaced = nil
	return next
}

// restore makes what a failed deployment has replaced current again, in the place of what
// replaced it. Nothing has changed the old resources, which are deleted last.
func (a *Account) restore(s *stack) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, r := range s.existing {
		i := slices.IndexFunc(r.replaced, func(old resource) bool { return old.template == s.template })
		if i < 0 {
			continue
		}
		old := r.replaced[i]
		rest := slices.Delete(slices.Clone(r.replaced), i, i+1)
		r.replaced = nil
		old.replaced = append(rest, r)
		s.existing[id] = old
	}
}

// deleteReplaced deletes the resources that one of a stack has replaced, unless their
// policy retains them.
func (a *Account) deleteReplaced(ctx context.Context, s *stack, logicalID string) error {
	for _, old := range a.replaced(s, logicalID) {
		if !retainedWhenReplaced(old.Resource) {
			if err := a.deleteOld(ctx, s, old); err != nil {
				return err
			}
		}
		a.forgetReplaced(s, old)
	}
	return nil
}

func (a *Account) deleteOld(ctx context.Context, s *stack, old resource) error {
	err := a.report(Event{Stack: s.id, LogicalID: old.LogicalID, Type: old.Type, Action: Delete}, func() error {
		return a.provider.Delete(ctx, old.physical())
	})
	if err != nil {
		return fmt.Errorf("stack %s: resource %s: %w", s.id, old.LogicalID, err)
	}
	return nil
}

func (a *Account) replaced(s *stack, logicalID string) []resource {
	a.mu.Lock()
	defer a.mu.Unlock()
	return s.existing[logicalID].replaced
}

func (a *Account) forgetReplaced(s *stack, old resource) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := s.existing[old.LogicalID]
	r.replaced = slices.DeleteFunc(slices.Clone(r.replaced), func(other resource) bool { return other.generation == old.generation })
	s.existing[old.LogicalID] = r
}
