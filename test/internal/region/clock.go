package region

import "time"

// Clock says how time passes in the region.
type Clock struct {
	// Startup is the time from the decision to start a task to the start of its
	// program: on Fargate the network interface, the image's pull. It is not scaled.
	Startup time.Duration
	// Speed divides every duration that the templates name: the health check's
	// interval and time-out, the deregistration delay, the grace period, the stop
	// time-out, the load balancer's idle time-out, the periods and cooldowns of
	// scaling. The programs' own time-outs do not pass faster.
	Speed float64
}

func (c Clock) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.Speed)
}

// passed is the templates' time that is over after a time here.
func (c Clock) passed(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.Speed)
}
