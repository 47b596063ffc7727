package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// pairs is how often the load balancer is measured.
const pairs = 300

// measureFrontend sends the same request in turns to the monolith and through the
// load balancer, under the load. It sends none when the traffic reads nothing.
func (r *rehearsal) measureFrontend(ctx context.Context) error {
	kind := reading(r.kinds)
	if kind == nil {
		return nil
	}
	r.screen.progress("the load balancer", r.count)
	target := r.ledger.draw(*kind).target(*kind)
	monolith := r.healthy(r.catalog.Monolith.Name)
	if len(monolith) == 0 {
		return errors.New("the load balancer: the monolith has no healthy task")
	}
	var direct, through []time.Duration
	for range pairs {
		for _, m := range []struct {
			url   string
			times *[]time.Duration
		}{{"http://" + monolith[0], &direct}, {r.region.URL(), &through}} {
			took, err := timed(ctx, m.url+target)
			if err != nil {
				return err
			}
			*m.times = append(*m.times, took)
		}
	}
	r.report.Frontend = Frontend{Direct: milliseconds(median(direct)), Through: milliseconds(median(through))}
	r.screen.frontend(r.report.Frontend)
	return nil
}

func timed(ctx context.Context, url string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	// What is read to its end leaves its connection to the next request.
	_, err = io.Copy(io.Discard, response.Body)
	return time.Since(began), err
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
