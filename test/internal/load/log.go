package load

import (
	"sync"
	"time"
)

// log keeps records. Requests complete in another order than they are sent in. By
// their sequence numbers the log knows up to which time all requests are complete.
type log struct {
	mu      sync.Mutex
	arrived sync.Cond
	records []Record
	// answered and failed count all records, also forgotten ones.
	answered, failed int
	// complete is the sequence number of the first request that is not complete, and
	// until is when the request before it was sent. early holds the start times of
	// complete requests with higher numbers.
	complete uint64
	until    time.Time
	early    map[uint64]time.Time
	ended    bool
}

// add records the request with a sequence number.
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

// end records that no more requests follow, which lets between return.
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
