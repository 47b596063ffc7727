package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/rehearsal/page"
)

// Report is all that a rehearsal has found. It is what --json writes.
type Report struct {
	// Rate is the number of requests a second.
	Rate int `json:"rate"`
	// StartupSeconds is how long a task takes to start, Speed what the durations of
	// the templates are divided by.
	StartupSeconds float64 `json:"startupSeconds"`
	Speed          float64 `json:"speed"`
	// PropagationSeconds is how long the load balancer's nodes take to learn of a change,
	// in the time of the templates.
	PropagationSeconds float64 `json:"propagationSeconds"`
	// Changes are those of --from and --to.
	Changes  []Change  `json:"changes,omitempty"`
	Gaps     []Gap     `json:"gaps"`
	Steps    []Step    `json:"steps"`
	Parity   []Parity  `json:"parity"`
	Faults   []Fault   `json:"faults,omitempty"`
	Scaling  []Scaling `json:"scaling"`
	Audit    []Audit   `json:"audit"`
	Logs     Logs      `json:"logs"`
	Frontend Frontend  `json:"frontend"`
	// Seconds is how long it all took.
	Seconds float64 `json:"seconds"`
	// Unexplained is every failure that should not have been: 0 is a pass.
	Unexplained int `json:"unexplained"`
	// Error is what ended the rehearsal before its end.
	Error string `json:"error,omitempty"`
	// NotJudged are the parts in which requests failed while the machine was too busy to
	// judge whose fault it was.
	NotJudged []string `json:"notJudged,omitempty"`
}

// Traffic is what the requests of a stretch of time met.
type Traffic struct {
	Requests int `json:"requests"`
	// Failures counts the wrong answers by status, 0 for none at all.
	Failures map[int]int `json:"failures"`
	P50      float64     `json:"p50Milliseconds"`
	P99      float64     `json:"p99Milliseconds"`
}

// Step is one deployment of the walk, and the time after it.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Traffic
	Shares []Share `json:"shares"`
	// Unexplained says what was wrong.
	Unexplained []string `json:"unexplained,omitempty"`
}

// Change is what a change of the phases of environments met, which have the same before and
// after. Its step is among the steps.
type Change struct {
	// Environments are the names of stages, such as "shop-dev".
	Environments []string `json:"environments"`
	Requests     int      `json:"requests"`
	// Unexplained counts what was wrong, and Before what was so before the change already.
	Unexplained int `json:"unexplained"`
	Before      int `json:"unexplainedBefore,omitempty"`
	// NotJudged is whether the machine was too busy to judge the change.
	NotJudged bool    `json:"notJudged,omitempty"`
	P99       float64 `json:"p99Milliseconds"`
}

// Share is how many of a path's requests one program answered after the
// deployment, and how many it should have. Where requests for a path are for a route with a
// name, the path has that behind it, and they are counted by themselves.
type Share struct {
	Path    string `json:"path"`
	Program string `json:"program"`
	// Weight is the share that the phases declare, from 0 to 1.
	Weight   float64 `json:"weight"`
	Answered int     `json:"answered"`
	Of       int     `json:"of"`
	// Least and Most bound what chance makes of the weight.
	Least int `json:"least"`
	Most  int `json:"most"`
}

// Gap is what a first deployment straight to live, or the destruction of a live
// service, lost in one order of rule and service.
type Gap struct {
	Change  string `json:"change"`
	Order   string `json:"order"`
	Service string `json:"service"`
	// Tasks is how many were healthy when the path opened, Least how many scaling keeps.
	// Both are 0 for a destruction.
	Tasks int `json:"tasks"`
	Least int `json:"least"`
	Traffic
	// Milliseconds lie between the first failed request and the last.
	Milliseconds int64    `json:"milliseconds"`
	Unexplained  []string `json:"unexplained,omitempty"`
}

// Parity is how one service's answers compare with the monolith's.
type Parity struct {
	Service    string   `json:"service"`
	Requests   int      `json:"requests"`
	Mismatches []string `json:"mismatches,omitempty"`
	// Varying are the places that the service fills differently each time, which are not
	// compared.
	Varying []string `json:"varying,omitempty"`
}

// Fault is what was broken on purpose, and what that did.
type Fault struct {
	Name string `json:"name"`
	Hit  string `json:"hit"`
	// Failed are the failures that the fault explains, by path and status, and Needing
	// those of requests to other paths that need the service that was hit. Unharmed counts
	// the requests to each path of which none failed, without those that need it.
	Failed   map[string]map[int]int `json:"failed"`
	Needing  map[string]map[int]int `json:"needing,omitempty"`
	Unharmed map[string]int         `json:"unharmed"`
	// Calls is nil when what was hit has no callers.
	Calls *Calls `json:"calls,omitempty"`
	// Recovery is the time from the fault until the last request was sent that it
	// failed.
	Recovery    int64    `json:"recoveryMilliseconds"`
	Outcome     string   `json:"outcome"`
	Unexplained []string `json:"unexplained,omitempty"`
	// Because is what the program has done, where that explains the unexplained failures.
	Because string `json:"because,omitempty"`
}

// Calls is the load that services have from their callers, in requests a second: before
// they were hit, and at most once they were back.
type Calls struct {
	Callees []string `json:"callees"`
	Before  float64  `json:"before"`
	Most    float64  `json:"most"`
	// callers are the names of the callers, and tasks the addresses of their tasks before.
	callers, tasks []string
}

// Scaling is what the scaling policies of one service made of its load.
type Scaling struct {
	Service string `json:"service"`
	// Rate is the load, Capacity what its least tasks may take, in requests a second.
	Rate     int `json:"rate"`
	Capacity int `json:"capacity"`
	// From is how many tasks were healthy before, To how many in the end.
	From int `json:"from"`
	To   int `json:"to"`
	// Seconds is how long it took a service to get more.
	Seconds float64 `json:"seconds,omitempty"`
	Traffic
	// Activities are the changes of the number of tasks, in words.
	Activities  []string `json:"activities,omitempty"`
	Unexplained []string `json:"unexplained,omitempty"`
}

// Audit is whether every acknowledged write to a path can be read once.
type Audit struct {
	Path        string   `json:"path"`
	Written     int      `json:"written"`
	Unexplained []string `json:"unexplained,omitempty"`
}

// Frontend is what the load balancer adds to a request: the median of the same
// request to a program and through the load balancer.
type Frontend struct {
	Direct  float64 `json:"directP50Milliseconds"`
	Through float64 `json:"throughP50Milliseconds"`
}

// count is all failures that should not have been.
func (r *Report) count() int {
	n := 0
	for _, g := range r.Gaps {
		n += len(g.Unexplained)
	}
	for _, s := range r.Steps {
		n += len(s.Unexplained)
	}
	for _, p := range r.Parity {
		n += len(p.Mismatches)
	}
	for _, f := range r.Faults {
		n += len(f.Unexplained)
	}
	for _, s := range r.Scaling {
		n += len(s.Unexplained)
	}
	for _, a := range r.Audit {
		n += len(a.Unexplained)
	}
	return n + len(r.Logs.Unexplained)
}

// verdict is nil for a pass, errFailed for failures, and errBusy where the only ones were
// not judged.
func (r *Report) verdict() error {
	switch {
	case r.Unexplained > 0:
		return errFailed
	case len(r.NotJudged) > 0:
		return errBusy
	}
	return nil
}

// ended writes the report to a file, unless that is "", and returns what ended the rehearsal.
func (r *Report) ended(by error, file string) error {
	if file == "" {
		return by
	}
	if by != nil {
		r.Error = by.Error()
	}
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return errors.Join(by, err)
	}
	return errors.Join(by, os.WriteFile(file, append(body, '\n'), 0o644))
}

func trafficOf(records []load.Record) Traffic {
	t := Traffic{
		Requests: len(records),
		Failures: map[int]int{},
		P50:      milliseconds(load.Quantile(records, 0.5)),
		P99:      milliseconds(load.Quantile(records, 0.99)),
	}
	for _, r := range records {
		if r.Failure != "" {
			t.Failures[r.Status]++
		}
	}
	return t
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// failuresOf are the records of wrong answers, in words.
func failuresOf(records []load.Record) []string {
	var failures []string
	for _, r := range records {
		if r.Failure != "" {
			failures = append(failures, r.Failure)
		}
	}
	return failures
}

// loadBalancer stands in the report for answers that no program gave.
const loadBalancer = page.LoadBalancer

// sharesOf compares who answered each path, and rightly, with who should have, and
// says where that is more than chance. Want names the share of each program by path.
func sharesOf(records []load.Record, want map[string]map[string]float64) (shares []Share, wrong []string) {
	answered := map[string]map[string]int{}
	for _, r := range records {
		if r.Failure != "" {
			continue
		}
		column := columnOf(r.Path, r.Route)
		if answered[column] == nil {
			answered[column] = map[string]int{}
		}
		answered[column][cmp.Or(r.Program, loadBalancer)]++
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		of := 0
		for _, n := range answered[path] {
			of += n
		}
		if of == 0 {
			wrong = append(wrong, path+": no request was answered")
		}
		for _, program := range programsOf(want[path], answered[path]) {
			s := Share{Path: path, Program: program, Weight: want[path][program], Answered: answered[path][program], Of: of}
			s.Least, s.Most = load.Bounds(of, s.Weight)
			if s.Answered < s.Least || s.Answered > s.Most {
				wrong = append(wrong,
					fmt.Sprintf("%s: %s answered %d of %d, its share is %.0f%%: %d to %d", path, program, s.Answered, of, 100*s.Weight, s.Least, s.Most))
			}
			shares = append(shares, s)
		}
	}
	return shares, wrong
}

// columnOf is what the shares of a path, or of one route of it, are reported under.
func columnOf(path, route string) string { return strings.TrimSpace(path + " " + route) }

// programsOf are those that should or did answer, the greatest share first.
func programsOf(want map[string]float64, answered map[string]int) []string {
	programs := map[string]bool{}
	for program := range want {
		programs[program] = true
	}
	for program := range answered {
		programs[program] = true
	}
	return slices.SortedFunc(maps.Keys(programs), func(a, b string) int {
		return cmp.Or(cmp.Compare(want[b], want[a]), cmp.Compare(a, b))
	})
}
