package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// graph is an order of work: the nodes, and for each those that must be done
// before it. A requirement that is no node is met from the start.
type graph map[string][]string

// reversed is the order in which to undo what was done in this one.
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

// order is a sequence in which one pair of hands could do the work.
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

// run works on every node as soon as all it requires are done, on all that do not
// wait for each other at the same time, and returns when nothing is running.
//
// A node that fails keeps those that require it from starting, and nobody else;
// the errors are joined. Once ctx is done nothing starts any more.
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

// ready returns the nodes, sorted, that require nothing unfinished.
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
