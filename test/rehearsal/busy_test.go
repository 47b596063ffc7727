package main

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/region"
	"github.com/stretchr/testify/require"
)

// machine is a probe that has measured one wait, and one share of waiting.
type machine struct {
	late    time.Duration
	waiting float64
}

func (m machine) Longest(from, to time.Time) time.Duration { return m.late }

func (m machine) Waiting(from, to time.Time) float64 { return m.waiting }

// quiet is the probe of an idle machine.
var quiet = machine{}

// Failures are judged unless programs have waited for a processor meanwhile, and what is
// not judged is reported.
func TestFailuresOfABusyMachine(t *testing.T) {
	out, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer out.Close()
	failures := []string{"one", "two"}
	for name, test := range map[string]struct {
		machine  machine
		failures []string
		want     []string
		reported int
	}{
		"an idle machine":              {quiet, failures, failures, 0},
		"almost too late":              {machine{late: tooLate - 1}, failures, failures, 0},
		"too late":                     {machine{late: tooLate}, failures, nil, 1},
		"almost too crowded":           {machine{waiting: tooCrowded - 0.01}, failures, failures, 0},
		"too crowded":                  {machine{waiting: tooCrowded}, failures, nil, 1},
		"a busy machine that sufficed": {machine{time.Second, 1}, nil, nil, 0},
	} {
		r := &rehearsal{probe: test.machine, report: &Report{}, screen: newScreen(out, "")}
		assert.Equal(t, test.want, r.judged(time.Now(), time.Now(), test.failures), name)
		assert.Len(t, r.report.NotJudged, test.reported, name)
		r.screen.close()
	}
}

// busyUntil is a machine that was too late until a time.
type busyUntil time.Time

func (b busyUntil) Longest(from, to time.Time) time.Duration {
	if from.Before(time.Time(b)) {
		return tooLate
	}
	return 0
}

func (b busyUntil) Waiting(from, to time.Time) float64 { return 0 }

// What a busy machine has broken is not judged until it is mended.
func TestBusyBeforeTheFailure(t *testing.T) {
	now := time.Now()
	assert.NotEmpty(t, tooBusy(busyUntil(now), now.Add(-time.Second), now))
	out, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer out.Close()
	r := &rehearsal{probe: busyUntil(now), report: &Report{}, screen: newScreen(out, "")}
	defer r.screen.close()
	failures := []string{"one"}
	assert.Empty(t, r.judged(now.Add(mending-time.Second), now.Add(mending), failures))
	assert.Equal(t, failures, r.judged(now.Add(mending), now.Add(mending+time.Second), failures))
}

// A rehearsal ends with 3 when nothing else was wrong than the machine.
func TestStatusOfABusyMachine(t *testing.T) {
	broken := errors.New("the deployment circuit breaker gave up")
	busy, idle := &rehearsal{probe: machine{late: tooLate}}, &rehearsal{probe: quiet}
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

// What fails has no value of --env in the report, nor has what ends a rehearsal.
func TestFailuresAreMasked(t *testing.T) {
	r := &rehearsal{probe: quiet, report: &Report{}, mask: region.Values{"": {"PASSWORD": "hunter22"}}.Mask()}
	now := time.Now()
	assert.Equal(t, []string{"status 500: ***"}, r.judged(now, now, []string{"status 500: hunter22"}))
	ended := errors.New("at hunter22")
	err := r.judgedError(ended)
	assert.EqualError(t, err, "at ***")
	assert.ErrorIs(t, err, ended)
}
