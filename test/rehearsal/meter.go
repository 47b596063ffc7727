package main

import (
	"sync"
	"time"

	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/rehearsal/page"
)

// meter makes rates of what connections have counted.
type meter struct {
	mu sync.Mutex
	// before and last are the two last readings, a second apart at least.
	before, last counted
}

type counted struct {
	at    time.Time
	pairs map[region.Connection]region.Connection
}

// read returns the rates between the two last readings, and takes a reading when the last
// is a second old. A connection without an earlier reading has none.
func (m *meter) read(now []region.Connection, at time.Time) []page.Connection {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.Sub(m.last.at) >= time.Second {
		m.before, m.last = m.last, counted{at, map[region.Connection]region.Connection{}}
		for _, c := range now {
			m.last.pairs[pairOf(c)] = c
		}
	}
	seconds := m.last.at.Sub(m.before.at).Seconds()
	var shown []page.Connection
	for _, c := range now {
		one := page.Connection{Caller: c.Caller, Callee: c.Callee}
		before, known := m.before.pairs[pairOf(c)]
		if last, ok := m.last.pairs[pairOf(c)]; ok && known {
			one.RequestsPerSecond = float64(last.Requests-before.Requests) / seconds
			one.ErrorsPerSecond = float64(last.Failures-before.Failures) / seconds
		}
		shown = append(shown, one)
	}
	return shown
}

// pairOf is a connection without its counts.
func pairOf(c region.Connection) region.Connection {
	return region.Connection{Caller: c.Caller, Callee: c.Callee}
}
