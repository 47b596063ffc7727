package evidence

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// binomial draws how many of n requests fail.
func binomial(random *rand.Rand, n int, rate float64) int {
	failed := 0
	for range n {
		if random.Float64() < rate {
			failed++
		}
	}
	return failed
}

// accusedAt is the first of a number of minutes, of which every fourth is looked at, whose
// evidence is n or more, or -1.
func accusedAt(random *rand.Rand, minutes int, own, others int, rate, otherRate, n float64) int {
	var trials []Trial
	for minute := range minutes {
		hits := binomial(random, own, rate)
		trials = append(trials, Trial{
			Of: hits + binomial(random, others, otherRate), Hits: hits, Null: float64(own) / float64(own+others),
		})
		if minute%4 == 0 && Against(trials) >= n {
			return minute
		}
	}
	return -1
}

// A service as good as the monolith has evidence of n against it at most once in n times,
// looked at again and again over two hours.
func TestNoWorseIsSeldomAccused(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const runs, n = 1000, 20
	for _, share := range []struct{ own, others int }{{10, 90}, {50, 50}, {3, 300}} {
		accused := 0
		for range runs {
			if accusedAt(random, 120, share.own, share.others, 0.02, 0.02, n) >= 0 {
				accused++
			}
		}
		// 50 of 1,000 at most; a true rate of that would give 72 or fewer in 999 of 1,000 cases.
		assert.LessOrEqual(t, accused, 72, "%+v", share)
	}
}

// A minute that fails far more often than others accuses neither side, as both sides are in it.
func TestBadMinutesAccuseNone(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	accused := 0
	for range 1000 {
		var trials []Trial
		largest := 0.0
		for minute := range 60 {
			rate, own := 0.001, 10
			if minute%10 == 0 {
				rate, own = 0.3, 90 // and the service has another share of it
			}
			hits := binomial(random, own, rate)
			trials = append(trials, Trial{Of: hits + binomial(random, 100-own, rate), Hits: hits, Null: float64(own) / 100})
			if minute%4 == 0 {
				largest = max(largest, Against(trials))
			}
		}
		if largest >= 20 {
			accused++
		}
	}
	assert.LessOrEqual(t, accused, 72)
}

// A service that fails twice as often, at 10 % of 100 requests a second of which 5 a minute
// fail, is found within an hour and a half in three of four cases.
func TestDoubledErrorsAreFound(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 100 {
		if accusedAt(random, 90, 600, 5400, 2*5./6000, 5./6000, 60) >= 0 {
			found++
		}
	}
	assert.GreaterOrEqual(t, found, 75)
}

// Evidence is a mean of 1 over what may happen, exactly, at any share.
func TestEvidenceIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		null := rapid.Float64Range(0, 1).Draw(t, "null")
		of := rapid.IntRange(0, 40).Draw(t, "of")
		mean, probability := 0.0, math.Pow(1-null, float64(of))
		if null == 1 {
			mean = Against([]Trial{{of, of, null}})
		} else {
			for hits := 0; hits <= of; hits++ {
				mean += probability * Against([]Trial{{of, hits, null}})
				probability *= float64(of-hits) / float64(hits+1) * null / (1 - null)
			}
		}
		if math.Abs(mean-1) > 1e-6 {
			t.Fatalf("the mean is %v", mean)
		}
	})
}

// More failures of the service are more evidence, and failures of the monolith less.
func TestEvidenceGrowsWithFailures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trial := Trial{Hits: rapid.IntRange(0, 50).Draw(t, "hits"), Null: rapid.Float64Range(0.01, 0.99).Draw(t, "null")}
		trial.Of = trial.Hits + rapid.IntRange(0, 50).Draw(t, "others")
		e := Against([]Trial{trial})
		if worse := Against([]Trial{trial, {1, 1, trial.Null}}); worse <= e {
			t.Fatalf("a failure of the service: %v after %v", worse, e)
		}
		if better := Against([]Trial{trial, {1, 0, trial.Null}}); better >= e {
			t.Fatalf("a failure of the monolith: %v after %v", better, e)
		}
	})
}

// The bounds are those of the formulas: for Newcombe's example of 56 of 70 and 48 of 80, worked
// out at the one-sided 95 %, and for no failure of 600, 300 and 60 requests, near to 3/n.
func TestBounds(t *testing.T) {
	assert.InDelta(t, 0.313645, Count{56, 70}.MostAbove(Count{48, 80}), 0.0001)
	for of, most := range map[float64]float64{600: 0.005, 300: 0.01, 60: 0.05} {
		assert.InDelta(t, most, Count{0, of}.Most(), most/5, "no failure of %v", of)
	}
	assert.InDelta(t, 1, Count{}.Most(), 0)
	assert.InDelta(t, 0.7108709, Count{56, 70}.Least(), 1e-6)
	assert.InDelta(t, 0, Count{}.Rate(), 0)
}

// The bound of the difference holds in 94 of 100 cases or more, also for few failures.
func TestTheBoundHolds(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, rates := range [][2]float64{{0.01, 0.01}, {0.002, 0.001}, {0.05, 0.02}} {
		held := 0
		for range 1000 {
			own := Count{float64(binomial(random, 800, rates[0])), 800}
			others := Count{float64(binomial(random, 4000, rates[1])), 4000}
			if own.MostAbove(others) >= rates[0]-rates[1] {
				held++
			}
		}
		assert.GreaterOrEqual(t, held, 925, "%v", rates)
	}
}

// With as many requests as were missing, nothing is, and with one less something is.
func TestMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		own := Count{Of: float64(rapid.IntRange(1, 3000).Draw(t, "own"))}
		own.Failed = float64(rapid.IntRange(0, int(own.Of)/50).Draw(t, "failed"))
		others := Count{Of: own.Of * rapid.Float64Range(0.5, 20).Draw(t, "times")}
		others.Failed = others.Of * rapid.Float64Range(0, 0.02).Draw(t, "rate")
		missing := own.Missing(others, 0.01)
		if missing < 0 {
			t.Fatal("it is never enough")
		}
		at := func(n int) float64 {
			return own.plus(float64(n), others.Rate()).MostAbove(others.plus(float64(n)*others.Of/own.Of, others.Rate()))
		}
		if at(missing) > 0.01 || missing > 0 && at(missing-1) <= 0.01 {
			t.Fatalf("%d are missing: %v, and %v with one less", missing, at(missing), at(missing-1))
		}
	})
	assert.Equal(t, -1, Count{0, 100}.Missing(Count{0, 100}, 0))
	assert.Equal(t, 0, Count{0, 100_000}.Missing(Count{0, 100_000}, 0.01))
}

// Five blocks hold when none is worse, eight when one is; worse ones are found.
func TestBlocks(t *testing.T) {
	assert.False(t, Blocks{}.Hold())
	assert.False(t, Blocks{4, 0}.Hold())
	assert.True(t, Blocks{5, 0}.Hold())
	assert.False(t, Blocks{7, 1}.Hold())
	assert.True(t, Blocks{8, 1}.Hold())
	assert.False(t, Blocks{100, 50}.Hold())
	assert.Equal(t, 5, Blocks{}.Missing())
	assert.Equal(t, 1, Blocks{7, 1}.Missing())
	assert.Greater(t, Blocks{12, 12}.Against(), 60.)
	assert.Less(t, Blocks{12, 6}.Against(), 1.)
}

// A service that is worse in half of the blocks or more never holds, and one that is in a
// third does after a while, however many there are.
func TestManyBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(0, 100_000).Draw(t, "of")
		if worse := rapid.IntRange((of+1)/2, of).Draw(t, "worse"); (Blocks{of, worse}).Hold() {
			t.Fatalf("%d of %d hold", worse, of)
		}
		if of > 100 && !(Blocks{of, of / 3}).Hold() {
			t.Fatalf("a third of %d does not hold", of)
		}
	})
}

// A service that is worse in half of the blocks is accused at most once in n times.
func TestBlocksSeldomAccuse(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	accused := 0
	for range 1000 {
		b := Blocks{}
		for range 300 {
			b.Of++
			b.Worse += binomial(random, 1, 0.5)
			if b.Against() >= 20 {
				accused++
				break
			}
		}
	}
	assert.LessOrEqual(t, accused, 72)
}
