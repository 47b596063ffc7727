package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/example"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/internal/synth"
)

// input is what a rehearsal begins with.
type input struct {
	app     *synth.App
	catalog services.Catalog
	kinds   traffic.Traffic
	// rate is that of the log, and notes are lines about it. Both are empty without one.
	rate    int
	notes   []string
	values  region.Values
	changes []change
	engine  region.Engine
	// cannot are the programs that cannot start here.
	cannot []string
}

// prepare reads what the rehearsal begins with, and finds every mistake in it.
func prepare(ctx context.Context, o options) (in input, err error) {
	root, err := os.Getwd()
	if err != nil {
		return in, err
	}
	in.app, err = synth.Shipped(root)
	if errors.Is(err, os.ErrNotExist) {
		return in, errors.New("there is no cdk.json here: run it in the module's folder, as go run ./test/rehearsal")
	}
	if err != nil {
		return in, err
	}
	if in.catalog, err = in.app.Catalog.Complete(); err != nil {
		return in, err
	}
	if _, err := stacks.Read(in.app.Context, in.app.Catalog); err != nil {
		return in, err
	}
	if err := errors.Join(checkOnly(o.only, in.catalog), allHere(in.app, in.catalog)); err != nil {
		return in, err
	}
	if len(unstartable(in.catalog, "")) > 0 {
		in.engine = region.FindEngine(ctx, os.Getenv)
	}
	in.cannot = unstartable(in.catalog, in.engine)
	if err := checkStart(in.catalog, in.cannot); err != nil {
		return in, err
	}
	if slices.Contains(in.cannot, o.only) {
		return in, errors.New(howToStart(o.only))
	}
	if o.from != "" {
		if in.changes, err = changesOf(in.catalog, o.from, o.to); err != nil {
			return in, err
		}
		if err := checkChanges(in.changes, in.cannot); err != nil {
			return in, err
		}
	}
	if in.values, err = readValues(o.env); err != nil {
		return in, err
	}
	if err := checkSecrets(in.catalog, in.values, in.cannot); err != nil {
		return in, err
	}
	err = in.readTraffic(o)
	return in, err
}

// leastRate is the rate of a log at least: at fewer requests a second none may meet a gap of
// three seconds.
const leastRate = 200

// recorded reports whether recorded traffic takes the place of the example's.
func (o options) recorded() bool { return len(o.logs) > 0 || o.har != "" }

// readTraffic reads the requests that are sent: the example's, or those that were recorded.
func (in *input) readTraffic(o options) (err error) {
	if !o.recorded() {
		in.kinds, err = requestKinds(in.catalog, example.Traffic())
		return err
	}
	var r *recording
	if o.har != "" {
		r, err = readHAR(o.har)
	} else {
		r, err = readLogs(o.logs)
	}
	if err != nil {
		return err
	}
	if in.kinds, in.notes, err = r.traffic(in.catalog); err != nil {
		return err
	}
	there := reached(in.catalog, in.kinds, in.cannot)
	switch {
	case len(there) == 0:
		return fmt.Errorf("no request of %s reaches a service that can start here: want GETs or HEADs of its paths", r.name)
	case o.only != "" && !slices.ContainsFunc(there, func(s services.Service) bool { return s.Name == o.only }):
		return fmt.Errorf("--only %s: no request of %s reaches it", o.only, r.name)
	}
	in.kinds = withKit(in.catalog, in.kinds)
	if in.rate = max(1, r.rate()); !o.serve {
		in.rate = max(leastRate, in.rate)
	}
	return nil
}

// checkOnly fails when the service of --only is none.
func checkOnly(only string, catalog services.Catalog) error {
	var names []string
	for _, s := range catalog.Services {
		names = append(names, s.Name)
	}
	if only != "" && !slices.Contains(names, only) {
		return fmt.Errorf("--only %s: want one of %s", only, strings.Join(names, ", "))
	}
	return nil
}
