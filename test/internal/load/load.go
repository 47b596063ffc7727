// Package load sends requests at a steady rate, whatever becomes of them, and
// keeps what each one met.
//
// The load is an open loop: a request is sent when its time has come, not when
// the one before it was answered, so a slow server meets as many requests as a
// fast one and its delays show.
package load

import (
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Traffic is what is sent and how answers are judged. It is used by many
// goroutines at once.
type Traffic interface {
	// Next makes a request. The fragment of its URL stays on this side: it is
	// there again in the result.
	Next() vegeta.Target
	// Judge says which path the request counts for, and what is wrong with its
	// answer, or "".
	Judge(*vegeta.Result) (path, failure string)
}

// Record is what one request met.
type Record struct {
	// Start is when the request was sent.
	Start   time.Time
	Latency time.Duration
	// Path is the one that the request counts for.
	Path string
	// Status is 0 when there was no answer.
	Status int
	// Program is who answered by its own word, the header X-Served-By, or "" for
	// the load balancer.
	Program string
	// Failure is what is wrong with the answer, or "".
	Failure string
	// Patience is the answer's Retry-After, or "".
	Patience string
}

// Load is a running stream of requests.
type Load struct {
	attacker *vegeta.Attacker
	done     chan struct{}
	log      log
}

// Timeout is how long a request may take.
const Timeout = 10 * time.Second

// inFlight is how many requests wait for their answers at a time, at most. More
// would end at the limit of open files, and not as failures of what is tested.
// From there on the loop is closed: a request waits for another to be answered.
const inFlight = 2000

// Start sends requests of the traffic, rate a second, until Stop.
func Start(rate int, traffic Traffic) *Load {
	client := &http.Client{
		Timeout:   Timeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: inFlight, DisableCompression: true},
		// A redirect is an answer like any other.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	l := &Load{attacker: vegeta.NewAttacker(vegeta.Client(client), vegeta.MaxWorkers(inFlight)), done: make(chan struct{})}
	l.log.arrived.L = &l.log.mu
	results := l.attacker.Attack(func(t *vegeta.Target) error {
		*t = traffic.Next()
		return nil
	}, vegeta.Rate{Freq: rate, Per: time.Second}, 0, "")
	go func() {
		defer close(l.done)
		defer client.CloseIdleConnections()
		for result := range results {
			l.log.add(result.Seq, judge(traffic, result))
		}
	}()
	return l
}

func judge(traffic Traffic, result *vegeta.Result) Record {
	path, failure := traffic.Judge(result)
	return Record{
		Start:    result.Timestamp,
		Latency:  result.Latency,
		Path:     path,
		Status:   int(result.Code),
		Program:  result.Headers.Get("X-Served-By"),
		Failure:  failure,
		Patience: result.Headers.Get("Retry-After"),
	}
}

// Between returns the records of all requests that were sent from one time until
// before the other, and waits for the last of them to be answered.
func (l *Load) Between(from, to time.Time) []Record { return l.log.between(from, to) }

// Count is how many requests have been answered so far, and how many of them wrongly.
func (l *Load) Count() (answered, failed int) { return l.log.count() }

// Forget drops the records so far.
func (l *Load) Forget() { l.log.forget() }

// Stop sends no more requests, and returns once all that were sent are answered.
func (l *Load) Stop() {
	l.attacker.Stop()
	<-l.done
	l.log.end()
}
