package main

import (
	"errors"
	"fmt"
	"time"
)

// tooLate is how long a program may wait for a processor of this machine until what fails
// meanwhile is not judged: a third of a health check's 3 s, at ten times the speed.
const tooLate = 100 * time.Millisecond

// probe knows how long programs have waited for a processor of this machine.
type probe interface {
	// Longest is the longest wait in a stretch of time.
	Longest(from, to time.Time) time.Duration
}

// errBusy is how a rehearsal ends that has found failures only while the machine was too
// busy to judge them.
var errBusy = errors.New("machine too busy: not judged: run it again with less beside it, or a lower --rate")

// judged returns the failures of a stretch of time, or none when the machine was too busy
// in it to say whose they are.
func (r *rehearsal) judged(began, ended time.Time, failures []string) []string {
	late := r.probe.Longest(began, ended)
	if len(failures) == 0 || late < tooLate {
		return failures
	}
	note := fmt.Sprintf("machine too busy: %d failures not judged: a program waited %d ms for a processor", len(failures), late.Milliseconds())
	r.report.NotJudged = append(r.report.NotJudged, note)
	r.screen.line("    %s", note)
	return nil
}

// lastPart is longer than any deployment takes that ends a rehearsal.
const lastPart = 30 * time.Second

// judgedError is the error with which a rehearsal has stopped, or errBusy when the machine
// was too busy before its end to say whose it is.
func (r *rehearsal) judgedError(err error) error {
	now := time.Now()
	late := r.probe.Longest(now.Add(-lastPart), now)
	if err == nil || errors.Is(err, errInterrupted) || late < tooLate {
		return err
	}
	return fmt.Errorf("%w: a program waited %d ms for a processor: %w", errBusy, late.Milliseconds(), err)
}
