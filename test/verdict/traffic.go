package main

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"example.com/strangler/test/internal/evidence"
)

// side is what the load balancer counted of the requests to one target group. A
// monolith serves all its paths: no metric is of a path.
type side struct {
	name string
	// requests and failed are by period.
	requests, failed series
	// p50 and p99 are by block, in seconds.
	p50, p99 series
}

// count are all requests of the side.
func (s side) count() evidence.Count {
	return evidence.Count{Failed: min(s.failed.sum(), s.requests.sum()), Of: s.requests.sum()}
}

// The metrics of a side: "Sum" of all but the percentiles.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func groupMetric(dimensions map[string]string, name, statistic string) metric {
	return metric{"AWS/ApplicationELB", name, statistic, dimensions}
}

// readSide reads the counts of a target group. Failed are the requests that no target answered
// below 500: a time-out and a broken connection are the load balancer's 5xx, which it counts for
// no target group. Clients that hang up have no answer either, so no more count than there are
// 5xx of both. With WebSockets, whose answers it does not count, they are the targets' 5xx and
// the connections that failed.
func (c clients) readSide(
	ctx context.Context,
	w window,
	period time.Duration,
	dimensions map[string]string,
	webSockets bool,
) (side, error) {
	names := []string{
		"RequestCount", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count",
		"HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount",
	}
	var metrics []metric
	for _, name := range names {
		metrics = append(metrics, groupMetric(dimensions, name, "Sum"))
	}
	metrics = append(metrics, groupMetric(map[string]string{"LoadBalancer": dimensions["LoadBalancer"]}, "HTTPCode_ELB_5XX_Count", "Sum"))
	all, err := c.read(ctx, w, period, metrics...)
	if err != nil {
		return side{}, err
	}
	s := side{requests: all[0], failed: series{}}
	late, unexplained := 0.0, 0.0
	for _, at := range slices.SortedFunc(maps.Keys(s.requests), time.Time.Compare) {
		if webSockets {
			s.failed[at] = min(s.requests[at], all[4][at]+all[5][at])
			continue
		}
		// A request may be counted in one period and its answer in the next.
		failed := s.requests[at] - all[1][at] - all[2][at] - all[3][at] - late
		missing := max(0, failed)
		s.failed[at], late = min(missing+unexplained, all[4][at]+all[6][at]), max(0, -failed)
		unexplained = max(0, missing-s.failed[at])
	}
	return s, nil
}

// readLatency reads the percentiles of a side in blocks. CloudWatch computes each from the
// requests of the block, and they cannot be put together from shorter ones.
func (c clients) readLatency(ctx context.Context, s *side, w window, block time.Duration, dimensions map[string]string) error {
	all, err := c.read(ctx, w, block,
		groupMetric(dimensions, "TargetResponseTime", "p50"), groupMetric(dimensions, "TargetResponseTime", "p99"))
	if err != nil {
		return err
	}
	s.p50, s.p99 = all[0], all[1]
	return nil
}

// trials are the failures of both sides by period: as good as the other, a side has its share
// of them.
func trials(own, other side) []evidence.Trial {
	var all []evidence.Trial
	for at, requests := range own.requests {
		failed := int(math.Round(own.failed[at]))
		of := failed + int(math.Round(other.failed[at]))
		if of > 0 && other.requests[at] > 0 {
			all = append(all, evidence.Trial{Of: of, Hits: failed, Null: requests / (requests + other.requests[at])})
		}
	}
	return all
}

// blockLengths are those in which percentiles are compared, and perBlock how many requests a
// p99 wants at least of a block.
var blockLengths = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour}

const perBlock = 100

// blockFor is the shortest block in which a side has enough requests, on average, and is not
// ok without one. CloudWatch has no blocks shorter than its period.
func (s side) blockFor(w window, period time.Duration) (block time.Duration, ok bool) {
	for _, block := range blockLengths {
		if block >= period && s.requests.sum()*float64(block)/float64(w.to.Sub(w.from)) >= perBlock {
			return block, true
		}
	}
	return 0, false
}

// perceptible is the difference in seconds below which no client notices. A load balancer's
// way to another program varies by some milliseconds.
const perceptible = 0.005

// compare counts the blocks in which a percentile of a side was above that of the other by more
// than a part of it.
func compare(own, other series, tolerated float64) evidence.Blocks {
	var b evidence.Blocks
	for at, value := range own {
		if beside, both := other[at]; both {
			b.Of++
			if value > beside*(1+tolerated)+perceptible {
				b.Worse++
			}
		}
	}
	return b
}
