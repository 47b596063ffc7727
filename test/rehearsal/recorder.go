package main

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/rehearsal/page"
)

const (
	// window is for how many seconds rates are kept.
	window = 60
	// lastAnswers is how many answers are kept.
	lastAnswers = 12
)

// recorder passes requests on, and remembers which program answered them.
type recorder struct {
	next http.Handler

	mu      sync.Mutex
	answers []page.Answer
	// second is the last one that is counted, since 1970.
	second int64
	counts map[string]*counts
}

// counts are the requests and the errors of one program, by second modulo the
// window.
type counts struct{ requests, errors [window]float64 }

func newRecorder(next http.Handler) *recorder {
	return &recorder{next: next, counts: map[string]*counts{}}
}

// ServeHTTP implements http.Handler.
func (c *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	watched := &watched{ResponseWriter: w, status: http.StatusOK}
	// An aborted answer is an error too, and it goes on being aborted.
	answered := false
	defer func() {
		if !answered {
			watched.status = http.StatusBadGateway
		}
		c.note(page.Answer{
			Method:       r.Method,
			Path:         r.URL.Path,
			Status:       watched.status,
			Program:      cmp.Or(load.Program(w.Header()), loadBalancer),
			Milliseconds: milliseconds(time.Since(began)),
		}, time.Now().Unix())
	}()
	c.next.ServeHTTP(watched, r)
	answered = true
}

func (c *recorder) note(a page.Answer, now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(now)
	c.answers = append([]page.Answer{a}, c.answers[:min(len(c.answers), lastAnswers-1)]...)
	of := c.counts[a.Program]
	if of == nil {
		of = &counts{}
		c.counts[a.Program] = of
	}
	of.requests[now%window]++
	if a.Status >= http.StatusInternalServerError {
		of.errors[now%window]++
	}
}

// advance empties the seconds in which nothing came.
func (c *recorder) advance(now int64) {
	for s := max(c.second+1, now-window+1); s <= now; s++ {
		for _, of := range c.counts {
			of.requests[s%window], of.errors[s%window] = 0, 0
		}
	}
	c.second = max(c.second, now)
}

// last are the answers, the newest first.
func (c *recorder) last() []page.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.answers)
}

// traffic are the full seconds before now, the oldest first.
func (c *recorder) traffic(now int64) page.Traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(now)
	var t page.Traffic
	for _, program := range slices.Sorted(maps.Keys(c.counts)) {
		series := page.Series{Program: program}
		for s := now - window + 1; s < now; s++ {
			series.Requests = append(series.Requests, c.counts[program].requests[s%window])
			series.Errors = append(series.Errors, c.counts[program].errors[s%window])
		}
		t.Series = append(t.Series, series)
	}
	return t
}

// watched is an http.ResponseWriter that keeps the status.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach what the answer can do.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
