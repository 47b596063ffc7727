package services

import (
	"cmp"
	"fmt"
	"time"
)

// Alarms are the bounds of a service's errors and latency. An alarm notifies the
// environment's topic and rolls back a deployment that is in progress. Minutes with
// few requests do not count: one request of them would decide.
type Alarms struct {
	// ErrorPercent is the share of requests, in percent, that the program may answer
	// with a 5xx status: 1 to 99. Zero means 1.
	ErrorPercent int
	// P99 is the 99th percentile of the response time at most: 1 ms to a minute. Zero
	// means 1 s.
	P99 time.Duration
	// WebSockets means that clients open WebSockets, which a program answers with 101. AWS
	// has no metric of that status, so an answer that never came looks the same. Then an
	// error is a 5xx of the program or a connection to it that fails, and what the load
	// balancer answers in its place for another reason, such as a timeout, does not count.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
	WebSockets bool
}

func (a Alarms) complete() Alarms {
	a.ErrorPercent = cmp.Or(a.ErrorPercent, 1)
	a.P99 = cmp.Or(a.P99, time.Second)
	return a
}

func (a Alarms) check() error {
	switch {
	case a.ErrorPercent < 1 || a.ErrorPercent > 99:
		return fmt.Errorf("an alarm at %d%% errors: want 1 to 99", a.ErrorPercent)
	case a.P99 < time.Millisecond || a.P99 > time.Minute:
		return fmt.Errorf("an alarm at %s for one request in a hundred: want 1 ms to a minute, such as 500 * time.Millisecond", a.P99)
	}
	return nil
}
