package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
)

const (
	// downtime is how long a callee stays down: longer than a call may take.
	downtime = 4 * time.Second
	// callWindow is the time over which calls are counted once a callee is back.
	callWindow = hold / 2
	// slack is how many calls a second above the bound may be chance.
	slack = 20
)

// calleeDown is the death of all tasks of a service that others call, and of those that
// replace them for a while.
func (r *rehearsal) calleeDown(s services.Service) fault {
	f := fault{
		name: "callee down", hit: fmt.Sprintf("all tasks of %s, for %.0f s", s.Name, downtime.Seconds()), ends: s.Name, paths: s.Patterns(),
		statuses: []int{http.StatusBadGateway, http.StatusServiceUnavailable}, callees: calledOf(s),
		inflict: func(ctx context.Context) (string, error) { return r.keepDown(ctx, s) },
	}
	f.missed = !r.recorded && slices.ContainsFunc(r.kinds, func(k traffic.Kind) bool { return needs(k.Needs, s) })
	return f
}

// keepDown kills a service's tasks as they start, and then waits for as many as before.
func (r *rehearsal) keepDown(ctx context.Context, s services.Service) (string, error) {
	before := r.healthy(s.Name)
	r.region.Doom(s.Name, 1)
	defer r.region.Doom(s.Name, 0)
	r.region.Kill(s.Name)
	if !sleep(ctx, downtime) {
		return "", ctx.Err()
	}
	r.region.Doom(s.Name, 0)
	return "replaced", poll(ctx, func() bool {
		now := r.healthy(s.Name)
		return len(now) >= len(before) && !slices.ContainsFunc(before, func(address string) bool { return slices.Contains(now, address) })
	})
}

// callsBefore is the load that callees have from their callers before they are hit, which is
// measured before the first fault.
func (r *rehearsal) callsBefore(ctx context.Context, callees []services.Service) (*Calls, error) {
	if len(callees) == 0 {
		return nil, nil
	}
	if r.usualCalls == nil {
		var err error
		if r.usualCalls, err = r.callRates(ctx, 2*hold); err != nil {
			return nil, err
		}
	}
	calls := &Calls{}
	for _, s := range callees {
		calls.Callees = append(calls.Callees, s.Name)
		calls.callers = append(calls.callers, s.Callers()...)
	}
	calls.Before = r.usualCalls.to(calls.Callees)
	calls.tasks = r.healthy(calls.callers...)
	return calls, nil
}

// callsAfter waits until every proxy sends to every task of the callees again, and
// measures the load meanwhile and for two windows more. The callers' tasks must be those of
// before, and their calls no more than twice as many: their retries are bounded, so what
// has waited does not come at once.
func (r *rehearsal) callsAfter(ctx context.Context, calls *Calls) (*Calls, error) {
	if calls == nil {
		return nil, nil
	}
	for calm, began := 0, time.Now(); calm < 2; calm++ {
		rates, err := r.callRates(ctx, callWindow)
		if err != nil {
			return nil, err
		}
		calls.Most = max(calls.Most, rates.to(calls.Callees))
		if avoided := r.avoided(calls.Callees); avoided > 0 {
			calm = -1
			if time.Since(began) > time.Minute {
				return nil, fmt.Errorf("a minute later proxies still avoid tasks of %s: %d times", calls, avoided)
			}
		}
	}
	if now := r.healthy(calls.callers...); !slices.Equal(calls.tasks, now) {
		return nil, fmt.Errorf("the tasks of the callers of %s were %q and are %q", calls, calls.tasks, now)
	}
	return calls, calls.check()
}

// String is the callees.
func (c *Calls) String() string { return strings.Join(c.Callees, " and ") }

// check fails when callees get many more calls after they were hit than before.
func (c *Calls) check() error {
	if most := 2*c.Before + slack; c.Most > most {
		return fmt.Errorf("%s got %.0f calls a second once back, and %.0f before: want %.0f at most", c, c.Most, c.Before, most)
	}
	return nil
}

// callRates are calls a second by callee, retries included.
type callRates map[string]float64

// to is the rate of the calls to callees.
func (c callRates) to(callees []string) (rate float64) {
	for _, name := range callees {
		rate += c[name]
	}
	return rate
}

// callRates counts the calls that the tasks of each callee get in a second.
func (r *rehearsal) callRates(ctx context.Context, during time.Duration) (callRates, error) {
	before, began := r.attempts(), time.Now()
	if !sleep(ctx, during) {
		return nil, ctx.Err()
	}
	after, seconds := r.attempts(), time.Since(began).Seconds()
	rates := callRates{}
	for name := range after {
		rates[name] = float64(after[name]-before[name]) / seconds
	}
	return rates, nil
}

// attempts are how many calls were tried so far, by callee.
func (r *rehearsal) attempts() map[string]int64 {
	all := map[string]int64{}
	for _, c := range r.region.Connections() {
		all[c.Callee] += c.Attempts
	}
	return all
}

// avoided is how many tasks of callees proxies avoid, over all proxies.
func (r *rehearsal) avoided(callees []string) (n int) {
	for _, c := range r.region.Connections() {
		if slices.Contains(callees, c.Callee) {
			n += c.Ejected
		}
	}
	return n
}
