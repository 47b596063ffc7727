package load

import (
	"math"
	"slices"
	"time"
)

// Quantile returns the lowest latency that the share q of the records, from 0 to 1,
// does not exceed. It is 0 without records.
func Quantile(records []Record, q float64) time.Duration {
	if len(records) == 0 {
		return 0
	}
	latencies := make([]time.Duration, len(records))
	for i, r := range records {
		latencies[i] = r.Latency
	}
	slices.Sort(latencies)
	return latencies[max(0, int(math.Ceil(q*float64(len(latencies))))-1)]
}

// errorRate is the probability, on either side, that a correct number of draws lies
// outside of Bounds.
const errorRate = 1e-6

// Bounds returns the least and the greatest number of n independent draws that a
// program with a share, from 0 to 1, gets. A correct number lies below or above with a
// probability of at most one in a million each: the bounds are exact quantiles of the
// binomial distribution.
func Bounds(n int, share float64) (least, most int) {
	if share <= 0 {
		return 0, 0
	}
	if share >= 1 {
		return n, n
	}
	return tail(n, share), n - tail(n, 1-share)
}

// tail returns the least k for which the probability of k or fewer draws exceeds
// errorRate.
func tail(n int, share float64) int {
	sum := 0.0
	for k := range n {
		if sum += math.Exp(logBinomial(n, k, share)); sum > errorRate {
			return k
		}
	}
	return n
}

// logBinomial is the logarithm of the probability of exactly k of n draws.
func logBinomial(n, k int, share float64) float64 {
	choose := lgamma(n+1) - lgamma(k+1) - lgamma(n-k+1)
	return choose + float64(k)*math.Log(share) + float64(n-k)*math.Log1p(-share)
}

func lgamma(n int) float64 {
	v, _ := math.Lgamma(float64(n))
	return v
}
