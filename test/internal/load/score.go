package load

import (
	"math"
	"slices"
	"time"
)

// Quantile is the latency that the part q of the records, from 0 to 1, did not
// exceed. It is 0 without records.
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

// doubt is the probability with which Bounds excludes on either side what chance
// has brought about: once in a million.
const doubt = 1e-6

// Bounds are the least and the greatest number of n draws that chance gives a
// program with the declared share, but for once in a million on either side: the
// exact quantiles of the binomial distribution. Without a share it is none, with
// the whole all.
func Bounds(n int, share float64) (least, most int) {
	if share <= 0 {
		return 0, 0
	}
	if share >= 1 {
		return n, n
	}
	return tail(n, share), n - tail(n, 1-share)
}

// tail is the least k for which k or fewer of n draws are likelier than doubt.
func tail(n int, share float64) int {
	sum := 0.0
	for k := range n {
		if sum += math.Exp(logBinomial(n, k, share)); sum > doubt {
			return k
		}
	}
	return n
}

func logBinomial(n, k int, share float64) float64 {
	choose := lgamma(n+1) - lgamma(k+1) - lgamma(n-k+1)
	return choose + float64(k)*math.Log(share) + float64(n-k)*math.Log1p(-share)
}

func lgamma(n int) float64 {
	v, _ := math.Lgamma(float64(n))
	return v
}
