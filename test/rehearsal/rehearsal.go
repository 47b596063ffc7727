package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
)

// rehearsal is one migration under load.
type rehearsal struct {
	catalog services.Catalog
	// only is the service whose migration is rehearsed. Empty means every service.
	only string
	// cannot are the programs that cannot start on this machine, which are left out.
	cannot []string
	// kinds are the requests that are sent, the kit's own among them.
	kinds traffic.Traffic
	// recorded is whether they were recorded, so that what they depend on is not known.
	recorded bool
	stages   *stages
	region   *region.Region
	account  *cloudformation.Account
	// opened is how many tasks a service had when its rules were complete.
	opened openings
	// usualCalls are those before the first fault. Nil means that none has come yet.
	usualCalls callRates
	// stage is what is deployed now.
	stage  *assembly.Stage
	ledger *ledger
	logs   *logs
	load   *load.Load
	probe  probe
	report *Report
	screen *screen
	// mask takes the values of --env out of a text. Nil leaves it as it is.
	mask func(text string) string
}

// hold is how long things are watched after a change, at least.
const hold = time.Second

// judged is by how many requests a step is judged after its deployment. One that
// shares a path is judged by twice as many, to tell its weights.
const judged = 500

// rarest is how many requests of each column a step is judged by on average, at least. None
// comes once in a million times.
const rarest = 14

// watch is how long that many requests take.
func (r *rehearsal) watch(want map[string]map[string]float64) time.Duration {
	requests := judged
	if shared(want) {
		requests *= 2
	}
	requests = max(requests, enoughOf(r.kinds))
	return max(hold, time.Duration(requests)*time.Second/time.Duration(r.report.Rate))
}

// enoughOf is how many requests have the rarest of each column.
func enoughOf(kinds traffic.Traffic) int {
	weights := map[string]int{}
	for _, k := range kinds {
		weights[columnOf(groupOf(k), k.Route())] += k.Weight
	}
	most := 0
	for _, weight := range weights {
		most = max(most, (rarest*kinds.Weight()+weight-1)/weight)
	}
	return most
}

// run takes everything through the whole rehearsal.
func (r *rehearsal) run(ctx context.Context, options options) error {
	began := time.Now()
	if err := r.open(ctx, options.rate); err != nil {
		return err
	}
	defer r.load.Stop()
	parts := []func(context.Context) error{r.gap, r.walk}
	if options.faults {
		parts = append(parts, r.faults)
	}
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
	}
	r.load.Stop()
	if r.only == "" || options.faults {
		if err := r.scaling(ctx); err != nil {
			return fmt.Errorf("scaling: %w", err)
		}
	}
	if err := r.audit(ctx); err != nil {
		return err
	}
	r.report.Logs = r.logs.report()
	r.screen.logs(r.report.Logs)
	r.report.Seconds = time.Since(began).Seconds()
	r.report.Unexplained = r.report.count()
	r.screen.summary(r.report)
	return nil
}

// open deploys the monolith, as it is before there is any service, and starts
// the load.
func (r *rehearsal) open(ctx context.Context, rate int) error {
	r.screen.progress("the monolith alone", noRequests)
	stage, err := r.stages.make(start(r.catalog))
	if err != nil {
		return err
	}
	if err := r.deployAndSpread(ctx, stage, r.common(stage)...); err != nil {
		return err
	}
	if err := seed(r.region.URL(), r.kinds, r.ledger); err != nil {
		return fmt.Errorf("the monolith alone: %w", err)
	}
	r.load = load.Start(rate, newStream(r.region.URL(), r.kinds, r.ledger))
	return nil
}

// common are the stacks of a stage but those of the services.
func (r *rehearsal) common(stage *assembly.Stage) []string {
	var ids []string
	for _, stack := range stage.Stacks {
		program := slices.IndexFunc(r.catalog.All(), func(s services.Service) bool { return s.ID() == stack.ID })
		if program < 0 || r.isCommon(r.catalog.All()[program]) {
			ids = append(ids, stack.ID)
		}
	}
	return ids
}

// rehearsed are the services whose migration is rehearsed.
func (r *rehearsal) rehearsed() []services.Service {
	if s := r.catalog.Find(r.only); s != nil {
		return []services.Service{*s}
	}
	return reached(r.catalog, r.kinds, r.cannot)
}

// reached are the services that get requests and can start.
func reached(c services.Catalog, kinds traffic.Traffic, cannot []string) []services.Service {
	without := slices.Clone(cannot)
	for _, s := range kinds.Unreached(c) {
		without = append(without, s.Name)
	}
	return slices.DeleteFunc(slices.Clone(c.Services), func(s services.Service) bool { return slices.Contains(without, s.Name) })
}

// needed are the stacks of a stage that a rehearsal of some services needs: their own, those of
// what they call, and the common ones. None means all.
func (r *rehearsal) needed(stage *assembly.Stage) []string {
	if r.only == "" && len(r.cannot) == 0 {
		return nil
	}
	needed := r.common(stage)
	var names []string
	for _, s := range r.catalog.All() {
		if r.isCommon(s) {
			names = append(names, s.Calls...)
		}
	}
	for _, s := range r.rehearsed() {
		names = append(names, s.Name)
	}
	for ; len(names) > 0; names = names[1:] {
		s := r.catalog.Find(names[0])
		if !slices.Contains(needed, s.ID()) {
			needed = append(needed, s.ID())
			names = append(names, s.Calls...)
		}
	}
	return needed
}

// isCommon reports whether a program is there from the first step on: the monolith, and each worker
// that can start.
func (r *rehearsal) isCommon(s services.Service) bool {
	return s.Name == r.catalog.Monolith.Name || s.IsWorker() && !slices.Contains(r.cannot, s.Name)
}

// walk deploys one step after the other and judges what requests meet.
func (r *rehearsal) walk(ctx context.Context) error {
	r.screen.walkHead(columns(r.kinds))
	steps := walk(r.catalog, r.rehearsed())
	next := r.stages.begin(steps[0])
	for i, step := range steps {
		r.screen.progress(step.name, r.count)
		stage, err := next()
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if i+1 < len(steps) {
			next = r.stages.begin(steps[i+1])
		}
		if err := r.take(ctx, step, stage); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if i > 0 {
			continue
		}
		if err := r.parity(ctx); err != nil {
			return err
		}
		if err := r.measureFrontend(ctx); err != nil {
			return err
		}
	}
	return nil
}

// take deploys a step's stage, watches it, and reports on it.
func (r *rehearsal) take(ctx context.Context, step step, stage *assembly.Stage) error {
	want, err := step.shares(r.catalog, r.kinds)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := r.deploy(ctx, stage); err != nil {
		return err
	}
	if !sleep(ctx, r.propagation()) {
		return ctx.Err()
	}
	deployed := time.Now()
	if !sleep(ctx, r.watch(want)) {
		return ctx.Err()
	}
	ended := time.Now()
	shares, wrong := sharesOf(r.load.Between(deployed, ended), want)
	records := r.load.Between(began, ended)
	r.report.Steps = append(r.report.Steps, Step{
		Name:        step.name,
		Seconds:     deployed.Sub(began).Seconds(),
		Traffic:     trafficOf(records),
		Shares:      shares,
		Unexplained: r.judged(began, ended, append(failuresOf(records), wrong...)),
	})
	r.screen.step(r.report.Steps[len(r.report.Steps)-1], columns(r.kinds))
	return nil
}

// deploy brings the account to a stage: stacks that it no longer has are
// destroyed before, as a person does.
func (r *rehearsal) deploy(ctx context.Context, stage *assembly.Stage) error {
	var gone []string
	for _, id := range r.account.Deployed() {
		if _, kept := stage.Stack(id); !kept {
			gone = append(gone, id)
		}
	}
	if len(gone) > 0 {
		if err := r.account.Destroy(ctx, gone...); err != nil {
			return err
		}
	}
	if err := r.account.Deploy(ctx, stage, r.needed(stage)...); err != nil {
		return err
	}
	r.stage = stage
	return nil
}

// deployAndSpread deploys stacks of a stage and waits until every node of the load
// balancer has learned of it, as a person who looks before the next command does.
func (r *rehearsal) deployAndSpread(ctx context.Context, stage *assembly.Stage, stacks ...string) error {
	if err := r.account.Deploy(ctx, stage, stacks...); err != nil {
		return err
	}
	if !sleep(ctx, r.propagation()) {
		return ctx.Err()
	}
	return nil
}

// propagation is the time until every node of the load balancer has learned of a change,
// on the clock of this machine, whose timers may be late.
func (r *rehearsal) propagation() time.Duration {
	return time.Duration(r.report.PropagationSeconds/r.report.Speed*float64(time.Second)) + tooLate
}

func shared(want map[string]map[string]float64) bool {
	for _, shares := range want {
		if len(shares) > 1 {
			return true
		}
	}
	return false
}

// count is how many requests have been answered, and how many of them wrongly.
func (r *rehearsal) count() (answered, failed int) { return r.load.Count() }

// noRequests is the count before the load begins.
func noRequests() (answered, failed int) { return 0, 0 }

// sleep reports whether the whole time has passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
