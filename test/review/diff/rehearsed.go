package diff

import (
	"fmt"
	"slices"
)

// Rehearsal is what the review reads of the report that a rehearsal of a change of phases
// writes with --json.
type Rehearsal struct {
	Changes []Change
	// Error is what ended the rehearsal before its end, or "".
	Error string
}

// Change is what a change of the phases of environments met under load.
type Change struct {
	Environments          []string
	Requests, Unexplained int
	// Before is what failed before the change already.
	Before    int `json:"unexplainedBefore"`
	NotJudged bool
	P99       float64 `json:"p99Milliseconds"`
}

// Add says what the change of the environment's phases met. Failed requests are a finding; a
// rehearsal that has not come to its end is a line.
func (d *Diff) Add(r Rehearsal) {
	i := slices.IndexFunc(r.Changes, func(c Change) bool { return slices.Contains(c.Environments, d.Environment) })
	switch {
	case i >= 0 && r.Changes[i].Unexplained > 0:
		d.Findings = append(d.Findings, fmt.Sprintf("Rehearsal: %d failures that should not be, of %d requests, while the phases change. "+
			"The job's log has each.", r.Changes[i].Unexplained, r.Changes[i].Requests))
	case i >= 0 && r.Changes[i].NotJudged:
		d.Rehearsed = append(d.Rehearsed, "Rehearsal: the machine was too busy to judge the change of the phases.")
	case i >= 0 && r.Changes[i].Before > 0:
		d.Rehearsed = append(d.Rehearsed, fmt.Sprintf("Rehearsal: %d requests while the phases change, none failed; before the change %d did.",
			r.Changes[i].Requests, r.Changes[i].Before))
	case i >= 0:
		d.Rehearsed = append(d.Rehearsed, fmt.Sprintf("Rehearsal: %d requests while the phases change, none failed, p99 %.0f ms.",
			r.Changes[i].Requests, r.Changes[i].P99))
	case len(d.Phases) > 0 && r.Error != "":
		d.Rehearsed = append(d.Rehearsed, "Not rehearsed: "+code(r.Error)+".")
	}
}
