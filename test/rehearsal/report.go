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

const maxFailuresShown = 5

func (r *report) head() {
	fmt.Fprintf(r.out, "%-20s %8s %8s", "step", "requests", "failures")
	for _, column := range r.columns {
		fmt.Fprintf(r.out, "  %-28s", column)
	}
	fmt.Fprintln(r.out)
}

func (r *report) row(name string, s score) {
	fmt.Fprintf(r.out, "%-20s %8d %8d", name, s.requests, len(s.failures))
	for _, column := range r.columns {
		fmt.Fprintf(r.out, "  %-28s", shares(s.served[column]))
	}
	fmt.Fprintln(r.out)
	for i, failure := range s.failures {
		if i == maxFailuresShown {
			fmt.Fprintf(r.out, "    and %d more\n", len(s.failures)-i)
			break
		}
		fmt.Fprintf(r.out, "    %s\n", failure)
	}
}

// shares says who answered how much, the largest part first.
func shares(served map[string]int) string {
	total := 0
	for _, n := range served {
		total += n
	}
	programs := slices.SortedFunc(maps.Keys(served), func(a, b string) int { return served[b] - served[a] })
	var parts []string
	for _, program := range programs {
		parts = append(parts, fmt.Sprintf("%s %.0f%%", program, 100*float64(served[program])/float64(total)))
	}
	return strings.Join(parts, ", ")
}
