//go:build unix

package region

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
)

func newTestJournal(program string) *journal {
	return &journal{program: program, onLog: func(string) {}, observe: func(TaskEvent) {}, mask: Values(nil).Mask()}
}

// Each line is passed on as a whole, even when the program writes it in parts.
func TestTailPassesLinesOn(t *testing.T) {
	var lines []string
	j := newTestJournal("orders")
	j.onLog = func(line string) { lines = append(lines, line) }
	log := j.begin()
	for _, written := range []string{"one\ntw", "o", "\n\nfour\nfi"} {
		log.Write([]byte(written))
	}
	assert.Equal(t, []string{"one", "two", "", "four"}, lines)
	assert.Equal(t, []string{"one", "two", "", "four", "fi"}, log.log().Lines)
	assert.EqualError(t, log.explain(errors.New("exit status 1")), "exit status 1: fi")
	log.end(nil)
	assert.Equal(t, []string{"one", "two", "", "four", "fi"}, lines, "what a program ends without a line's end")
}

// A log is the last lines, however many and however long they are, without the values.
func TestTailIsBoundedAndMasked(t *testing.T) {
	j := newTestJournal("orders")
	j.mask = Values{"orders": {"PASSWORD": "correcthorse"}}.Mask()
	log := j.begin()
	for n := range 3 * maxLines {
		fmt.Fprintf(log, "line %d: correcthorse\n", n)
	}
	lines := log.log().Lines
	require.Len(t, lines, maxLines)
	assert.LessOrEqual(t, len(log.lines), maxLines)
	assert.Equal(t, "line 200: ***", lines[0])
	assert.Equal(t, "line 299: ***", lines[maxLines-1])
	assert.EqualError(t, log.explain(errors.New("exit status 1")), "exit status 1: line 299: ***")

	// A value across the end of what is kept is masked as a whole.
	fmt.Fprintf(log, "%scorrecthorse%s", strings.Repeat("ä", maxKept/2-2), strings.Repeat("z", 10*maxLine))
	lines = log.log().Lines
	require.Len(t, lines, maxLines)
	last := lines[maxLines-1]
	assert.True(t, strings.HasSuffix(last, "ä***z…"), "%q", last[len(last)-20:])
	assert.LessOrEqual(t, len(log.line), maxLine)
}

// A journal has the tasks that run and the last that have ended, the newest first.
func TestJournalIsBounded(t *testing.T) {
	j := newTestJournal("orders")
	runs := j.begin()
	runs.serve("127.0.0.1:1")
	for range 3 * maxEnded {
		j.begin().end(nil)
	}
	fmt.Fprint(runs, "still here\n")
	logs := j.logs()
	require.Len(t, logs, maxEnded+1)
	assert.Equal(t, 3*maxEnded+1, logs[0].Task)
	assert.True(t, logs[0].Ended)
	assert.Equal(t, Log{Task: 1, Address: "127.0.0.1:1", Lines: []string{"still here"}}, logs[maxEnded])
}

// What becomes of a task is observed, and its log outlives the service.
func TestTaskEvents(t *testing.T) {
	s := newTestService(t, declaredService())
	events := make(chan TaskEvent, 100)
	var healthy atomic.Int32
	s.journal.observe = func(e TaskEvent) {
		events <- e
		if e.State == alb.Healthy {
			healthy.Add(1)
		}
	}
	deploy(t, s, s.version("1"))
	eventually(t, "both tasks are healthy", func() bool { return healthy.Load() == 2 })
	s.each(1, (*process).abort)
	eventually(t, "the task is replaced", func() bool { return len(s.addresses()) == 2 && healthy.Load() == 3 })
	require.NoError(t, s.delete(t.Context()))
	close(events)
	of := map[int][]TaskEvent{}
	for e := range events {
		of[e.Task] = append(of[e.Task], e)
	}
	require.Len(t, of, 3)
	for task, all := range of {
		var states []alb.State
		for _, e := range all {
			assert.Equal(t, "orders", e.Service)
			states = append(states, e.State)
		}
		assert.Equal(t, []alb.State{Starting, alb.Healthy, Ended}, states, "task %d", task)
	}
	assert.Contains(t, of[1][2].Reason+of[2][2].Reason, "signal: killed")
	assert.Empty(t, of[3][2].Reason, "a task that is stopped")
	assert.Len(t, s.journal.logs(), 3)
}

// A task that fails its health checks is observed too, with the reason.
func TestUnhealthyTaskIsObserved(t *testing.T) {
	s := newTestService(t, declaredService())
	var failed atomic.Bool
	s.journal.observe = func(e TaskEvent) {
		if e.State == alb.Unhealthy && strings.Contains(e.Reason, "request timed out") {
			failed.Store(true)
		}
	}
	deploy(t, s, s.version("1"))
	s.each(1, (*process).hang)
	eventually(t, "an unhealthy task", failed.Load)
}

// A region has the logs of its programs without the values that it was given, also when they
// are deleted, and their tasks' events are observed.
func TestLogsOutliveTheService(t *testing.T) {
	s := system(map[string][]string{"Alpha": nil}).open(t)
	s.SetValues(Values{"alpha": {"SECRET": "serving"}})
	var ended atomic.Int64
	s.Watch(func(e TaskEvent) {
		if e.Service == "alpha" && e.State == Ended {
			ended.Add(1)
		}
	})
	s.deploy(t)
	require.NoError(t, s.Destroy(t.Context(), "System"))
	logs := s.Logs("alpha")
	require.GreaterOrEqual(t, len(logs), 2)
	assert.EqualValues(t, logs[0].Task, ended.Load(), "tasks that have ended")
	for _, log := range logs {
		assert.NotEmpty(t, log.Address)
		assert.True(t, log.Ended)
		text := strings.Join(log.Lines, "\n")
		assert.Contains(t, text, `"msg":"***"`)
		assert.NotContains(t, text, "serving")
	}
	assert.Empty(t, s.Logs("beta"))
}
