package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// tooLate is how long a program may wait for a processor of this machine until what
	// fails meanwhile is not judged: a third of a health check's 3 s, which pass ten times faster.
	tooLate = 100 * time.Millisecond
	// tooCrowded is the share of the time in which a program waits for a processor, from
	// which on nothing that fails is judged. On two cores a rehearsal alone, at 500 requests a
	// second, makes that 0.4 to 0.6, and beside two programs that compute without end 0.9.
	tooCrowded = 0.8
	// mending is how long a busy machine has its effect after it is one no more: tasks that
	// failed their checks meanwhile are replaced.
	mending = 5 * time.Second
)

// probe knows how long programs have waited for a processor of this machine.
type probe interface {
	// Longest is the longest wait in a stretch of time.
	Longest(from, to time.Time) time.Duration
	// Waiting is the share of a stretch of time in which a program has waited.
	Waiting(from, to time.Time) float64
}

// tooBusy says why what failed in a stretch of time is not judged, or "".
func tooBusy(p probe, from, to time.Time) string {
	if late := p.Longest(from, to); late >= tooLate {
		return fmt.Sprintf("a program waited %d ms for a processor", late.Milliseconds())
	}
	if share := p.Waiting(from, to); share >= tooCrowded {
		return fmt.Sprintf("some program waited for a processor in %.0f%% of the time", 100*share)
	}
	return ""
}

// errBusy is how a rehearsal ends that has found failures only while the machine was too
// busy to judge them.
var errBusy = errors.New("machine too busy: not judged: run it again with less beside it, or a lower --rate")

// judged returns the failures of a stretch of time, or none when the machine was too busy
// in it to say whose they are.
func (r *rehearsal) judged(began, ended time.Time, failures []string) []string {
	if len(failures) == 0 {
		return nil
	}
	failures = slices.Clone(failures)
	for i := range failures {
		failures[i] = r.masked(failures[i])
	}
	busy := tooBusy(r.probe, began.Add(-mending), ended)
	if busy == "" {
		return failures
	}
	note := fmt.Sprintf("machine too busy: %d failures not judged: %s", len(failures), busy)
	r.report.NotJudged = append(r.report.NotJudged, note)
	r.screen.line("    %s", note)
	return nil
}

// masked is a text without the values of --env. An answer may have one, such as that of a
// framework which shows its configuration.
func (r *rehearsal) masked(text string) string {
	if r.mask == nil {
		return text
	}
	return r.mask(text)
}

// maskedError is an error whose text has no value of --env.
type maskedError struct {
	error
	text string
}

func (e maskedError) Error() string { return e.text }

func (e maskedError) Unwrap() error { return e.error }

// lastPart is longer than any deployment takes that ends a rehearsal.
const lastPart = 30 * time.Second

// judgedError is the error with which a rehearsal has stopped, or errBusy when the machine
// was too busy before its end to say whose it is.
func (r *rehearsal) judgedError(err error) error {
	if err == nil || errors.Is(err, errInterrupted) {
		return err
	}
	err = maskedError{err, r.masked(err.Error())}
	now := time.Now()
	busy := tooBusy(r.probe, now.Add(-lastPart), now)
	if busy == "" {
		return err
	}
	return fmt.Errorf("%w: %w: %s", err, errBusy, busy)
}
