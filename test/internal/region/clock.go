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
	// Speed divides the durations in the templates: the health check's interval, the
	// deregistration delay, the periods and cooldowns of scaling, and for how long the
	// proxies of connections avoid a task. It must be above zero; 1 means real time.
	//
	// What limits a program is divided by ten at most, as programs run no faster: the health
	// check's time-out, the grace period, the stop time-out, the load balancer's idle time-out, and
	// those of the proxies. The programs' own time-outs do not change.
	Speed float64
}

// maxLimitSpeed is what the limits of programs are divided by at most.
const maxLimitSpeed = 10

// scaled converts template time to elapsed time.
func (c Clock) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.Speed)
}

// limit converts the template time that a program may take to elapsed time.
func (c Clock) limit(d time.Duration) time.Duration {
	return time.Duration(float64(d) / min(c.Speed, maxLimitSpeed))
}

// passed converts elapsed time to template time.
func (c Clock) passed(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.Speed)
}
