package region

import (
	"slices"
	"strings"
	"sync"

	"example.com/strangler/test/internal/alb"
)

// Log is what one task has written.
type Log struct {
	// Task is the task's number: 1 is the first that its program has had.
	Task int
	// Address is the program's host and port, and empty until it runs.
	Address string
	// Ended is whether the task has ended.
	Ended bool
	// Lines are the last ones, 100 at most of 1 KiB each, the oldest first. In the place of a
	// value of [Region.SetValues] they have ***.
	Lines []string
}

// TaskEvent is a change of the state of a task.
type TaskEvent struct {
	// Service is the name of the task's program, and Task its number as in [Log].
	Service string
	Task    int
	// State is Starting, [alb.Healthy], [alb.Unhealthy] or Ended.
	State alb.State
	// Reason is why a task is unhealthy or has ended by itself. Empty means that nothing failed.
	Reason string
}

// Ended is the state of a task whose program has ended.
const Ended alb.State = "ended"

// Watch lets observe know of every change of a task's state, from several goroutines and
// with locks of the region held: it must not call the region. It is called before a
// deployment.
func (r *Region) Watch(observe func(TaskEvent)) { r.observe = observe }

// Logs returns the logs of a program's tasks, the newest task first: of those that run, and of
// the last four that have ended. A program keeps them when its service is deleted.
func (r *Region) Logs(program string) []Log {
	r.mu.Lock()
	j := r.journals[program]
	r.mu.Unlock()
	if j == nil {
		return nil
	}
	return j.logs()
}

// journal keeps the logs of one program's tasks.
type journal struct {
	program string
	// onLog gets every line, and observe every change of a task's state.
	onLog   func(line string)
	observe func(TaskEvent)
	mask    func(text string) string

	mu    sync.Mutex
	begun int
	// tails are in the order of their tasks.
	tails []*tail
}

// journal returns the journal of a program. The region's lock is held.
func (r *Region) journal(program string) *journal {
	if r.journals[program] == nil {
		r.journals[program] = &journal{program: program, onLog: r.onLog, observe: r.observe, mask: r.values.Mask()}
	}
	return r.journals[program]
}

// begin returns the log of the next task.
func (j *journal) begin() *tail {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun++
	t := &tail{journal: j, task: j.begun}
	j.tails = append(j.tails, t)
	return t
}

// shown is a line as it is kept. What is cut off is cut after the values are masked.
func (j *journal) shown(line string) string {
	line = strings.ToValidUTF8(j.mask(line), "\uFFFD")
	if len(line) > maxKept {
		line = strings.ToValidUTF8(line[:maxKept], "") + "…"
	}
	return line
}

// maxEnded is of how many ended tasks the logs are kept.
const maxEnded = 4

// prune forgets all but the last ended tasks.
func (j *journal) prune() {
	j.mu.Lock()
	defer j.mu.Unlock()
	ended := 0
	for _, t := range slices.Backward(slices.Clone(j.tails)) {
		if !t.hasEnded() {
			continue
		}
		if ended++; ended > maxEnded {
			j.tails = slices.DeleteFunc(j.tails, func(other *tail) bool { return other == t })
		}
	}
}

func (j *journal) logs() []Log {
	j.mu.Lock()
	defer j.mu.Unlock()
	var logs []Log
	for _, t := range slices.Backward(j.tails) {
		logs = append(logs, t.log())
	}
	return logs
}
