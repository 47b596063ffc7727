package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// report prints a row for each step, as soon as it is known.
type report struct {
	out io.Writer
	// columns are the paths whose shares are shown.
	columns []string
}

func newReport(out io.Writer) *report {
	r := &report{out: out}
	for _, f := range features() {
		r.columns = append(r.columns, f.path)
	}
	return r
}

const maxFailuresShown = 5

func (r *report) head() {
	fmt.Fprintln(r.out, r.line("step", "requests", "failures", r.columns))
}

func (r *report) row(name string, s score) {
	var served []string
	for _, column := range r.columns {
		served = append(served, shares(s.served[column]))
	}
	fmt.Fprintln(r.out, r.line(name, s.requests, len(s.failures), served))
	for i, failure := range s.failures {
		if i == maxFailuresShown {
			fmt.Fprintf(r.out, "    and %d more\n", len(s.failures)-i)
			break
		}
		fmt.Fprintf(r.out, "    %s\n", failure)
	}
}

func (r *report) line(name string, requests, failures any, served []string) string {
	line := fmt.Sprintf("%-18s %8v %8v", name, requests, failures)
	for _, cell := range served {
		line += fmt.Sprintf("  %-24s", cell)
	}
	return strings.TrimRight(line, " ")
}

// shares says who answered how much, the largest part first.
func shares(served map[string]int) string {
	total := 0
	for _, n := range served {
		total += n
	}
	programs := slices.SortedFunc(maps.Keys(served), func(a, b string) int { return served[b] - served[a] })
	if len(programs) == 1 {
		return programs[0]
	}
	var parts []string
	for _, program := range programs {
		parts = append(parts, fmt.Sprintf("%s %.0f%%", program, 100*float64(served[program])/float64(total)))
	}
	return strings.Join(parts, " ")
}
