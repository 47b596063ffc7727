package load

import (
	"sync"
	"time"
)

// Probe measures how long this machine lets a program wait for a processor: it sleeps for
// a short time again and again, and notes by how much each sleep is too long. It needs
// almost no processor itself, so what delays it also delays the programs under load. It
// is safe for concurrent use.
type Probe struct {
	stop, stopped chan struct{}

	mu     sync.Mutex
	delays []delay
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
)

// StartProbe measures until [Probe.Stop].
func StartProbe() *Probe { return startProbe(time.Sleep) }

func startProbe(sleep func(time.Duration)) *Probe {
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
