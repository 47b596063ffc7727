// Package load sends requests at a steady rate and records the result of each.
//
// The load is an open loop: the schedule does not wait for responses, so a slow server
// gets as many requests as a fast one, and its delays are measured in full.
package load

import (
	"net/http"
	"time"

	"example.com/strangler/test/internal/alb"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Traffic makes requests and judges their results. Its methods are called from several
// goroutines at the same time.
type Traffic interface {
	// Next returns a request. The fragment of its URL is not sent, and is in the URL
	// of the result again.
	Next() vegeta.Target
	// Judge returns what the request is and what is wrong with its response.
	Judge(*vegeta.Result) Judgement
}

// Judgement is what only the traffic knows of a result.
type Judgement struct {
	// Path is the path that the request counts for, and Route the name of its route, if that
	// has one.
	Path, Route string
	// Needs are paths of other services that the response depends on. May be nil.
	Needs []string
	// Failure is what is wrong with the response, or "".
	Failure string
}

// Record is the result of one request.
type Record struct {
	// Start is when the request was sent.
	Start time.Time
	// Latency is the time from Start to the end of the response.
	Latency time.Duration
	// Path, Route and Needs are as in Judgement.
	Path, Route string
	Needs       []string
	// Status is the HTTP status, or 0 without a response.
	Status int
	// Program is who answered, as Program says.
	Program string
	// Failure is what is wrong with the response, or "".
	Failure string
	// RetryAfter is the response's Retry-After, or "".
	RetryAfter string
}

// Load is a running stream of requests. It is safe for concurrent use.
type Load struct {
	attacker *vegeta.Attacker
	done     chan struct{}
	log      log
}

// Timeout is how long a request may take. After it the request is recorded with
// status 0.
const Timeout = 10 * time.Second

// inFlight is the maximum number of requests in flight, below the limit of open files.
// At the maximum the loop is closed: the next request waits for a response.
const inFlight = 2000

// Start sends requests of the traffic until [Load.Stop]. The rate is in requests per
// second and must be positive.
func Start(rate int, traffic Traffic) *Load {
	client := &http.Client{
		Timeout:   Timeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: inFlight, DisableCompression: true},
		// Redirects are recorded, not followed.
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

// judge makes the record of a result.
func judge(traffic Traffic, result *vegeta.Result) Record {
	judged := traffic.Judge(result)
	return Record{
		Path:       judged.Path,
		Route:      judged.Route,
		Needs:      judged.Needs,
		Failure:    judged.Failure,
		Start:      result.Timestamp,
		Latency:    result.Latency,
		Status:     int(result.Code),
		Program:    Program(result.Headers),
		RetryAfter: result.Headers.Get("Retry-After"),
	}
}

// ProgramHeader is where the rehearsal's load balancer names the program that it has sent the
// request to, whatever the program says of itself.
const ProgramHeader = "X-Rehearsal-Program"

// Program returns the program that has answered, or "" for a response of the load balancer
// itself.
func Program(header http.Header) string {
	if alb.IsOwn(header) {
		return ""
	}
	return header.Get(ProgramHeader)
}

// Between returns the records of all requests sent from one time, inclusive, to the
// other, exclusive. It waits until all of them are complete, or the load has stopped.
func (l *Load) Between(from, to time.Time) []Record { return l.log.between(from, to) }

// Count returns how many requests are complete, and how many of them have a Failure.
// Forgotten records count.
func (l *Load) Count() (answered, failed int) { return l.log.count() }

// Forget drops the records so far, to free their memory.
func (l *Load) Forget() { l.log.forget() }

// Stop ends the load and returns when all requests in flight are complete.
func (l *Load) Stop() {
	l.attacker.Stop()
	<-l.done
	l.log.end()
}
