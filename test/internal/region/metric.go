package region

import (
	"fmt"
	"time"

	"example.com/strangler/test/internal/assembly"
)

// metric is the metric that a scaling policy tracks.
type metric struct {
	// period is the time that a datapoint covers.
	period time.Duration
	// read returns the metric over the time elapsed since the last call. It is not ok
	// when no task ran.
	read func(elapsed time.Duration) (value float64, ok bool)
}

// metric returns a policy's predefined metric for a service and its target group. It fails on a metric that
// the region does not measure:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
func (r *Region) metric(policy assembly.ScalingPolicy, groupID string, s *service) (metric, error) {
	if policy.Queue != "" {
		return metric{time.Minute, nothingWaits}, nil
	}
	switch policy.Metric {
	case "ALBRequestCountPerTarget":
		group := r.groups[groupID]
		if group == nil {
			return metric{}, fmt.Errorf("there is no target group %s", policy.TargetGroup)
		}
		return metric{time.Minute, requestsPerMinute(group)}, nil
	case "ECSServiceAverageCPUUtilization":
		return metric{time.Minute, cpuPercent(s)}, nil
	case "ECSServiceAverageCPUUtilizationHighResolution":
		return metric{20 * time.Second, cpuPercent(s)}, nil
	}
	return metric{}, fmt.Errorf("the rehearsal measures requests and CPU, not %q", policy.Metric)
}

// nothingWaits is the length of every queue, as there is none here.
func nothingWaits(time.Duration) (float64, bool) { return 0, true }

// requestsPerMinute measures the requests a minute to each target of a group.
func requestsPerMinute(group *group) func(time.Duration) (float64, bool) {
	before := 0.0
	return func(elapsed time.Duration) (float64, bool) {
		now := group.requestCountPerTarget()
		got := now - before
		before = now
		return got / elapsed.Minutes(), true
	}
}

// cpuPercent measures the CPU time of a service's tasks in percent of the vCPU that their
// definitions reserve. A task counts from its first whole datapoint on.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
func cpuPercent(s *service) func(time.Duration) (float64, bool) {
	before := map[*process]time.Duration{}
	return func(elapsed time.Duration) (float64, bool) {
		now := map[*process]time.Duration{}
		var used, reserved float64
		for _, t := range s.oldest(all) {
			total, err := t.process.cpu()
			if err != nil {
				continue // the program has just ended
			}
			now[t.process] = total
			if earlier, known := before[t.process]; known {
				used += (total - earlier).Seconds()
				reserved += elapsed.Seconds() * float64(t.deployment.cpu) / 1024
			}
		}
		before = now
		return 100 * used / reserved, reserved > 0
	}
}
