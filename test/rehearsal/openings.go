package main

import (
	"sync"

	"example.com/strangler/test/internal/cloudformation"
)

// openings are how many healthy tasks each service had when its last listener rule was
// made, which is its live rule where it has one.
type openings struct {
	mu    sync.Mutex
	tasks map[string]int
}

// observe notes the tasks of a service whose rule has just been made.
func (r *rehearsal) observe(e cloudformation.Event) {
	if e.Type != "AWS::ElasticLoadBalancingV2::ListenerRule" || e.Action != cloudformation.Create || e.Status != cloudformation.Complete {
		return
	}
	for _, s := range r.catalog.Services {
		if s.ID() == e.Stack {
			r.opened.note(s.Name, len(r.healthy(s.Name)))
		}
	}
}

func (o *openings) note(service string, tasks int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tasks == nil {
		o.tasks = map[string]int{}
	}
	o.tasks[service] = tasks
}

// of is how many tasks a service had.
func (o *openings) of(service string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tasks[service]
}
