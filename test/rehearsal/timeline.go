package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/rehearsal/page"
)

// maxEvents is how many of the last events are kept.
const maxEvents = 200

// timeline is what happened. It is safe for concurrent use.
type timeline struct {
	mu    sync.Mutex
	begun int
	// events are in the order in which they happened.
	events []page.Event
}

// add notes an event of now.
func (t *timeline) add(e page.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun++
	e.Number, e.Time = t.begun, time.Now()
	t.events = append(t.events, e)
	t.events = slices.Clone(t.events[max(0, len(t.events)-maxEvents):])
}

// last are the events, the newest first.
func (t *timeline) last() []page.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	events := slices.Clone(t.events)
	slices.Reverse(events)
	return events
}

// task notes what became of a task.
func (t *timeline) task(e region.TaskEvent) {
	verb := "is"
	if e.State == region.Ended {
		verb = "has"
	}
	event := page.Event{Kind: "task", Program: e.Service, Text: fmt.Sprintf("task %d %s %s", e.Task, verb, e.State)}
	if e.Reason != "" {
		event.Text, event.Failed = event.Text+": "+e.Reason, true
	}
	t.add(event)
}

// scaling notes that a policy has changed a service's number of tasks.
func (t *timeline) scaling(a region.Activity) {
	t.add(page.Event{Kind: "scaling", Program: a.Service, Text: fmt.Sprintf(
		"scales from %d to %d tasks: %s is %.0f, its target %.0f", a.From, a.To, a.Metric, a.Value, a.Target)})
}

// deployment notes when a deployment begins, and how it ends.
func (t *timeline) deployment(move string, deploy func() error) error {
	began := time.Now()
	t.add(page.Event{Kind: "deployment", Text: move + " begins"})
	err := deploy()
	if err != nil {
		t.add(page.Event{Kind: "deployment", Text: move + " failed: " + err.Error(), Failed: true})
		return err
	}
	t.add(page.Event{Kind: "deployment", Text: fmt.Sprintf("%s is complete after %.1f s", move, time.Since(began).Seconds())})
	return nil
}
