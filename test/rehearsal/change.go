package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/load"
)

// change is what a change of cdk.json, such as a pull request's, makes of the phases of
// environments.
type change struct {
	// environments are the names of stages which have the same phases before, and after.
	environments []string
	from, to     step
}

// changesOf are the changes from the phases of one cdk.json to those of another. What only one
// of them has an environment for is none. A service that one of them does not name is dark
// there.
func changesOf(catalog services.Catalog, from, to string) ([]change, error) {
	before, err := stacks.PhasesIn(from, catalog)
	if err != nil {
		return nil, fmt.Errorf("--from %s: %w", from, err)
	}
	after, err := stacks.PhasesIn(to, catalog)
	if err != nil {
		return nil, fmt.Errorf("--to %s: %w", to, err)
	}
	var all []change
	for _, name := range slices.Sorted(maps.Keys(after)) {
		phases, there := before[name]
		if !there || maps.Equal(phases, after[name]) {
			continue
		}
		same := func(c change) bool { return maps.Equal(c.from.phases, phases) && maps.Equal(c.to.phases, after[name]) }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].environments = append(all[i].environments, name)
			continue
		}
		from := step{"as before", phases}
		all = append(all, change{[]string{name}, from, step{difference(catalog, phases, after[name]), after[name]}})
	}
	return all, nil
}

// difference is what is another word in one of two migrations, such as "alpha 10% → 50%".
func difference(catalog services.Catalog, from, to map[string]string) string {
	var parts []string
	for _, key := range catalog.Keys() {
		if from[key] != to[key] {
			parts = append(parts, fmt.Sprintf("%s %s → %s", key, from[key], to[key]))
		}
	}
	return strings.Join(parts, ", ")
}

// rehearseChanges makes each change under load, from what was before to what comes after, and
// reports on both.
func (r *rehearsal) rehearseChanges(ctx context.Context, changes []change, rate int) error {
	began := time.Now()
	r.screen.walkHead(columns(r.kinds))
	for _, c := range changes {
		if err := r.rehearseChange(ctx, c, rate); err != nil {
			return fmt.Errorf("%s: %s: %w", strings.Join(c.environments, ", "), c.to.name, err)
		}
	}
	r.report.Seconds = time.Since(began).Seconds()
	r.report.Unexplained = r.report.count()
	r.screen.summary(r.report)
	return nil
}

// rehearseChange brings the region to what was before without load, as this is no step that
// anybody takes, and then makes the change.
func (r *rehearsal) rehearseChange(ctx context.Context, c change, rate int) error {
	r.screen.progress("as before", noRequests)
	before, err := r.stages.make(c.from)
	if err != nil {
		return err
	}
	wait := r.stages.begin(c.to)
	if err := r.deploy(ctx, before); err != nil {
		return err
	}
	if !sleep(ctx, r.propagation()) {
		return ctx.Err()
	}
	after, err := wait()
	if err != nil {
		return err
	}
	if err := seed(r.region.URL(), r.kinds, r.ledger); err != nil {
		return err
	}
	r.load = load.Start(rate, newStream(r.region.URL(), r.kinds, r.ledger))
	defer r.load.Stop()
	if err := r.take(ctx, c.from, before); err != nil {
		return err
	}
	r.screen.progress(c.to.name, r.count)
	notJudged := len(r.report.NotJudged)
	if err := r.take(ctx, c.to, after); err != nil {
		return err
	}
	steps := r.report.Steps[len(r.report.Steps)-2:]
	r.report.Changes = append(r.report.Changes, Change{
		Environments: c.environments, Requests: steps[1].Requests, Unexplained: len(steps[1].Unexplained), P99: steps[1].P99,
		Before: len(steps[0].Unexplained), NotJudged: len(r.report.NotJudged) > notJudged,
	})
	return nil
}
