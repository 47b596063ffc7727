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

// ordered is a service that is deployed in one order of rule and service, and destroyed.
type ordered struct {
	order   string
	service services.Service
	// darkBefore is whether the service is made dark, in a deployment of its own, before it
	// is destroyed.
	darkBefore bool
}

// gapRounds are the deployments in which three ways are compared: our order, made dark
// before it is destroyed; our order, destroyed while live; and the textbook's. They go
// at the same time as far as there are services, and otherwise one after the other. What one
// service is rehearsed by alone goes the first way, which is the one that may lose nothing.
func gapRounds(c services.Catalog, rehearsed []services.Service) [][]ordered {
	ways := []ordered{{order: ours, darkBefore: true}, {order: textbook}, {order: ours}}
	if len(rehearsed) < len(c.Services) {
		ways = ways[:1]
	}
	var rounds [][]ordered
	for round := range slices.Chunk(ways, len(rehearsed)) {
		for i := range round {
			round[i].service = rehearsed[i]
		}
		rounds = append(rounds, round)
	}
	return rounds
}

// gap takes services, in each of the ways, through a first deployment straight to live
// and through their destruction.
func (r *rehearsal) gap(ctx context.Context) error {
	r.screen.gapHead()
	for _, round := range gapRounds(r.catalog, r.rehearsed()) {
		if err := r.gapRound(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsal) gapRound(ctx context.Context, round []ordered) error {
	live, dark := start(r.catalog), start(r.catalog)
	var edits []edit
	var stacks, darkened []string
	for _, o := range round {
		live = live.withLive(o.service)
		stacks = append(stacks, o.service.ID())
		if o.order == textbook {
			edits = append(edits, textbookOrder(o.service.ID()))
		}
		if o.darkBefore {
			darkened = append(darkened, o.service.ID())
		} else {
			dark = dark.withLive(o.service)
		}
	}
	stage, err := r.stages.make(live, edits...)
	if err != nil {
		return err
	}
	wait := r.stages.begin(dark, edits...)
	gaps, err := r.change(ctx, round, move{
		name:     func(ordered) string { return "first deployment, live" },
		promised: func(o ordered) bool { return o.order == ours },
		apply:    func() error { return r.account.Deploy(ctx, stage, stacks...) },
	})
	if err != nil {
		return err
	}
	for i, o := range round {
		gaps[i].Tasks, gaps[i].Least = r.opened.of(o.service.Name), o.service.Scaling.Min
	}
	r.gaps(gaps)
	if stage, err = wait(); err != nil {
		return err
	}
	gaps, err = r.change(ctx, round, move{
		name: func(o ordered) string {
			if o.darkBefore {
				return "dark, then destroyed"
			}
			return "destroyed while live"
		},
		promised: func(o ordered) bool { return o.darkBefore },
		apply: func() error {
			if len(darkened) > 0 {
				if err := r.deployAndSpread(ctx, stage, darkened...); err != nil {
					return err
				}
			}
			return r.account.Destroy(ctx, stacks...)
		},
	})
	if err != nil {
		return err
	}
	r.gaps(gaps)
	return nil
}

// move is what happens to the services of a round.
type move struct {
	name func(ordered) string
	// promised is whether a service may lose nothing by it.
	promised func(ordered) bool
	apply    func() error
}

// gaps reports gaps.
func (r *rehearsal) gaps(gaps []Gap) {
	for _, g := range gaps {
		r.report.Gaps = append(r.report.Gaps, g)
		r.screen.gap(g)
	}
}

// change makes a move and returns what each service of a round lost by it.
func (r *rehearsal) change(ctx context.Context, round []ordered, m move) ([]Gap, error) {
	r.screen.progress(m.name(round[0]), r.count)
	began := time.Now()
	if err := m.apply(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(round[0]), err)
	}
	if !sleep(ctx, hold/2) {
		return nil, ctx.Err()
	}
	ended := time.Now()
	gaps := gapsOf(m, round, r.load.Between(began, ended))
	for i := range gaps {
		gaps[i].Unexplained = r.judged(began, ended, gaps[i].Unexplained)
	}
	return gaps, nil
}

// gapsOf are what the services of a round lost. What is promised to lose nothing may not,
// and neither may any path of no service of the round; the textbook's order must lose
// some, or the rehearsal would not see a gap where there is one.
func gapsOf(m move, round []ordered, records []load.Record) []Gap {
	var gaps []Gap
	others := records
	for _, o := range round {
		own := within(records, o.service.Patterns())
		others = outside(others, o.service.Patterns())
		g := gapOf(m.name(o), o, own)
		switch {
		case m.promised(o):
			g.Unexplained = failuresOf(own)
		case o.order == textbook && len(g.Failures) == 0:
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
