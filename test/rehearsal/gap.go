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

// ordered is a service that is deployed and destroyed in one order of rule and service.
type ordered struct {
	order   string
	service services.Service
}

// gapRounds are the deployments that the two orders are compared in: two services
// at the same time, or one service in one order after the other.
func gapRounds(c services.Catalog) [][]ordered {
	first := ordered{ours, c.Services[0]}
	if len(c.Services) == 1 {
		return [][]ordered{{first}, {{textbook, first.service}}}
	}
	return [][]ordered{{first, {textbook, c.Services[1]}}}
}

// gap takes services, in our order and in that of the textbook, through a first
// deployment straight to live and through their destruction while live.
func (r *rehearsal) gap(ctx context.Context) error {
	r.screen.gapHead()
	for _, round := range gapRounds(r.catalog) {
		if err := r.gapRound(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) gapRound(ctx context.Context, round []ordered) error {
	step := start(r.catalog)
	var edits []edit
	var stacks []string
	for _, o := range round {
		step = step.with(o.service.Name, services.Live.String())
		stacks = append(stacks, o.service.ID())
		if o.order == textbook {
			edits = append(edits, textbookOrder(o.service.ID()))
		}
	}
	stage, err := r.stages.make(step, edits...)
	if err != nil {
		return err
	}
	gaps, err := r.change(ctx, "first deployment, live", round, func() error { return r.account.Deploy(ctx, stage, stacks...) })
	if err != nil {
		return err
	}
	for i, o := range round {
		gaps[i].Tasks, gaps[i].Least = r.opened.of(o.service.Name), o.service.Scaling.Min
	}
	r.gaps(gaps)
	if gaps, err = r.change(ctx, "destroy while live", round, func() error { return r.account.Destroy(ctx, stacks...) }); err != nil {
		return err
	}
	r.gaps(gaps)
	return nil
}

// gaps reports gaps.
func (r *rehearsal) gaps(gaps []Gap) {
	for _, g := range gaps {
		r.report.Gaps = append(r.report.Gaps, g)
		r.screen.gap(g)
	}
}

// change makes a change and returns what each service of a round lost by it.
func (r *rehearsal) change(ctx context.Context, change string, round []ordered, apply func() error) ([]Gap, error) {
	r.screen.progress(change, r.count)
	began := time.Now()
	if err := apply(); err != nil {
		return nil, fmt.Errorf("%s: %w", change, err)
	}
	if !sleep(ctx, hold/2) {
		return nil, ctx.Err()
	}
	return gapsOf(change, round, r.load.Between(began, time.Now())), nil
}

// gapsOf are what the services of a round lost. Our order may lose nothing, and
// neither may any path of no service of the round; the textbook's order must lose
// some, or the rehearsal would not see a gap where there is one.
func gapsOf(change string, round []ordered, records []load.Record) []Gap {
	var gaps []Gap
	others := records
	for _, o := range round {
		own := within(records, o.service.Paths)
		others = outside(others, o.service.Paths)
		g := gapOf(change, o, own)
		switch {
		case o.order == ours:
			g.Unexplained = failuresOf(own)
		case len(g.Failures) == 0:
			g.Unexplained = []string{"no request failed: this rehearsal would not see a gap"}
		default:
			g.Unexplained = unexplained(own, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout)
		}
		gaps = append(gaps, g)
	}
	gaps[0].Unexplained = append(gaps[0].Unexplained, failuresOf(others)...)
	return gaps
}

func gapOf(change string, o ordered, own []load.Record) Gap {
	g := Gap{Change: change, Order: o.order, Service: o.service.Name, Traffic: trafficOf(own)}
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
