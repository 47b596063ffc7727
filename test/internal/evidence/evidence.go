// Package evidence says what counts prove of a service beside the monolith: that it is worse,
// however often it is looked at, or that it is not worse by more than is tolerated.
package evidence

import (
	"math"
)

// Trial is a number of events of the same minute, such as errors.
type Trial struct {
	// Of are all events, and Hits those that are the service's.
	Of, Hits int
	// Null is the probability with which an event is the service's when that is as good as
	// what it is compared with: its share of the requests. It is 0 to 1.
	Null float64
}

// ratios are how many times as often a service may fail. Evidence is strong when the true
// ratio is near one of them.
var ratios = []float64{1.25, 1.5, 2, 3, 5, 10, 30}

// Against is the evidence against a service that is as good as what it is compared with: an
// e-value, the mean over several ratios of the likelihood of the trials at that ratio, in units
// of their likelihood at none. For a service that is as good, or better, its probability of
// ever being n or more is at most 1/n, however often it is looked at. Without trials it is 1.
//
// Counts of failures among fixed numbers of requests vary less than the model has it, and a
// minute may fail more often than another: neither makes the evidence stronger. What breaks
// the promise is failures that come in bursts on one side alone by chance.
//
// Lindon and Malek, https://arxiv.org/abs/2011.03567; Turner and Grünwald,
// https://arxiv.org/abs/2302.11401; that the order of a sample without replacement is bounded
// by that of one with it is theorem 4 of Hoeffding, 1963.
func Against(trials []Trial) float64 {
	sum := 0.0
	for _, ratio := range ratios {
		log := 0.0
		for _, t := range trials {
			log += float64(t.Hits)*math.Log(ratio) - float64(t.Of)*math.Log1p(t.Null*(ratio-1))
		}
		sum += math.Exp(log)
	}
	return sum / float64(len(ratios))
}

// Count is how many of a number of requests have failed.
type Count struct{ Failed, Of float64 }

// Rate is the part that has failed, 0 to 1, and 0 of none.
func (c Count) Rate() float64 {
	if c.Of == 0 {
		return 0
	}
	return c.Failed / c.Of
}

// oneSided is the quantile of the normal distribution that 95 % are below.
const oneSided = 1.6448536269514722

// bounds are Wilson's score bounds of the true rate, each with a probability of 95 %. Of no
// request they are 0 and 1.
//
// Wilson, 1927; Brown, Cai and DasGupta, https://doi.org/10.1214/ss/1009213286
func (c Count) bounds() (low, high float64) {
	if c.Of == 0 {
		return 0, 1
	}
	const z2 = oneSided * oneSided
	rate := c.Rate()
	middle := (rate + z2/(2*c.Of)) / (1 + z2/c.Of)
	half := oneSided / (1 + z2/c.Of) * math.Sqrt(rate*(1-rate)/c.Of+z2/(4*c.Of*c.Of))
	return max(0, middle-half), min(1, middle+half)
}

// Least and Most are the bounds above and below which the true rate is, each with a
// probability of 95 %.
func (c Count) Least() float64 {
	low, _ := c.bounds()
	return low
}

// Most is described at [Count.Least].
func (c Count) Most() float64 {
	_, high := c.bounds()
	return high
}

// MostAbove is the bound below which the true rate of one count, less that of the other, is
// with a probability of about 95 %: Newcombe's hybrid score bound.
//
// Newcombe, 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I
func (c Count) MostAbove(other Count) float64 {
	_, high := c.bounds()
	low, _ := other.bounds()
	return c.Rate() - other.Rate() + math.Hypot(high-c.Rate(), other.Rate()-low)
}

// Missing is how many more requests it takes until [Count.MostAbove] is at most a bound, if
// from now on the service fails as often as the other, which gets as many requests in proportion
// as before. It is 0 when it is there already, and -1 when a thousand million are not enough.
func (c Count) Missing(other Count, bound float64) int {
	const enough = 1_000_000_000
	more := func(n int) bool {
		return c.plus(float64(n), other.Rate()).MostAbove(other.plus(float64(n)*other.Of/max(c.Of, 1), other.Rate())) <= bound
	}
	return least(enough, more)
}

func (c Count) plus(requests, rate float64) Count {
	return Count{c.Failed + requests*rate, c.Of + requests}
}

// least is the least number from 0 on for which holds is true, or -1 above a bound. It takes
// holds to be true from there on.
func least(bound int, holds func(n int) bool) int {
	if holds(0) {
		return 0
	}
	high := 1
	for ; !holds(high); high *= 2 {
		if high > bound {
			return -1
		}
	}
	low := high / 2
	for low+1 < high {
		if middle := (low + high) / 2; holds(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// Blocks are stretches of time in which a service was compared with the monolith.
type Blocks struct {
	// Of are all, and Worse those in which the service was worse than is tolerated.
	Of, Worse int
}

// Against is the evidence against a service that is worse in at most half of the blocks, as
// that of trials.
func (b Blocks) Against() float64 {
	return Against([]Trial{{Of: b.Of, Hits: b.Worse, Null: 0.5}})
}

// unlikely is how probable what is ruled out may be.
const unlikely = 0.05

// Hold reports whether the service is worse in fewer than half of the blocks, with a
// probability of 95 %: the sign test.
func (b Blocks) Hold() bool {
	if 2*b.Worse >= b.Of {
		return false
	}
	tail := 0.0
	for k := range b.Worse + 1 {
		tail += math.Exp(logChoose(b.Of, k) - float64(b.Of)*math.Ln2)
	}
	return tail <= unlikely
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	chosen, _ := math.Lgamma(float64(k + 1))
	left, _ := math.Lgamma(float64(n - k + 1))
	return all - chosen - left
}

// Missing is how many more blocks it takes until they hold, if the service is not worse in
// any of them.
func (b Blocks) Missing() int {
	return least(1_000_000, func(n int) bool { return Blocks{b.Of + n, b.Worse}.Hold() })
}
