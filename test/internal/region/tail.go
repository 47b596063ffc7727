package region

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.com/strangler/test/internal/alb"
)

const (
	// maxLines is how many lines of a task are kept, maxKept how many bytes of each.
	maxLines, maxKept = 100, 1 << 10
	// maxLine is how many bytes of a line are read. The rest of it is left out.
	maxLine = 64 << 10
)

// tail passes every line of a task on to its journal, and keeps the last ones.
type tail struct {
	journal *journal
	// task is the task's number.
	task int

	mu      sync.Mutex
	address string
	ended   bool
	lines   []string
	// line is a line that has not ended yet.
	line []byte
}

var _ io.Writer = (*tail)(nil)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := b; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		t.line = append(t.line, part[:min(len(part), maxLine-len(t.line))]...)
		if ended {
			t.endLine()
		}
		rest = after
	}
	return len(b), nil
}

func (t *tail) endLine() {
	line := string(t.line)
	t.line = nil
	t.journal.onLog(line)
	t.lines = append(t.lines, t.journal.shown(line))
	t.lines = slices.Clone(t.lines[max(0, len(t.lines)-maxLines):])
}

// serve notes the address of the task's program.
func (t *tail) serve(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.address = address
}

// end notes that the task has ended, by itself when err says why.
func (t *tail) end(err error) {
	t.mu.Lock()
	t.ended = true
	if len(t.line) > 0 {
		t.endLine()
	}
	t.mu.Unlock()
	t.journal.prune()
	t.report(Ended, err)
}

// report lets the region's observer know of the task's state.
func (t *tail) report(state alb.State, err error) {
	e := TaskEvent{Service: t.journal.program, Task: t.task, State: state}
	if err != nil {
		e.Reason = err.Error()
	}
	t.journal.observe(e)
}

// hasEnded reports whether the task has ended.
func (t *tail) hasEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// log is what the task has written so far.
func (t *tail) log() Log {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Log{Task: t.task, Address: t.address, Ended: t.ended, Lines: t.written()}
}

// written are the lines that are kept, with the one that has not ended.
func (t *tail) written() []string {
	lines := slices.Clone(t.lines)
	if len(t.line) > 0 {
		lines = append(lines, t.journal.shown(string(t.line)))
	}
	return lines[max(0, len(lines)-maxLines):]
}

// cause is in the line in which a program of any language says what was wrong. Some write where
// that was, or their version, after it.
var cause = regexp.MustCompile(`(?i)(error|exception|fatal|panic)\S*:`)

// explain adds to an error the last line of the program's that names a cause, or else the last
// that it has written, if any.
func (t *tail) explain(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for _, line := range slices.Backward(t.written()) {
		line = strings.TrimSpace(line)
		if cause.MatchString(line) {
			last = line
			break
		}
		if last == "" {
			last = line
		}
	}
	if last == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, last)
}
