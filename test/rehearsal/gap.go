package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/load"
)

const (
	ours     = "rule after service"
	textbook = "rule before service"
)

// gap takes two services at the same time, one in our order and one in that of
// the textbook, through a first deployment straight to live and through their
// destruction while live.
func (r *rehearsal) gap(ctx context.Context) error {
	if len(r.catalog.Services) < 2 {
		return fmt.Errorf("the catalog has %d services: the rehearsal compares two", len(r.catalog.Services))
	}
	r.screen.gapHead()
	mine, other := r.catalog.Services[0], r.catalog.Services[1]
	stage, err := r.stages.make(start(r.catalog).with(mine.Name, "live").with(other.Name, "live"), textbookOrder(other.ID()))
	if err != nil {
		return err
	}
	if err := r.change(ctx, "first deployment, live", mine, other, func() error {
		return r.account.Deploy(ctx, stage, mine.ID(), other.ID())
	}); err != nil {
		return err
	}
	return r.change(ctx, "destroy while live", mine, other, func() error {
		return r.account.Destroy(ctx, mine.ID(), other.ID())
	})
}

// change makes a change and reports what each of the two services lost by it.
func (r *rehearsal) change(ctx context.Context, change string, mine, other services.Service, apply func() error) error {
	r.screen.progress(change, r.count)
	began := time.Now()
	if err := apply(); err != nil {
		return fmt.Errorf("%s: %w", change, err)
	}
	if !sleep(ctx, hold/2) {
		return ctx.Err()
	}
	records := r.load.Between(began, time.Now())
	for _, g := range gapsOf(change, mine, other, records) {
		r.report.Gaps = append(r.report.Gaps, g)
		r.screen.gap(g)
	}
	return nil
}

// gapsOf are what the two services lost. Our order may lose nothing, and neither
// may any path but the other service's; the textbook's must lose some, or the
// rehearsal would not see a gap where there is one.
func gapsOf(change string, mine, other services.Service, records []load.Record) []Gap {
	m := gapOf(change, ours, mine, records)
	o := gapOf(change, textbook, other, records)
	m.Unexplained = failuresOf(outside(records, other.Paths))
	o.Unexplained = unexplained(within(records, other.Paths), http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout)
	if len(o.Failures) == 0 {
		o.Unexplained = []string{"no request failed: this rehearsal would not see a gap"}
	}
	return []Gap{m, o}
}

func gapOf(change, order string, s services.Service, records []load.Record) Gap {
	own := within(records, s.Paths)
	g := Gap{Change: change, Order: order, Service: s.Name, Traffic: trafficOf(own)}
	if failed := failed(own); len(failed) > 0 {
		g.Milliseconds = failed[len(failed)-1].Start.Sub(failed[0].Start).Milliseconds()
	}
	return g
}

// within are the records that count for one of the paths, by their start.
func within(records []load.Record, paths []string) []load.Record {
	own := slices.DeleteFunc(slices.Clone(records), func(r load.Record) bool { return !slices.Contains(paths, r.Path) })
	slices.SortFunc(own, func(a, b load.Record) int { return a.Start.Compare(b.Start) })
	return own
}

// outside are the records that count for none of the paths.
func outside(records []load.Record, paths []string) []load.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r load.Record) bool { return slices.Contains(paths, r.Path) })
}

func failed(records []load.Record) []load.Record {
	return slices.DeleteFunc(slices.Clone(records), func(r load.Record) bool { return r.Failure == "" })
}

// unexplained are the failures whose status is none of those given.
func unexplained(records []load.Record, explained ...int) []string {
	return failuresOf(slices.DeleteFunc(slices.Clone(records), func(r load.Record) bool { return slices.Contains(explained, r.Status) }))
}
