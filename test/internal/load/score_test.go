package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuantile(t *testing.T) {
	records := make([]Record, 100)
	for i, n := range rand.Perm(100) {
		records[i].Latency = time.Duration(n + 1)
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := Quantile(records, q); got != want {
			t.Errorf("quantile %g is %d, want %d", q, got, want)
		}
	}
	if Quantile(nil, 0.5) != 0 {
		t.Error("no records have a quantile")
	}
}

// The bounds by hand: of n draws at one half, k or fewer come with a chance of
// the sum of n over i, for i up to k, in 2^n.
func TestBounds(t *testing.T) {
	for _, test := range []struct {
		n           int
		share       float64
		least, most int
	}{
		{10, 0, 0, 0},
		{10, 1, 10, 10},
		{10, 0.5, 0, 10}, // even none of 10 is likelier than one in a million: 1/1024
		{20, 0.5, 1, 19}, // none of 20 is not: 1/1048576 < 1e-6; one or none is: 21/1048576
		{100, 0.5, 27, 73},
		{250, 0.1, 6, 50},
	} {
		if least, most := Bounds(test.n, test.share); least != test.least || most != test.most {
			t.Errorf("%d at %g: %d to %d, want %d to %d", test.n, test.share, least, most, test.least, test.most)
		}
	}
}

// What chance draws is within the bounds, and twice or half the share is not,
// given enough draws.
func TestBoundsTellSharesApart(t *testing.T) {
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
		if n := draws(share); n < least || n > most {
			t.Errorf("%d is not within %d and %d", n, least, most)
		}
		if n := draws(2 * share); n <= most {
			t.Errorf("twice the share gave %d, and up to %d is allowed", n, most)
		}
		if n := draws(share / 2); n >= least {
			t.Errorf("half the share gave %d, and %d or more is allowed", n, least)
		}
	})
}
