package load

import (
	"sync"
	"time"
)

// Probe measures how long this machine lets programs wait for a processor, in two ways.
//
// It sleeps for a short time again and again, and notes by how much each sleep is too
// long. It needs almost no processor itself, so what delays it also delays the programs
// under load. But a machine may wake a program that sleeps at once and let those wait that have
// work to do, so where the system counts the time in which a program waits, the probe reads
// that too. It is safe for concurrent use.
type Probe struct {
	stop, stopped chan struct{}

	mu       sync.Mutex
	delays   []delay
	readings []reading
}

// delay is a sleep that was too long.
type delay struct {
	from, to time.Time
	// late is how much longer than asked for it was.
	late time.Duration
}

const (
	// nap is the time that the probe sleeps.
	nap = 5 * time.Millisecond
	// noted is the shortest delay that is kept: a timer may be a few milliseconds late on
	// an idle machine.
	noted = 10 * time.Millisecond
	// sampled is the time between two readings of the system's count.
	sampled = 250 * time.Millisecond
)

// StartProbe measures until [Probe.Stop].
func StartProbe() *Probe { return startProbe(time.Sleep, readPressure) }

func startProbe(sleep func(time.Duration), pressure func() *time.Duration) *Probe {
	p := &Probe{stop: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(p.stopped)
		for {
			select {
			case <-p.stop:
				return
			default:
				from := time.Now()
				sleep(nap)
				p.note(from, time.Now())
				p.sample(time.Now(), pressure)
			}
		}
	}()
	return p
}

func (p *Probe) note(from, to time.Time) {
	late := to.Sub(from) - nap
	if late < noted {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delays = append(p.delays, delay{from, to, late})
}

// sample reads the system's count, unless it has just done so.
func (p *Probe) sample(now time.Time, pressure func() *time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.readings); n > 0 && now.Sub(p.readings[n-1].at) < sampled {
		return
	}
	if waited := pressure(); waited != nil {
		p.readings = append(p.readings, reading{now, *waited})
	}
}

// Waiting returns the share of the time between two times in which at least one program has
// waited for a processor, 0 to 1. It is zero where the system does not count that.
func (p *Probe) Waiting(from, to time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return share(p.readings, from, to)
}

// Longest returns the longest delay that began or ended between two times, and zero when
// none was longer than 10 ms.
func (p *Probe) Longest(from, to time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var longest time.Duration
	for _, d := range p.delays {
		if d.to.After(from) && d.from.Before(to) {
			longest = max(longest, d.late)
		}
	}
	return longest
}

// Stop ends the measurement. What was measured stays.
func (p *Probe) Stop() {
	close(p.stop)
	<-p.stopped
}
