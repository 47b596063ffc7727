package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
)

// scaleTime is how long a service that is loaded may take to scale, in the time of
// the templates: twice the three minutes that its policy takes.
const scaleTime = 6 * time.Minute

// scaling loads the first service beyond what its least tasks may take and the
// others by half of that, and lets their policies decide. It judges by the catalog
// that the first gets one more task, and that no other does.
//
// Each service has a load of its own, so the load of before must have ended.
func (r *rehearsal) scaling(ctx context.Context) error {
	loaded := r.rehearsed()[0]
	before, loads := map[string][]string{}, map[string]*load.Load{}
	for _, s := range r.rehearsed() {
		before[s.Name] = r.healthy(s.Name)
		loads[s.Name] = load.Start(rateOf(s, s.Name == loaded.Name), newStream(r.region.URL(), r.kinds, r.ledger).to(s.Patterns()))
		defer loads[s.Name].Stop()
	}
	r.screen.progress("scaling", func() (answered, failed int) { return countAll(loads) })

	var activities []region.Activity
	scaling, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(ended)
		r.region.Autoscale(scaling, func(a region.Activity) { activities = append(activities, a) })
	}()
	if err := r.await(ctx, loaded); err != nil {
		return err
	}
	scaled := time.Since(began)
	if !sleep(ctx, hold) {
		return ctx.Err()
	}
	stop()
	<-ended
	r.screen.scalingHead()
	over := time.Now()
	for _, s := range r.rehearsed() {
		result := scalingOf(s, s.Name == loaded.Name, before[s.Name], r.healthy(s.Name), activities, loads[s.Name].Between(began, over))
		result.Unexplained = r.judged(began, over, result.Unexplained)
		if result.To > result.From {
			result.Seconds = scaled.Seconds()
		}
		r.report.Scaling = append(r.report.Scaling, result)
		r.screen.scaling(result)
	}
	return nil
}

// await returns once the service has the tasks that it is loaded for, or has had
// the time to.
func (r *rehearsal) await(ctx context.Context, s services.Service) error {
	limit := time.Duration(float64(scaleTime)/r.report.Speed) + time.Duration(r.report.StartupSeconds*float64(time.Second))
	for deadline := time.Now().Add(limit); time.Now().Before(deadline) && len(r.healthy(s.Name)) < tasksOf(s, true); {
		if !sleep(ctx, 10*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// rateOf is the load of a service, in requests a second. One that shall scale gets
// what half a task more than its least could just take, so that a datapoint which a
// busy machine has moved requests to or from still asks for one more; any other
// gets half of what its least tasks may take.
func rateOf(s services.Service, scales bool) int {
	tasks := float64(s.Scaling.Min) / 2
	if scales {
		tasks = float64(s.Scaling.Min) + 0.5
	}
	return max(1, int(tasks*float64(s.Scaling.RequestsPerTarget)/60))
}

// tasksOf is how many tasks that load makes of a service.
func tasksOf(s services.Service, scales bool) int {
	if scales {
		return min(s.Scaling.Min+1, s.Scaling.Max)
	}
	return s.Scaling.Min
}

// scalingOf says what became of a service and of the healthy tasks that it had
// before, and what of that is wrong.
func scalingOf(s services.Service, scales bool, before, after []string, activities []region.Activity, records []load.Record) Scaling {
	result := Scaling{
		Service:     s.Name,
		Rate:        rateOf(s, scales),
		Capacity:    s.Scaling.Min * s.Scaling.RequestsPerTarget / 60,
		From:        len(before),
		To:          len(after),
		Traffic:     trafficOf(records),
		Unexplained: failuresOf(records),
	}
	if want := tasksOf(s, scales); len(after) != want {
		result.Unexplained = append(result.Unexplained,
			fmt.Sprintf("%s has %d healthy tasks at %d requests a second, want %d", s.Name, len(after), result.Rate, want))
	}
	for _, address := range before {
		if !slices.Contains(after, address) {
			result.Unexplained = append(result.Unexplained, fmt.Sprintf("%s has lost its task %s", s.Name, address))
		}
	}
	for _, a := range activities {
		if a.Service != s.Name {
			continue
		}
		result.Activities = append(result.Activities, a.String())
		if a.To != tasksOf(s, scales) {
			result.Unexplained = append(result.Unexplained, a.String())
		}
	}
	return result
}

func countAll(loads map[string]*load.Load) (answered, failed int) {
	for _, l := range loads {
		a, f := l.Count()
		answered, failed = answered+a, failed+f
	}
	return answered, failed
}
