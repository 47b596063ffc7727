package services

import (
	"cmp"
	"fmt"
	"time"
)

// Alarms are the bounds of what callers meet. What breaks one tells whoever
// listens to the environment's topic, and rolls back a deployment that is under
// way. Neither looks at minutes with few requests, in which one says nothing.
type Alarms struct {
	// ErrorPercent is the share of requests that the program may answer with a 5xx
	// status. Zero means 1.
	ErrorPercent int
	// P99 is how long one request in a hundred may take. Zero means 1 s.
	P99 time.Duration
}

func (a Alarms) complete() Alarms {
	return Alarms{ErrorPercent: cmp.Or(a.ErrorPercent, 1), P99: cmp.Or(a.P99, time.Second)}
}

func (a Alarms) check() error {
	switch {
	case a.ErrorPercent < 1 || a.ErrorPercent > 99:
		return fmt.Errorf("an alarm at %d%% errors: want 1 to 99", a.ErrorPercent)
	case a.P99 < time.Millisecond || a.P99 > time.Minute:
		return fmt.Errorf("an alarm at %s for one request in a hundred: want 1 ms to a minute", a.P99)
	}
	return nil
}
