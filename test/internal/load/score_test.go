package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestQuantile(t *testing.T) {
	records := make([]Record, 100)
	for i, n := range rand.Perm(100) {
		records[i].Latency = time.Duration(n + 1)
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		assert.Equal(t, want, Quantile(records, q), "quantile %g", q)
	}
	assert.Zero(t, Quantile(nil, 0.5), "quantile without records")
}

// The bounds are computed by hand: the probability of k or fewer of n draws at one half
// is the sum of n over i, for i up to k, divided by 2^n.
func TestBounds(t *testing.T) {
	for _, test := range []struct {
		n           int
		share       float64
		least, most int
	}{
		{10, 0, 0, 0},
		{10, 1, 10, 10},
		{10, 0.5, 0, 10}, // none of 10 has a probability of 1/1024, above 1e-6
		{20, 0.5, 1, 19}, // none of 20 has 1/1048576, below 1e-6; one or none has 21/1048576
		{100, 0.5, 27, 73},
		{250, 0.1, 6, 50},
	} {
		least, most := Bounds(test.n, test.share)
		assert.Equal(t, test.least, least, "least of %d at %g", test.n, test.share)
		assert.Equal(t, test.most, most, "most of %d at %g", test.n, test.share)
	}
}

// With enough draws, a correct share is within the bounds, and twice or half the share
// is not.
func TestBoundsDistinguishShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0.1, 0.45).Draw(t, "share")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		draws := func(share float64) (drawn int) {
			for range 3000 {
				if random.Float64() < share {
					drawn++
				}
			}
			return drawn
		}
		least, most := Bounds(3000, share)
		n := draws(share)
		assert.GreaterOrEqual(t, n, least)
		assert.LessOrEqual(t, n, most)
		assert.Greater(t, draws(2*share), most, "twice the share")
		assert.Less(t, draws(share/2), least, "half the share")
	})
}
