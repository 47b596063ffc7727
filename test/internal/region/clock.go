package region

import "time"

// Clock is how time passes in the region.
type Clock struct {
	// Startup is the time from the decision to start a task to the start of its
	// program: on Fargate that of the network interface and of pulling the image. It is
	// not divided by Speed. Zero means that programs start at once.
	Startup time.Duration
	// Propagation is the time until the last of the load balancer's nodes knows of a
	// changed rule, or of a changed target, and until the proxies of callers know that a
	// task leaves, in template time. AWS promises none. Zero
	// means that both nodes know at once.
	Propagation time.Duration
	// Speed divides every duration in the templates: the health check's interval and
	// time-out, the deregistration delay, the grace period, the stop time-out, the load
	// balancer's idle time-out, the periods and cooldowns of scaling, and those of the
	// proxies of connections. It must be above zero; 1 means real time. It does not change the programs' own time-outs.
	Speed float64
}

// scaled converts template time to elapsed time.
func (c Clock) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.Speed)
}

// passed converts elapsed time to template time.
func (c Clock) passed(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.Speed)
}
