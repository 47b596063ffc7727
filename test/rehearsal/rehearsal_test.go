package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/load"
)

// Every step of the walk is one that the app accepts, and together they take
// each service through every phase, the first also back, and the monolith out.
func TestWalkIsAMigration(t *testing.T) {
	catalog := fixtureCatalog(t)
	seen := map[string][]string{}
	for _, step := range walk(catalog, catalog.Services) {
		_, err := services.ParseMigration(catalog, step.phases)
		assert.NoError(t, err, step.name)
		for name, phase := range step.phases {
			if words := seen[name]; len(words) == 0 || words[len(words)-1] != phase {
				seen[name] = append(words, phase)
			}
		}
	}
	require.Len(t, seen, len(catalog.Keys()))
	for name, words := range seen {
		want := "dark 10% 50% live strangled"
		switch name {
		case catalog.Services[0].Name:
			want = "dark 10% 50% live 10% dark live strangled live strangled"
		case catalog.Monolith.Name:
			want = "serving drained retired"
		}
		assert.Equal(t, want, strings.Join(words, " "), name)
	}
}

// readingCatalog is the fixture in which what alpha reads has a phase of its own, and
// gamma rewrites the URL for itself.
func readingCatalog(t *testing.T) services.Catalog {
	t.Helper()
	catalog := fixture.Catalog()
	paths := []string{"/api/alpha", "/api/alpha/*"}
	catalog.Services[0].Paths, catalog.Services[0].Routes = nil, []services.Route{
		{Name: "reads", Paths: paths, Verbs: []string{"GET", "HEAD"}}, {Paths: paths},
	}
	rewrite := services.Rewrite{Regex: "^/files/", Replace: "/"}
	catalog.Services[2].Routes = []services.Route{{Paths: catalog.Services[2].Paths, Rewrite: rewrite}}
	catalog.Services[2].Paths = nil
	c, err := catalog.Complete()
	require.NoError(t, err)
	return c
}

// Routes with a name move before their service, and a rewrite is not shared.
func TestWalkOfRoutes(t *testing.T) {
	catalog := readingCatalog(t)
	var names []string
	for _, step := range walk(catalog, catalog.Services) {
		_, err := services.ParseMigration(catalog, step.phases)
		assert.NoError(t, err, step.name)
		names = append(names, step.name)
	}
	assert.Equal(t, "all dark, alpha.reads 10%, alpha.reads 50%, alpha.reads live, alpha 10%, alpha 50%, alpha live, alpha 10%, alpha dark, "+
		"alpha live, alpha strangled, alpha live, alpha strangled, beta 10%, beta 50%, beta live, beta strangled, gamma live, gamma strangled, "+
		"legacy drained, legacy retired", strings.Join(names, ", "))
	live := start(catalog).withLive(catalog.Services[0])
	_, err := services.ParseMigration(catalog, live.phases)
	require.NoError(t, err)
	assert.Equal(t, "live", live.phases["alpha.reads"])
}

// The requests of a route with a name are judged by its own phase.
func TestSharesOfRoutes(t *testing.T) {
	catalog := readingCatalog(t)
	kinds, err := traffic.Traffic{
		{Name: "read", Path: "/api/alpha", Target: "/api/alpha"}, {Name: "write", Path: "/api/alpha", Method: "POST", Target: "/api/alpha"},
		{Name: "beta", Path: "/api/beta", Target: "/api/beta"}, {Name: "gamma", Path: "/gamma", Target: "/gamma"},
	}.Complete(catalog)
	require.NoError(t, err)
	assert.Equal(t, []string{"/api/alpha reads", "/api/alpha", "/api/beta", "/gamma", elsewhere}, columns(kinds))
	want, err := start(catalog).with("alpha.reads", "25%").shares(catalog, kinds)
	require.NoError(t, err)
	assert.Equal(t, map[string]float64{"alpha": 0.25, "legacy": 0.75}, want["/api/alpha reads"])
	assert.Equal(t, map[string]float64{"legacy": 1}, want["/api/alpha"])

	all := records("/api/alpha", map[string]int{"legacy": 9})
	for _, r := range records("/api/alpha", map[string]int{"legacy": 150, "alpha": 50}) {
		r.Route = "reads"
		all = append(all, r)
	}
	all = slices.Concat(all, records("/api/beta", map[string]int{"legacy": 1}), records("/gamma", map[string]int{"legacy": 1}),
		records(elsewhere, map[string]int{"legacy": 1}))
	_, wrong := sharesOf(all, want)
	assert.Empty(t, wrong)
	_, wrong = sharesOf(append(all, records("/api/alpha", map[string]int{"alpha": 1})...), want)
	assert.Len(t, wrong, 2)
}

// records are n answers to a path by each program.
func records(path string, by map[string]int) []load.Record {
	var all []load.Record
	for program, n := range by {
		for range n {
			all = append(all, load.Record{Path: path, Status: 200, Program: program})
		}
	}
	return all
}

// The phases are what the templates are judged by: a path that the wrong program
// serves, or serves too much of, is a failure whatever the listener's rules say.
func TestSharesAreJudgedByThePhases(t *testing.T) {
	catalog, kinds := fixtureCatalog(t), fixtureKinds(t)
	for name, test := range map[string]struct {
		phase, monolith  string
		alpha, elsewhere map[string]int
		wrong            int
	}{
		"dark":                       {"dark", "serving", map[string]int{"legacy": 200}, map[string]int{"legacy": 9}, 0},
		"shared":                     {"10%", "serving", map[string]int{"legacy": 180, "alpha": 20}, map[string]int{"legacy": 9}, 0},
		"live":                       {"live", "serving", map[string]int{"alpha": 200}, map[string]int{"legacy": 9}, 0},
		"drained":                    {"live", "drained", map[string]int{"alpha": 200}, map[string]int{"": 9}, 0},
		"dark, but served":           {"dark", "serving", map[string]int{"legacy": 199, "alpha": 1}, map[string]int{"legacy": 9}, 2},
		"shared, but too much":       {"10%", "serving", map[string]int{"legacy": 100, "alpha": 100}, map[string]int{"legacy": 9}, 2},
		"shared, but none of it":     {"10%", "serving", map[string]int{"legacy": 200}, map[string]int{"legacy": 9}, 2},
		"live, but not all":          {"live", "serving", map[string]int{"alpha": 199, "legacy": 1}, map[string]int{"legacy": 9}, 2},
		"strangled, but not moved":   {"strangled", "serving", map[string]int{"legacy": 200}, map[string]int{"legacy": 9}, 2},
		"drained, but still serving": {"live", "drained", map[string]int{"alpha": 200}, map[string]int{"legacy": 9}, 2},
		"no request":                 {"live", "serving", nil, map[string]int{"legacy": 9}, 1},
	} {
		step := step{name, map[string]string{"alpha": test.phase, "beta": "live", "gamma": "live", "legacy": test.monolith}}
		want, err := step.shares(catalog, kinds)
		require.NoError(t, err, name)
		all := slices.Concat(records("/api/alpha", test.alpha), records(elsewhere, test.elsewhere),
			records("/api/beta", map[string]int{"beta": 9}), records("/files/?/*", map[string]int{"gamma": 9}))
		_, wrong := sharesOf(all, want)
		assert.Len(t, wrong, test.wrong, name)
	}
}

// The rest of a share below another service's path is that service's while it has it.
func TestSharesBelowAnotherService(t *testing.T) {
	catalog, kinds := fixtureCatalog(t), fixtureKinds(t)
	delta := services.Service{Name: "delta", Routes: []services.Route{{Paths: []string{"/api/alpha"}}}, Priority: 1}
	catalog.Services = append(catalog.Services, delta)
	for phase, want := range map[string]map[string]float64{
		"dark":      {"delta": 0.25, "legacy": 0.75},
		"strangled": {"delta": 0.25, "alpha": 0.75},
	} {
		words := map[string]string{"alpha": phase, "beta": "live", "gamma": "live", "delta": "25%", "legacy": "serving"}
		shares, err := step{"nested", words}.shares(catalog, kinds)
		require.NoError(t, err)
		assert.Equal(t, want, shares["/api/alpha"], phase)
	}
}

// Three ways are compared at the same time as far as there are services.
func TestGapRounds(t *testing.T) {
	catalog := fixtureCatalog(t)
	orders := func() [][]string {
		var all [][]string
		for _, round := range gapRounds(catalog, catalog.Services) {
			var one []string
			for _, o := range round {
				way := o.service.Name + ": " + o.order
				if o.darkBefore {
					way += ", dark before"
				}
				one = append(one, way)
			}
			all = append(all, one)
		}
		return all
	}
	const ours, textbook = ": rule after service", ": rule before service"
	assert.Equal(t, [][]string{{"alpha" + ours + ", dark before", "beta" + textbook, "gamma" + ours}}, orders())
	catalog.Services = catalog.Services[:2]
	assert.Equal(t, [][]string{{"alpha" + ours + ", dark before", "beta" + textbook}, {"alpha" + ours}}, orders())
	catalog.Services = catalog.Services[:1]
	assert.Equal(t, [][]string{{"alpha" + ours + ", dark before"}, {"alpha" + textbook}, {"alpha" + ours}}, orders())
}

// What is promised may lose nothing and neither may any other path; the textbook's order
// must, and a short cut may.
func TestGaps(t *testing.T) {
	catalog := fixtureCatalog(t)
	mine, other := ordered{order: ours, service: catalog.Services[0]}, ordered{order: textbook, service: catalog.Services[1]}
	mine.darkBefore = true
	short := ordered{order: ours, service: catalog.Services[0]}
	change := move{name: func(ordered) string { return "change" }, promised: func(o ordered) bool { return o.darkBefore }}
	began := time.Now()
	failure := func(path string, status int, after time.Duration) load.Record {
		return load.Record{Path: path, Status: status, Failure: "failed", Start: began.Add(after)}
	}
	lost := []load.Record{failure("/api/beta", 503, time.Second), failure("/api/beta", 502, 3*time.Second)}
	for name, test := range map[string]struct {
		round   []ordered
		records []load.Record
		// wrong is how much of each service of the round is.
		wrong []int
	}{
		"as it should be":           {[]ordered{mine, other}, lost, []int{0, 0}},
		"ours lost one":             {[]ordered{mine, other}, append(slices.Clone(lost), failure("/api/alpha", 503, 0)), []int{1, 0}},
		"a third path lost one":     {[]ordered{mine, other}, append(slices.Clone(lost), failure("/gamma", 503, 0)), []int{1, 0}},
		"another kind of answer":    {[]ordered{mine, other}, append(slices.Clone(lost), failure("/api/beta", 404, 0)), []int{0, 1}},
		"no gap to be seen":         {[]ordered{mine, other}, records("/api/beta", map[string]int{"beta": 5}), []int{0, 1}},
		"ours alone":                {[]ordered{mine}, records("/api/alpha", map[string]int{"alpha": 5}), []int{0}},
		"ours alone lost one":       {[]ordered{mine}, []load.Record{failure("/api/alpha", 503, 0)}, []int{1}},
		"a short cut":               {[]ordered{short}, []load.Record{failure("/api/alpha", 503, 0)}, []int{0}},
		"a short cut, another":      {[]ordered{short}, []load.Record{failure("/api/alpha", 404, 0)}, []int{1}},
		"a short cut, nothing":      {[]ordered{short}, nil, []int{0}},
		"textbook's alone":          {[]ordered{other}, lost, []int{0}},
		"textbook's alone, no gap":  {[]ordered{other}, nil, []int{1}},
		"textbook's alone, another": {[]ordered{other}, append(slices.Clone(lost), failure("/api/alpha", 503, 0)), []int{1}},
	} {
		gaps := gapsOf(change, test.round, test.records)
		require.Len(t, gaps, len(test.round), name)
		for i, g := range gaps {
			assert.Len(t, g.Unexplained, test.wrong[i], "%s: %s", name, g.Order)
		}
	}
	g := gapsOf(change, []ordered{mine, other}, lost)[1]
	assert.Equal(t, int64(2000), g.Milliseconds)
	assert.Equal(t, 2, total(g.Failures))
	assert.Equal(t, "beta", g.Service)
	assert.Equal(t, textbook, g.Order)
}

// A fault explains what it may break and nothing else.
func TestFaultsExplain(t *testing.T) {
	began := time.Now()
	alpha := fault{paths: []string{"/api/alpha"}, statuses: []int{503}, retryAfter: true}
	right := load.Record{Path: "/api/alpha", Status: 200, Program: "alpha"}
	explained := load.Record{Path: "/api/alpha", Status: 503, Failure: "failed", RetryAfter: "1", Start: began.Add(time.Second)}
	over := began.Add(2 * time.Second)
	change := func(change func(*load.Record)) load.Record {
		r := explained
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		fault       fault
		records     []load.Record
		unexplained int
	}{
		"as it should be": {alpha, []load.Record{right, explained}, 0},
		"another path":    {alpha, []load.Record{explained, change(func(r *load.Record) { r.Path = "/api/beta" })}, 1},
		"another status":  {alpha, []load.Record{explained, change(func(r *load.Record) { r.Status = 500 })}, 1},
		"no Retry-After":  {alpha, []load.Record{explained, change(func(r *load.Record) { r.RetryAfter = "" })}, 1},
		"not recovered":   {alpha, []load.Record{explained, change(func(r *load.Record) { r.Start = over })}, 1},
		"no harm done":    {alpha, []load.Record{right}, 1},
		"harmless":        {fault{harmless: true}, []load.Record{right}, 0},
		"not so harmless": {fault{harmless: true, paths: alpha.paths, statuses: alpha.statuses}, []load.Record{explained}, 1},
	} {
		assert.Len(t, test.fault.result(stretch{began, over, over}, "", test.records).Unexplained, test.unexplained, name)
	}
	other := load.Record{Path: elsewhere, Status: 404}
	result := alpha.result(stretch{began, over, over}, "", []load.Record{right, other, explained, other})
	assert.Equal(t, int64(1000), result.Recovery)
	assert.Equal(t, map[string]map[int]int{"/api/alpha": {503: 1}}, result.Failed)
	assert.Equal(t, map[string]int{elsewhere: 2}, result.Unharmed)
}

// What needs a service that is hit may get 503 with Retry-After, until that is reached
// again, and nothing else. Other requests of the same path may not fail.
func TestFaultsOfACallee(t *testing.T) {
	began := time.Now()
	s := stretch{began, began.Add(time.Second), began.Add(3 * time.Second)}
	alpha := services.Service{Routes: []services.Route{{Paths: []string{"/api/alpha"}}}}
	f := fault{paths: []string{"/api/alpha"}, statuses: []int{502}, missed: true, callees: []services.Service{alpha}}
	missing := load.Record{
		Path: "/api/beta", Needs: []string{"/api/alpha"}, Status: 503, RetryAfter: "1", Failure: "failed", Start: began.Add(2 * time.Second),
	}
	read := load.Record{Path: "/api/beta", Status: 200}
	change := func(change func(*load.Record)) load.Record {
		r := missing
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		records     []load.Record
		unexplained int
	}{
		"as it should be":         {[]load.Record{read, missing}, 0},
		"a read of the caller":    {[]load.Record{missing, change(func(r *load.Record) { r.Needs = nil })}, 1},
		"what needs another":      {[]load.Record{missing, change(func(r *load.Record) { r.Needs = []string{"/api/gamma"} })}, 1},
		"a gateway's status":      {[]load.Record{missing, change(func(r *load.Record) { r.Status = 504 })}, 1},
		"the callee's own status": {[]load.Record{missing, change(func(r *load.Record) { r.Status = 502 })}, 1},
		"no Retry-After":          {[]load.Record{missing, change(func(r *load.Record) { r.RetryAfter = "" })}, 1},
		"not recovered":           {[]load.Record{missing, change(func(r *load.Record) { r.Start = s.reached })}, 1},
		"nothing was missed": {[]load.Record{read, change(func(r *load.Record) {
			r.Path, r.Needs, r.Status, r.Start = "/api/alpha", nil, 502, began
		})}, 1},
		"the path itself, late": {[]load.Record{missing, change(func(r *load.Record) {
			r.Path, r.Needs, r.Status = "/api/alpha", nil, 502
		})}, 1},
	} {
		assert.Len(t, f.result(s, "", test.records).Unexplained, test.unexplained, name)
	}
	answered := change(func(r *load.Record) { r.Failure, r.Status = "", 201 })
	result := f.result(s, "", []load.Record{read, missing, answered})
	assert.Equal(t, map[string]map[int]int{"/api/beta": {503: 1}}, result.Needing)
	assert.Empty(t, result.Failed)
	assert.Equal(t, map[string]int{"/api/beta": 1}, result.Unharmed)
	assert.Equal(t, int64(2000), result.Recovery)
}

// A callee that is back may get twice as many calls as before.
func TestCallsAreBounded(t *testing.T) {
	assert.NoError(t, (&Calls{Callees: []string{"alpha"}, Before: 100, Most: 220}).check())
	err := (&Calls{Callees: []string{"alpha", "beta"}, Before: 100, Most: 221}).check()
	assert.EqualError(t, err, "alpha and beta got 221 calls a second once back, and 100 before: want 220 at most")
}

// The faults fit the catalog: with one service all hit that one, and without a table
// there are none of the database.
func TestFaultsFitTheCatalog(t *testing.T) {
	r := &rehearsal{catalog: fixtureCatalog(t), kinds: fixtureKinds(t), ledger: newLedger()}
	r.ledger.add("/api/alpha", values{number: 7, id: "item-7"})
	hits := func() []string {
		var all []string
		for _, f := range r.faultsOf() {
			all = append(all, f.name+": "+f.hit)
		}
		return all
	}
	assert.Equal(t, []string{
		"kill -9: all tasks of alpha", "one in two dies: an update of gamma", "SIGTERM: a task of beta", "crash at start: an update of gamma",
		"hung program: a task of alpha", "callee down: all tasks of alpha, for 4 s", "table throttles: the table of alpha",
		"database down: every table",
	}, hits())
	for _, f := range r.faultsOf() {
		hitsAlpha := slices.Contains([]string{"kill -9", "hung program", "callee down", "table throttles", "database down"}, f.name)
		assert.Equal(t, hitsAlpha, f.needs(load.Record{Needs: []string{"/api/alpha"}}), f.name)
		assert.False(t, f.needs(load.Record{Needs: []string{"/api/beta"}}), "%s: nothing calls beta", f.name)
		assert.Equal(t, f.name == "callee down", f.missed, f.name)
	}
	assert.Empty(t, r.inapplicable())
	service, target := r.writeTarget()
	assert.Equal(t, "beta", service.Name, "gamma is written to by no request")
	assert.Equal(t, "/api/beta", target)
	assert.Equal(t, 3, untouchedFrom(r.faultsOf(), "beta"))
	assert.Equal(t, 2, untouchedFrom(r.faultsOf(), "gamma"))
	assert.Equal(t, 0, untouchedFrom(r.faultsOf(), "legacy"))

	r.catalog.Services = r.catalog.Services[:1]
	r.catalog.Services[0].Table = nil
	assert.Equal(t,
		[]string{
			"kill -9: all tasks of alpha", "one in two dies: an update of alpha", "SIGTERM: a task of alpha", "crash at start: an update of alpha",
			"hung program: a task of alpha", "callee down: all tasks of alpha, for 4 s",
		}, hits())
	assert.Equal(t, 6, untouchedFrom(r.faultsOf(), "alpha"))
	r.kinds = r.kinds[:2]
	_, target = r.writeTarget()
	assert.Empty(t, target)
	r.only = "delta"
	r.catalog.Services = append(r.catalog.Services, services.Service{Name: "delta"})
	assert.Equal(t, []string{
		"callee down, as no service that is rehearsed is called by another",
		"the faults of the database, as no service that is rehearsed has a table",
		"bad clients, as no request writes to a service that is rehearsed",
	}, r.inapplicable())
}

// Each part of a report counts towards its end.
func TestReportCounts(t *testing.T) {
	r := Report{
		Gaps:    []Gap{{Unexplained: []string{"a"}}},
		Steps:   []Step{{Unexplained: []string{"b", "c"}}},
		Parity:  []Parity{{Mismatches: []string{"d"}}},
		Faults:  []Fault{{Unexplained: []string{"e"}}},
		Scaling: []Scaling{{Unexplained: []string{"h"}}},
		Audit:   []Audit{{Unexplained: []string{"f"}}},
		Logs:    Logs{Unexplained: []string{"g"}},
	}
	assert.Equal(t, 8, r.count())
}

// Every way in which Ctrl-C ends the work is the same error.
func TestInterruptible(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, work := range map[string]func() error{
		"an error": func() error { return errors.New("signal: interrupt") },
		"a panic":  func() error { panic("no response received from child process") },
		"nothing":  func() error { return nil },
	} {
		assert.ErrorIs(t, interruptible(stopped, work), errInterrupted, name)
	}
	assert.NoError(t, interruptible(t.Context(), func() error { return nil }), "without a signal")
}

// What panics in the background panics where it is waited for, and nowhere else.
func TestStageInTheBackground(t *testing.T) {
	s := &stages{}
	wait := s.begin(step{phases: map[string]string{"alpha": "live"}})
	s.begun.Wait()
	assert.Panics(t, func() { _, _ = wait() })
}

func TestParse(t *testing.T) {
	second := time.Second
	for args, want := range map[string]options{
		"":                           {rate: 500, faults: true, startup: second, propagation: 3 * second, speed: 25, port: 8080},
		"--serve":                    {rate: 50, faults: true, serve: true, startup: second, propagation: 3 * second, speed: 25, port: 8080},
		"--serve --rate 7":           {rate: 7, faults: true, serve: true, startup: second, propagation: 3 * second, speed: 25, port: 8080},
		"--faults=false --json a":    {rate: 500, json: "a", startup: second, propagation: 3 * second, speed: 25, port: 8080},
		"--propagation 0s":           {rate: 500, faults: true, startup: second, speed: 25, port: 8080},
		"--startup 0s --speed 1":     {rate: 500, faults: true, propagation: 3 * second, speed: 1, port: 8080},
		"--rate 2000 --startup=10ms": {rate: 2000, faults: true, startup: 10 * time.Millisecond, propagation: 3 * second, speed: 25, port: 8080},
		"--serve --port 65535":       {rate: 50, faults: true, serve: true, startup: second, propagation: 3 * second, speed: 25, port: 65535},
		"--serve --phases cdk.json": {
			rate: 50, faults: true, serve: true, startup: second, propagation: 3 * second, speed: 25, phases: "cdk.json", port: 8080,
		},
		"--log a --log b --serve": {
			logs: []string{"a", "b"}, faults: true, serve: true, startup: second, propagation: 3 * second, speed: 25, port: 8080,
		},
		"--log a --rate 7": {logs: []string{"a"}, rate: 7, faults: true, startup: second, propagation: 3 * second, speed: 25, port: 8080},
		"--har a":          {har: "a", rate: 500, faults: true, startup: second, propagation: 3 * second, speed: 25, port: 8080},
	} {
		got, err := parse(strings.Fields(args))
		require.NoError(t, err, args)
		want.to = "cdk.json"
		assert.Equal(t, want, got, args)
	}
	for _, args := range []string{
		"--rate 0", "--startup -1s", "--propagation -1s", "--speed 0.5", "--speed NaN", "--speed Inf", "--serve --json a",
		"--serve --faults=false", "alpha",
		"--nonsense", "--port 9000", "--phases cdk.json", "--serve --port 0", "--serve --port 65536", "--serve --port eight",
		"--serve --phases other.json", "--serve --phases=", "--log a --har b", "--log a --rate 0",
	} {
		_, err := parse(strings.Fields(args))
		assert.Error(t, err, args)
	}
}

// The README has a row for every flag, and none for another.
func TestReadmeNamesTheFlags(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var named []string
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		named = append(named, row[1])
	}
	var flags []string
	new(options).flags().VisitAll(func(f *flag.Flag) { flags = append(flags, f.Name) })
	assert.ElementsMatch(t, flags, named)
}

func TestWithoutNode(t *testing.T) {
	t.Setenv("JSII_NODE", filepath.Join(t.TempDir(), "node"))
	assert.ErrorContains(t, findNode(), "install Node")
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", address(0))
	require.NoError(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	err = new(rehearsal).serve(t.Context(), options{port: port})
	require.ErrorContains(t, err, fmt.Sprintf("localhost:%d", port))
	require.ErrorContains(t, err, "--port")
	assert.NotContains(t, err.Error(), "\n")
}

// What goes to a file is plain: no colour, no line that is written over.
func TestScreenIsPlainInAFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer file.Close()
	s := newScreen(file, "")
	s.progress("something", func() (int, int) { return 1, 1 })
	s.gapHead()
	s.gap(Gap{
		Change: "change", Tasks: 1, Least: 2, Traffic: Traffic{Failures: map[int]int{503: 2}},
		Unexplained: []string{"a", "b", "c", "d", "e", "f", "g"},
	})
	s.close()
	out, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	text := string(out)
	for _, absent := range []string{"\x1b", "\r", "something"} {
		assert.NotContains(t, text, absent)
	}
	assert.Contains(t, text, "2 × 503")
	assert.Contains(t, text, " 1 of 2 ")
	assert.Contains(t, text, "    e\n    and 2 more\n")
}

// A collector is left out, and a line says so.
func TestCollectorIsLeftOut(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out}
	catalog := fixtureCatalog(t)
	catalog.Services = catalog.Services[:2]
	s.leftOut(catalog, nil)
	assert.Empty(t, out.String(), "without a collector")
	catalog.Services[0].Collector = "collector:1"
	s.leftOut(catalog, []string{"beta"})
	collector := "left out: the collector of alpha, as only the programs themselves run here\n"
	assert.Equal(t, "left out: "+howToStart("beta")+"\n"+collector, out.String())
}
