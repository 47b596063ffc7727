package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// pairs is how often the front door is measured.
const pairs = 300

// measureDoor sends the same request in turns to a program and through the front
// door, under the load.
func (r *rehearsal) measureDoor(ctx context.Context) error {
	r.screen.progress("the front door", r.count)
	path := asked()[0] + "/nobody"
	monolith := r.healthy(r.catalog.Monolith.Name)
	if len(monolith) == 0 {
		return errors.New("the front door: the monolith has no healthy task")
	}
	var direct, through []time.Duration
	for range pairs {
		for _, m := range []struct {
			url   string
			times *[]time.Duration
		}{{"http://" + monolith[0], &direct}, {r.region.URL(), &through}} {
			took, err := timed(ctx, m.url+path)
			if err != nil {
				return err
			}
			*m.times = append(*m.times, took)
		}
	}
	r.report.Door = Door{Direct: milliseconds(median(direct)), Through: milliseconds(median(through))}
	r.screen.door(r.report.Door)
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
