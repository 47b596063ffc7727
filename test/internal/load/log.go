package load

import (
	"sync"
	"time"
)

// log keeps records. Requests are answered in another order than they were sent
// in, so it counts them by their number: what was sent before a request that is
// known, with all before it known too, is complete.
type log struct {
	mu      sync.Mutex
	arrived sync.Cond
	records []Record
	// answered and failed count the records, also those that are forgotten.
	answered, failed int
	// complete is the number of the first request that is not known yet, until when
	// the one before it was sent; early are those known behind it.
	complete uint64
	until    time.Time
	early    map[uint64]time.Time
	ended    bool
}

func (l *log) add(number uint64, r Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r)
	l.answered++
	if r.Failure != "" {
		l.failed++
	}
	if l.early == nil {
		l.early = map[uint64]time.Time{}
	}
	l.early[number] = r.Start
	for {
		start, known := l.early[l.complete]
		if !known {
			break
		}
		delete(l.early, l.complete)
		l.complete++
		l.until = start
	}
	l.arrived.Broadcast()
}

// end says that no more records will come.
func (l *log) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.arrived.Broadcast()
}

func (l *log) between(from, to time.Time) []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.ended && l.until.Before(to) {
		l.arrived.Wait()
	}
	var records []Record
	for _, r := range l.records {
		if !r.Start.Before(from) && r.Start.Before(to) {
			records = append(records, r)
		}
	}
	return records
}

func (l *log) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = nil
}

func (l *log) count() (answered, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answered, l.failed
}
