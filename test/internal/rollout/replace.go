package rollout

import (
	"fmt"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// replace goes through a deployment as ECS does: it stops old tasks while enough
// healthy ones remain, and starts new ones while there are not too many; one that is
// told to stop makes room at once. It returns in how many batches the new tasks
// start, and how long after the last of them is healthy the last old one is gone.
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
			return 0, 0, fmt.Errorf("with %d tasks, %d%% healthy at least and %d%% at most leave no room to replace one: raise the maximum or lower the minimum",
				tasks, service.MinimumHealthyPercent, service.MaximumPercent)
		}
	}
	return batches, max(0, gone-now), nil
}
