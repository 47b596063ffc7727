package rollout

import (
	"fmt"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// replace simulates a rolling deployment. It stops old tasks as long as the minimum
// percentage stays healthy, and starts new ones as long as there are no more than the
// maximum. A task that is stopping no longer counts. replace returns the number of
// batches in which new tasks start, and the time from when the last new task is healthy
// until the last old one has stopped. It fails if no task can be replaced.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
func replace(tasks int, service assembly.Service, t times) (batches int, left time.Duration, err error) {
	atLeast := (tasks*service.MinimumHealthyPercent + 99) / 100
	atMost := tasks * service.MaximumPercent / 100
	var now, gone time.Duration
	for before, after := tasks, 0; before > 0 || after < tasks; {
		stopped := max(0, min(before, before+after-atLeast))
		if stopped > 0 {
			before -= stopped
			gone = now + t.deregistration + t.stop
		}
		started := max(0, min(tasks-after, atMost-before-after))
		if started > 0 {
			after += started
			now += StartUp + t.interval
			batches++
		}
		if stopped+started == 0 {
			return 0, 0, fmt.Errorf("with %d tasks, %d%% healthy at least and %d%% at most leave no room to replace one: "+
				"raise the maximum or lower the minimum",
				tasks, service.MinimumHealthyPercent, service.MaximumPercent)
		}
	}
	return batches, max(0, gone-now), nil
}
