package main

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// waited is a probe that has measured one wait.
type waited time.Duration

func (w waited) Longest(from, to time.Time) time.Duration { return time.Duration(w) }

// Failures are judged unless a program has waited for a processor meanwhile, and what is
// not judged is reported.
func TestFailuresOfABusyMachine(t *testing.T) {
	out, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer out.Close()
	failures := []string{"one", "two"}
	for name, test := range map[string]struct {
		late     time.Duration
		failures []string
		want     []string
		reported int
	}{
		"an idle machine":              {0, failures, failures, 0},
		"almost too late":              {tooLate - 1, failures, failures, 0},
		"a busy machine":               {tooLate, failures, nil, 1},
		"a busy machine that sufficed": {time.Second, nil, nil, 0},
	} {
		r := &rehearsal{probe: waited(test.late), report: &Report{}, screen: newScreen(out, "")}
		assert.Equal(t, test.want, r.judged(time.Now(), time.Now(), test.failures), name)
		assert.Len(t, r.report.NotJudged, test.reported, name)
		r.screen.close()
	}
}

// A rehearsal ends with 3 when nothing else was wrong than the machine.
func TestStatusOfABusyMachine(t *testing.T) {
	broken := errors.New("the deployment circuit breaker gave up")
	busy, idle := &rehearsal{probe: waited(tooLate)}, &rehearsal{probe: waited(0)}
	assert.Equal(t, 0, statusOf(busy.judgedError(nil)))
	assert.Equal(t, 3, statusOf(busy.judgedError(broken)))
	assert.ErrorIs(t, busy.judgedError(broken), broken, "the error is still said")
	assert.Equal(t, 1, statusOf(idle.judgedError(broken)))
	assert.Equal(t, 1, statusOf(busy.judgedError(errInterrupted)))
	for _, test := range []struct {
		report Report
		want   int
	}{
		{Report{}, 0}, {Report{Unexplained: 1}, 1}, {Report{NotJudged: []string{"one"}}, 3},
		{Report{Unexplained: 1, NotJudged: []string{"one"}}, 1},
	} {
		assert.Equal(t, test.want, statusOf(test.report.verdict()), "%+v", test.report)
	}
}
