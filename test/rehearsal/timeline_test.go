package main

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/rehearsal/page"
)

// The newest event is the first, and only the last ones are kept.
func TestTimelineIsOrderedAndBounded(t *testing.T) {
	var line timeline
	var events sync.WaitGroup
	for range 3 * maxEvents {
		events.Go(func() { line.add(page.Event{Kind: "task"}) })
	}
	events.Wait()
	last := line.last()
	require.Len(t, last, maxEvents)
	for i, e := range last {
		assert.Equal(t, 3*maxEvents-i, e.Number)
		if i > 0 {
			assert.False(t, e.Time.After(last[i-1].Time), "event %d", i)
		}
	}
}

func TestTimelineSaysWhatHappened(t *testing.T) {
	var line timeline
	refused := errors.New("stack Alpha: rolled back")
	assert.NoError(t, line.deployment("alpha: dark → live", func() error {
		line.task(region.TaskEvent{Service: "alpha", Task: 1, State: region.Starting})
		line.task(region.TaskEvent{Service: "alpha", Task: 1, State: alb.Healthy})
		return nil
	}))
	line.scaling(region.Activity{Service: "alpha", From: 2, To: 3, Metric: "CPU", Value: 81, Target: 60})
	assert.ErrorIs(t, line.deployment("alpha: live → strangled", func() error { return refused }), refused)
	line.task(region.TaskEvent{Service: "alpha", Task: 1, State: region.Ended, Reason: "exit status 1"})
	line.task(region.TaskEvent{Service: "alpha", Task: 2, State: region.Ended})
	var said []string
	for _, e := range line.last() {
		said = append(said, fmt.Sprintf("%s %s %v %s", e.Kind, e.Program, e.Failed, e.Text))
	}
	assert.Equal(t, []string{
		"task alpha false task 2 has ended",
		"task alpha true task 1 has ended: exit status 1",
		"deployment  true alpha: live → strangled failed: stack Alpha: rolled back",
		"deployment  false alpha: live → strangled begins",
		"scaling alpha false scales from 2 to 3 tasks: CPU is 81, its target 60",
		"deployment  false alpha: dark → live is complete after 0.0 s",
		"task alpha false task 1 is healthy",
		"task alpha false task 1 is starting",
		"deployment  false alpha: dark → live begins",
	}, said)
}
