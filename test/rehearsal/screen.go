package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"

	"example.com/strangler/services"
)

// screen prints the report, each row as soon as it is known. On a terminal its
// last line says what is going on.
type screen struct {
	out io.Writer
	// live is whether out is a terminal; colour whether it may be coloured.
	live, colour bool

	mu    sync.Mutex
	doing string
	since time.Time
	count func() (answered, failed int)
	// answered and failed are the counts when it began.
	answered, failed int
	stopped          chan struct{}
}

// newScreen prints to a file, in colour only where that is a terminal and
// NO_COLOR (https://no-color.org) does not ask for none.
func newScreen(out output, noColour string) *screen {
	live := isatty.IsTerminal(out.Fd())
	s := &screen{out: out, live: live, colour: live && noColour == "", stopped: make(chan struct{})}
	if live {
		go s.refresh()
	}
	return s
}

func (s *screen) refresh() {
	for {
		select {
		case <-s.stopped:
			return
		case <-time.After(200 * time.Millisecond):
			s.mu.Lock()
			s.drawProgress()
			s.mu.Unlock()
		}
	}
}

func (s *screen) close() {
	close(s.stopped)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doing = ""
	s.clearProgress()
}

// progress says what is going on from now on.
func (s *screen) progress(doing string, count func() (answered, failed int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doing, s.since, s.count = doing, time.Now(), count
	s.answered, s.failed = count()
	s.drawProgress()
}

func (s *screen) drawProgress() {
	if !s.live || s.doing == "" {
		return
	}
	answered, failed := s.count()
	s.clearProgress()
	_, _ = fmt.Fprintf(s.out, "… %s  %.1f s, %d requests, %d failed", s.doing, time.Since(s.since).Seconds(), answered-s.answered,
		failed-s.failed)
}

// clearProgress empties the terminal's last line.
func (s *screen) clearProgress() {
	if s.live {
		_, _ = fmt.Fprint(s.out, "\r\x1b[2K")
	}
}

func (s *screen) line(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clearProgress()
	_, _ = fmt.Fprintln(s.out, strings.TrimRight(fmt.Sprintf(format, args...), " "))
	s.drawProgress()
}

const (
	bold = "1"
	red  = "31"
)

func (s *screen) paint(colour, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// number is a count of failures, which is seen when it is not 0.
func (s *screen) number(n, width int) string {
	text := fmt.Sprintf("%*d", width, n)
	if n > 0 {
		return s.paint(red, text)
	}
	return text
}

const maxShown = 5

// wrong lists what is unexplained.
func (s *screen) wrong(unexplained []string) {
	for i, failure := range unexplained {
		if i == maxShown {
			s.line("    %s", s.paint(red, fmt.Sprintf("and %d more", len(unexplained)-i)))
			break
		}
		s.line("    %s", s.paint(red, failure))
	}
}

// leftOut says what of the catalog does not run here.
func (s *screen) leftOut(catalog services.Catalog, cannot []string) {
	for _, name := range cannot {
		s.line("left out: %s", howToStart(name))
	}
	for _, service := range catalog.All() {
		if service.Collector != "" {
			s.line("left out: the collector of %s, as only the programs themselves run here", service.Name)
		}
	}
}

func (s *screen) gapHead() {
	s.line("%s", s.paint(bold,
		fmt.Sprintf("%-23s %-8s %-20s %-6s %8s %6s %8s", "the gap", "service", "order", "tasks", "requests", "failed", "for")))
}

func (s *screen) gap(g Gap) {
	tasks, lasted := "", ""
	if g.Least > 0 {
		tasks = fmt.Sprintf("%d of %d", g.Tasks, g.Least)
	}
	if total(g.Failures) > 0 {
		lasted = fmt.Sprintf("%d ms", g.Milliseconds)
	}
	s.line("%-23s %-8s %-20s %-6s %8d %s %8s  %s", g.Change, g.Service, g.Order, tasks, g.Requests, s.number(total(g.Failures), 6),
		lasted, statuses(g.Failures))
	s.wrong(g.Unexplained)
}

// walkHead begins the table of the walk.
func (s *screen) walkHead(columns []string) {
	head := fmt.Sprintf("%-18s %7s %8s %6s %7s %7s", "the walk", "deploy", "requests", "failed", "p50", "p99")
	for _, path := range columns {
		head += fmt.Sprintf("  %-16s", path)
	}
	s.line("")
	s.line("%s", s.paint(bold, head))
}

func (s *screen) step(step Step, columns []string) {
	row := fmt.Sprintf("%-18s %5.1f s %8d %s %4.1f ms %4.1f ms", step.Name, step.Seconds, step.Requests, s.number(total(step.Failures), 6),
		step.P50, step.P99)
	var spread []string
	for _, path := range columns {
		shares := slices.DeleteFunc(slices.Clone(step.Shares), func(share Share) bool { return share.Path != path })
		if len(shares) > 1 {
			spread = append(spread, spreadOf(shares))
		}
		row += fmt.Sprintf("  %-16s", programs(shares))
	}
	s.line("%s", row)
	for _, text := range spread {
		s.line("    %s", text)
	}
	s.wrong(step.Unexplained)
}

// programs are the names of those that answered.
func programs(shares []Share) string {
	var names []string
	for _, share := range shares {
		if share.Answered > 0 {
			names = append(names, share.Program)
		}
	}
	return strings.Join(names, "+")
}

// spreadOf says how a path was spread, with the bounds of chance.
func spreadOf(shares []Share) string {
	var parts []string
	for _, share := range shares {
		parts = append(parts,
			fmt.Sprintf("%s %d (%.0f%% of %d: %d to %d)", share.Program, share.Answered, 100*share.Weight, share.Of, share.Least, share.Most))
	}
	return shares[0].Path + ": " + strings.Join(parts, ", ")
}

func (s *screen) parity(p Parity) {
	s.line("    parity: %d requests to %s and to the monolith, %s differ", p.Requests, p.Service, s.number(len(p.Mismatches), 0))
	if len(p.Varying) > 0 {
		s.line("    not compared, as it varies in the answers of %s alone: %s", p.Service, strings.Join(p.Varying, ", "))
	}
	s.wrong(p.Mismatches)
}

func (s *screen) frontend(f Frontend) {
	s.line("    load balancer: a request takes %.2f ms to a program and %.2f ms through it (p50)", f.Direct, f.Through)
}

func (s *screen) faultHead() {
	s.line("")
	s.line("%s", s.paint(bold, fmt.Sprintf("%-16s %-36s %s", "the fault", "what was hit", "how it ended")))
}

func (s *screen) fault(f Fault) {
	s.line("%-16s %-36s %s", f.Name, f.Hit, f.Outcome)
	failed := byPath(f.Failed)
	if len(f.Needing) > 0 {
		failed = append(failed, "what needs it "+strings.Join(byPath(f.Needing), ", "))
	}
	if len(failed) == 0 {
		s.line("    nothing failed of %s", unharmed(f))
	} else {
		s.line("    failed until %d ms later: %s; nothing of %s", f.Recovery, strings.Join(failed, ", "), unharmed(f))
	}
	if f.Calls != nil {
		s.line("    calls to %s: %.0f/s before, %.0f/s at most after", f.Calls, f.Calls.Before, f.Calls.Most)
	}
	if f.Because != "" {
		s.line("    %s", s.paint(red, f.Because))
	}
	s.wrong(f.Unexplained)
}

// byPath says how many requests to which path failed with which status.
func byPath(failures map[string]map[int]int) []string {
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(failures)) {
		parts = append(parts, path+" "+statuses(failures[path]))
	}
	return parts
}

// unharmed are the paths of which no request failed.
func unharmed(f Fault) string {
	paths := slices.Sorted(maps.Keys(f.Unharmed))
	requests := 0
	for _, path := range paths {
		requests += f.Unharmed[path]
	}
	return fmt.Sprintf("%d requests to %s", requests, strings.Join(paths, ", "))
}

func (s *screen) scalingHead() {
	s.line("")
	s.line("%s", s.paint(bold, fmt.Sprintf("%-16s %8s %6s %18s  %-7s %7s", "the scaling", "requests", "failed", "load", "tasks", "after")))
}

func (s *screen) scaling(g Scaling) {
	tasks, after := fmt.Sprint(g.To), "never"
	if g.To != g.From {
		tasks, after = fmt.Sprintf("%d → %d", g.From, g.To), fmt.Sprintf("%.1f s", g.Seconds)
	}
	s.line("%-16s %8d %s %18s  %-7s %7s", g.Service, g.Requests, s.number(total(g.Failures), 6),
		fmt.Sprintf("%d/s of %d/s", g.Rate, g.Capacity), tasks, after)
	for _, activity := range g.Activities {
		s.line("    %s", activity)
	}
	s.wrong(g.Unexplained)
}

func (s *screen) audit(a Audit) {
	if len(a.Unexplained) == 0 {
		s.line("audit: %d acknowledged writes to %s, each there once", a.Written, a.Path)
		return
	}
	s.line("audit: %d acknowledged writes to %s, %s not there once", a.Written, a.Path, s.number(len(a.Unexplained), 0))
	s.wrong(a.Unexplained)
}

func (s *screen) logs(l Logs) {
	s.line("logs: %d lines, %s with a secret or an item", l.Lines, s.number(len(l.Unexplained), 0))
	s.wrong(l.Unexplained)
}

func (s *screen) summary(r *Report) {
	requests := 0
	for _, step := range r.Steps {
		requests += step.Requests
	}
	s.line("")
	s.line("%d requests in the walk at %d a second, %s unexplained failures in all, %.0f s", requests, r.Rate, s.number(r.Unexplained, 0),
		r.Seconds)
}

func total(failures map[int]int) int {
	n := 0
	for _, count := range failures {
		n += count
	}
	return n
}

// statuses says how many answers had which status.
func statuses(failures map[int]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(failures)) {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "no answer"
		}
		parts = append(parts, fmt.Sprintf("%d × %s", failures[status], name))
	}
	return strings.Join(parts, ", ")
}
