package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// graph maps each node to the nodes that must be done before it. A required node
// that is not in the graph counts as done.
type graph map[string][]string

// reversed returns the graph with all requirements turned around.
func (g graph) reversed() graph {
	reversed := graph{}
	for node := range g {
		reversed[node] = nil
	}
	for node, requires := range g {
		for _, required := range requires {
			if _, ok := g[required]; ok {
				reversed[required] = append(reversed[required], node)
			}
		}
	}
	return reversed
}

// order returns the nodes in a sequence that meets all requirements. It leaves out
// the nodes of cycles.
func (g graph) order() []string {
	var order []string
	left := maps.Clone(g)
	for ready := left.ready(left); len(ready) > 0; ready = left.ready(left) {
		order = append(order, ready...)
		for _, node := range ready {
			delete(left, node)
		}
	}
	return order
}

// run works on each node as soon as the nodes that it requires are done, on
// independent nodes at the same time, and returns when nothing is running.
//
// When a node fails, the nodes that require it do not start; others continue. The
// errors are joined. Once ctx is done no node starts. A cycle is an error.
func (g graph) run(ctx context.Context, work func(ctx context.Context, node string) error) error {
	type result struct {
		node string
		err  error
	}
	results := make(chan result)
	waiting, unfinished := maps.Clone(g), maps.Clone(g)
	running := 0
	var errs []error
	for {
		if ctx.Err() == nil {
			for _, node := range waiting.ready(unfinished) {
				delete(waiting, node)
				running++
				go func() { results <- result{node, work(ctx, node)} }()
			}
		}
		if running == 0 {
			break
		}
		r := <-results
		running--
		if r.err != nil {
			errs = append(errs, r.err)
		} else {
			delete(unfinished, r.node)
		}
	}
	switch {
	case len(errs) > 0 || len(waiting) == 0:
		return errors.Join(errs...)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("cycle among %s", strings.Join(slices.Sorted(maps.Keys(waiting)), ", "))
}

// runUntilFailure works as run does, but starts no node after one has failed. Those in
// progress go on.
func (g graph) runUntilFailure(ctx context.Context, work func(ctx context.Context, node string) error) error {
	starting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	return g.run(starting, func(_ context.Context, node string) error {
		err := work(ctx, node)
		if err != nil {
			stop(err)
		}
		return err
	})
}

// ready returns the sorted nodes that require no unfinished node.
func (g graph) ready(unfinished graph) []string {
	var ready []string
	for node, requires := range g {
		if !slices.ContainsFunc(requires, func(r string) bool { _, ok := unfinished[r]; return ok }) {
			ready = append(ready, node)
		}
	}
	slices.Sort(ready)
	return ready
}
