package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// plain asks for one URL; every answer but 200 is a failure.
type plain string

func (p plain) Next() vegeta.Target { return vegeta.Target{Method: "GET", URL: string(p) + "#plain"} }

func (p plain) Judge(r *vegeta.Result) (path, failure string) {
	if r.Code != http.StatusOK {
		failure = fmt.Sprintf("status %d", r.Code)
	}
	return r.URL[len(p):], failure
}

func serve(t *testing.T, handler http.HandlerFunc) plain {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return plain(s.URL)
}

func TestEveryRequestIsOnRecord(t *testing.T) {
	var served atomic.Int64
	l := Start(1000, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served-By", "users")
		w.Header().Set("Retry-After", "7")
		if served.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	for served.Load() < 100 {
		time.Sleep(time.Millisecond)
	}
	l.Stop()
	all := l.Between(time.Time{}, time.Now())
	answered, failed := l.Count()
	if n := int(served.Load()); len(all) != n || answered != n || failed != n/2 {
		t.Errorf("%d served, %d on record, %d counted, %d failed", n, len(all), answered, failed)
	}
	l.Forget()
	if again, _ := l.Count(); again != answered || len(l.Between(time.Time{}, time.Now())) != 0 {
		t.Errorf("%d counted and %d on record after they are forgotten", again, len(l.Between(time.Time{}, time.Now())))
	}
	for _, r := range all {
		if r.Path != "#plain" || r.Program != "users" || r.Patience != "7" || (r.Failure == "") != (r.Status == 200) || r.Latency <= 0 {
			t.Fatalf("%+v", r)
		}
	}
}

// An open loop does not wait: while nothing is answered, requests keep coming.
func TestTheLoopIsOpen(t *testing.T) {
	arrived, release := make(chan struct{}, 1000), make(chan struct{})
	l := Start(500, serve(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	deadline := time.After(20 * time.Second)
	for n := range 50 {
		select {
		case <-arrived:
			continue
		case <-deadline:
			t.Errorf("%d requests came in 20 s while none was answered", n)
		}
		break
	}
	close(release)
	l.Stop()
}

// A stretch of time is told only once all of its requests are answered.
func TestBetweenWaitsForTheLast(t *testing.T) {
	var served atomic.Int64
	release := make(chan struct{})
	l := Start(200, serve(t, func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 3 {
			<-release
		}
	}))
	defer l.Stop()
	for served.Load() < 20 {
		time.Sleep(time.Millisecond)
	}
	told := make(chan []Record, 1)
	go func() { told <- l.Between(time.Time{}, time.Now()) }()
	time.Sleep(50 * time.Millisecond)
	if len(told) > 0 {
		t.Error("told while one is not answered")
	}
	close(release)
	if records := <-told; len(records) < 19 {
		t.Errorf("%d records, want those of all that were sent", len(records))
	}
}

func TestNoAnswerIsOnRecord(t *testing.T) {
	l := Start(100, serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	for answered := 0; answered == 0; answered, _ = l.Count() {
		time.Sleep(time.Millisecond)
	}
	l.Stop()
	for _, r := range l.Between(time.Time{}, time.Now()) {
		if r.Status != 0 || r.Failure == "" {
			t.Errorf("%+v, want no answer and a failure", r)
		}
	}
}
