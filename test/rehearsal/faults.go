package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
)

// fault is something that is broken on purpose while the load goes on.
type fault struct {
	name, hit string
	// paths are those whose requests the fault may fail, with one of the statuses.
	paths    []string
	statuses []int
	// retryAfter means that each failure must say when to try again.
	retryAfter bool
	// callees are the services that their callers miss. What needs one of them may get 503,
	// which must say when to try again, and nothing else.
	callees []services.Service
	// missed means that something that needs a callee must fail, or the fault has not been
	// one.
	missed bool
	// harmless means that nothing may fail. Without it nothing failing is wrong:
	// then the fault has not been one.
	harmless bool
	// ends is the service that loses tasks by it, or "".
	ends string
	// because says what the program has done when something fails that should not, or "".
	// Nil means that nothing is known.
	because func() string
	// inflict breaks something and returns, with a word on how it went, once it
	// is whole again.
	inflict func(context.Context) (outcome string, err error)
}

// outage is how long the database is out: longer than it takes a program to try
// three times and give up, when every try fails at once.
const outage = 1500 * time.Millisecond

// faults breaks one thing after the other and reports what that did. The clients that
// are slow begin as early as they can, for they need the time that all else takes.
func (r *rehearsal) faults(ctx context.Context) error {
	r.screen.faultHead()
	all := r.faultsOf()
	service, target := r.writeTarget()
	begin := untouchedFrom(all, service.Name)
	if err := r.sufferAll(ctx, all[:begin]); err != nil {
		return err
	}
	for _, text := range r.inapplicable() {
		r.screen.line("left out: %s", text)
	}
	if target == "" {
		return r.sufferAll(ctx, all[begin:])
	}
	slow, err := dribble(ctx, r.region.URL()+target)
	if err != nil {
		return err
	}
	defer slow.close()
	return r.sufferAll(ctx, append(all[begin:], r.slowClients(slow, service, target)))
}

// inapplicable are the faults that what is rehearsed cannot suffer, with the reason.
func (r *rehearsal) inapplicable() []string {
	var all []string
	if len(r.victim().Callers()) == 0 {
		all = append(all, "callee down, as no service that is rehearsed is called by another")
	}
	if len(r.databaseFaults()) == 0 {
		all = append(all, "the faults of the database, as no service that is rehearsed has a table")
	}
	if _, target := r.writeTarget(); target == "" {
		all = append(all, "bad clients, as no request writes to a service that is rehearsed")
	}
	return all
}

func (r *rehearsal) sufferAll(ctx context.Context, faults []fault) error {
	for _, f := range faults {
		if err := r.suffer(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// untouchedFrom is the index of the first fault from which on no task of a service ends.
func untouchedFrom(faults []fault, service string) int {
	from := 0
	for i, f := range faults {
		if f.ends == service {
			from = i + 1
		}
	}
	return from
}

// writeTarget is a target that the traffic writes to by POST, on any host, of the last service that
// has one: the others have most of the other faults. It is empty when there is none.
func (r *rehearsal) writeTarget() (service services.Service, target string) {
	for _, s := range r.rehearsed() {
		for _, k := range r.kinds {
			if k.Writes != nil && k.Method == http.MethodPost && k.Header["Host"] == "" && slices.Contains(s.Patterns(), k.Path) {
				service, target = s, r.ledger.draw(k).target(k)
			}
		}
	}
	return service, target
}

// suffer inflicts a fault and reports on it.
func (r *rehearsal) suffer(ctx context.Context, f fault) error {
	r.screen.progress(f.name, r.count)
	before, err := r.callsBefore(ctx, f.callees)
	if err != nil {
		return err
	}
	began := time.Now()
	outcome, err := f.inflict(ctx)
	if err != nil {
		return err
	}
	whole := stretch{began, time.Now(), time.Now()}
	calls, err := r.callsAfter(ctx, before)
	if err != nil {
		return err
	}
	whole.reached = time.Now()
	if !sleep(ctx, hold/4) {
		return ctx.Err()
	}
	ended := time.Now()
	result := f.result(whole, outcome, r.load.Between(began, ended))
	result.Calls = calls
	result.Unexplained = r.judged(began, ended, result.Unexplained)
	if len(result.Unexplained) > 0 && f.because != nil {
		result.Because = f.because()
	}
	r.report.Faults = append(r.report.Faults, result)
	r.screen.fault(result)
	return nil
}

// stretch is the time of a fault. From over on each path must be answered again, and from
// reached on what needs a callee.
type stretch struct{ began, over, reached time.Time }

// result tells the failures that the fault explains from all others.
func (f fault) result(s stretch, outcome string, records []load.Record) Fault {
	result := Fault{
		Name: f.name, Hit: f.hit, Outcome: outcome,
		Failed: map[string]map[int]int{}, Needing: map[string]map[int]int{}, Unharmed: map[string]int{},
	}
	for _, r := range records {
		if r.Failure == "" && !f.needs(r) {
			result.Unharmed[r.Path]++
		}
	}
	for _, r := range failed(records) {
		if !f.needs(r) {
			delete(result.Unharmed, r.Path)
		}
		switch {
		case f.explains(r) && r.Start.Before(s.over):
			count(result.Failed, r)
		case f.explainsCall(r) && r.Start.Before(s.reached):
			count(result.Needing, r)
		default:
			result.Unexplained = append(result.Unexplained, r.Failure)
			continue
		}
		result.Recovery = max(result.Recovery, r.Start.Sub(s.began).Milliseconds())
	}
	switch {
	case f.missed && len(result.Needing) == 0:
		result.Unexplained = append(result.Unexplained, "nothing that needs a callee failed: this fault was none")
	case !f.harmless && len(result.Failed)+len(result.Needing) == 0:
		result.Unexplained = append(result.Unexplained, "nothing failed: this fault was none")
	}
	return result
}

// count adds a failure by its path and status.
func count(failures map[string]map[int]int, r load.Record) {
	if failures[r.Path] == nil {
		failures[r.Path] = map[int]int{}
	}
	failures[r.Path][r.Status]++
}

func (f fault) explains(r load.Record) bool {
	return !f.harmless && slices.Contains(f.paths, r.Path) && slices.Contains(f.statuses, r.Status) && (!f.retryAfter || r.RetryAfter != "")
}

// explainsCall reports whether a failure is that of a request that needs a callee.
func (f fault) explainsCall(r load.Record) bool {
	return f.needs(r) && r.Status == http.StatusServiceUnavailable && r.RetryAfter != ""
}

// needs reports whether a request needs a service that is hit.
func (f fault) needs(r load.Record) bool {
	return slices.ContainsFunc(f.callees, func(s services.Service) bool { return needs(r.Needs, s) })
}

// needs reports whether one of the paths is a service's.
func needs(paths []string, s services.Service) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return slices.Contains(s.Patterns(), path) })
}

// faultsOf are the faults of tasks and of the database. None hits a service that
// is still busy with the one before.
func (r *rehearsal) faultsOf() []fault {
	c := r.rehearsed()
	first, second, last := r.victim(), c[1%len(c)], c[len(c)-1]
	all := []fault{
		{
			name: "kill -9", hit: "all tasks of " + first.Name, ends: first.Name, paths: first.Patterns(), callees: calledOf(first),
			statuses: []int{http.StatusBadGateway, http.StatusServiceUnavailable},
			inflict:  func(ctx context.Context) (string, error) { return r.lose(ctx, first.Name, r.region.Kill) },
		},
		{
			name: "one in two dies", hit: "an update of " + last.Name, ends: last.Name, harmless: true,
			inflict: func(ctx context.Context) (string, error) { return r.doomed(ctx, last) },
		},
		{
			name: "SIGTERM", hit: "a task of " + second.Name, ends: second.Name, harmless: true,
			inflict: func(ctx context.Context) (string, error) { return r.lose(ctx, second.Name, r.region.Interrupt) },
			because: func() string { return r.endedEarly(second.Name) },
		},
		{
			name: "crash at start", hit: "an update of " + last.Name, harmless: true,
			inflict: func(ctx context.Context) (string, error) { return r.crash(ctx, last) },
		},
		{
			name: "hung program", hit: "a task of " + first.Name, ends: first.Name, paths: first.Patterns(), callees: calledOf(first),
			statuses: []int{http.StatusBadGateway, http.StatusGatewayTimeout},
			inflict:  func(ctx context.Context) (string, error) { return r.lose(ctx, first.Name, r.region.Hang) },
		},
	}
	if len(first.Callers()) > 0 {
		all = append(all, r.calleeDown(first))
	}
	return append(all, r.databaseFaults()...)
}

// victim is the first service that others call, or else the first.
func (r *rehearsal) victim() services.Service {
	for _, s := range r.rehearsed() {
		if len(s.Callers()) > 0 {
			return s
		}
	}
	return r.rehearsed()[0]
}

// calledOf are the services that others call.
func calledOf(all ...services.Service) []services.Service {
	return slices.DeleteFunc(slices.Clone(all), func(s services.Service) bool { return len(s.Callers()) == 0 })
}

// databaseFaults are those of the tables, which only a service with a table notices.
func (r *rehearsal) databaseFaults() []fault {
	keeping := keepers(r.catalog.Services)
	victims := keepers(append([]services.Service{r.victim()}, r.rehearsed()...))
	if len(victims) == 0 {
		return nil
	}
	first := victims[0]
	var paths []string
	for _, s := range keeping {
		paths = append(paths, s.Patterns()...)
	}
	return []fault{
		{
			name: "table throttles", hit: "the table of " + first.Name, paths: first.Patterns(), callees: calledOf(first),
			statuses: []int{http.StatusServiceUnavailable}, retryAfter: true,
			inflict: func(ctx context.Context) (string, error) {
				return r.breakDatabase(ctx, region.Outage{Throttled: r.tablesOf(first)})
			},
		},
		{
			name: "database down", hit: "every table", paths: paths, callees: calledOf(keeping...),
			statuses: []int{http.StatusServiceUnavailable}, retryAfter: true,
			inflict: func(ctx context.Context) (string, error) { return r.breakDatabase(ctx, region.Outage{Down: true}) },
		},
	}
}

// keepers are the services with a table.
func keepers(all []services.Service) []services.Service {
	return slices.DeleteFunc(slices.Clone(all), func(s services.Service) bool { return s.Table == nil })
}

// lose breaks tasks of a service and waits until it has lost one of those that
// were healthy, and has as many healthy ones again.
func (r *rehearsal) lose(ctx context.Context, name string, breakTasks func(name string)) (string, error) {
	before := r.healthy(name)
	breakTasks(name)
	lost := false
	return "replaced", poll(ctx, func() bool {
		now := r.healthy(name)
		lost = lost || slices.ContainsFunc(before, func(address string) bool { return !slices.Contains(now, address) })
		return lost && len(now) >= len(before)
	})
}

// endedEarly says that a service's program has ended at SIGTERM while the load balancer still
// sent requests to it, or "". On Fargate Spot, and when a host fails, SIGTERM comes while the
// target is deregistered.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
func (r *rehearsal) endedEarly(name string) string {
	ending := r.region.Ending(name)
	if ending == (region.Ending{}) || ending.Killed || ending.After >= r.propagation() {
		return ""
	}
	return fmt.Sprintf("%s ended %d ms after SIGTERM, before every node of the load balancer knew: let it answer for some seconds more",
		name, ending.After.Milliseconds())
}

// healthy are the addresses of the healthy tasks of some services.
func (r *rehearsal) healthy(names ...string) []string {
	var addresses []string
	for _, t := range r.region.Tasks() {
		if slices.Contains(names, t.Service) && t.State == alb.Healthy {
			addresses = append(addresses, t.Address)
		}
	}
	return addresses
}

// crash updates a service while each task that starts is killed, so that its program cannot
// start, whatever it is. The deployment must fail, and the tasks of before must go on.
func (r *rehearsal) crash(ctx context.Context, s services.Service) (string, error) {
	broken, err := r.stages.make(r.last(), redeployed(s.ID(), "crash"))
	if err != nil {
		return "", err
	}
	before := r.healthy(s.Name)
	r.region.Doom(s.Name, 1)
	defer r.region.Doom(s.Name, 0)
	err = r.account.Deploy(ctx, broken, s.ID())
	if err == nil {
		return "", errors.New("an update to a program that cannot start completed")
	}
	if !strings.Contains(err.Error(), "circuit breaker") {
		return "", err
	}
	if after := r.healthy(s.Name); !slices.Equal(before, after) {
		return "", fmt.Errorf("the tasks of before were %q and are %q", before, after)
	}
	return "rolled back, tasks untouched", nil
}

// last is the step at which the faults come.
func (r *rehearsal) last() step {
	steps := walk(r.catalog, r.rehearsed())
	return steps[len(steps)-1]
}

// doomed updates a service while every second task that starts is killed. The deployment
// must go on with the others.
func (r *rehearsal) doomed(ctx context.Context, s services.Service) (string, error) {
	changed, err := r.stages.make(r.last(), redeployed(s.ID(), "doom"))
	if err != nil {
		return "", err
	}
	r.region.Doom(s.Name, 2)
	defer r.region.Doom(s.Name, 0)
	if err := r.account.Deploy(ctx, changed, s.ID()); err != nil {
		return "", err
	}
	r.stage = changed
	return "deployed", nil
}

// breakDatabase takes the database away for a while. No task may be found
// unhealthy or be replaced for that.
func (r *rehearsal) breakDatabase(ctx context.Context, o region.Outage) (string, error) {
	before := r.healthy(r.catalog.Names()...)
	r.region.Break(o)
	defer r.region.Break(region.Outage{})
	if !sleep(ctx, outage) {
		return "", ctx.Err()
	}
	for _, s := range r.catalog.All() {
		for _, address := range r.healthy(s.Name) {
			status, _, _, err := read(ctx, "http://"+address+s.Health.Path, "")
			if err == nil && !(alb.HealthCheck{Codes: s.Health.Codes}).Passes(status) {
				err = fmt.Errorf("GET %s of %s: status %d, want %s", s.Health.Path, s.Name, status, s.Health.Codes)
			}
			if err != nil {
				return "", err
			}
		}
	}
	if after := r.healthy(r.catalog.Names()...); !slices.Equal(before, after) {
		return "", fmt.Errorf("the healthy tasks were %q and are %q", before, after)
	}
	return "health checks 200, tasks untouched", nil
}

// tablesOf is the table that a service's tasks are given.
func (r *rehearsal) tablesOf(s services.Service) []string {
	for _, definition := range r.stage.TaskDefinitions {
		for _, container := range definition.Containers {
			if table, ok := container.Environment[services.TableVariable(s.Name)]; ok && container.Name == s.Name {
				return []string{table}
			}
		}
	}
	return nil
}

// poll waits until something is so, a minute at most.
func poll(ctx context.Context, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !done() {
		if !sleep(ctx, 10*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}
