package services

import "time"

// IdleTimeoutVariable names the environment variable that tells a program of this module how
// long it keeps an idle connection open, as a Go duration.
const IdleTimeoutVariable = "IDLE_TIMEOUT"

const (
	// keptByPrograms is how long programs of this module keep an idle connection without the
	// variable: see IdleTimeout in services/server.
	keptByPrograms = 70 * time.Second
	// idleMargin is how much longer than the load balancer a program keeps one: the side that
	// sends the next request has to be the one that closes.
	idleMargin = 10 * time.Second
)

// IdleTimeout returns the value of IdleTimeoutVariable before a load balancer with an idle
// time-out, or "" where the program needs none: because it keeps connections for longer
// anyway, or is not of this module.
func (s Service) IdleTimeout(balancer time.Duration) string {
	if s.Image.Program == "" || s.IsWorker() || balancer+idleMargin <= keptByPrograms {
		return ""
	}
	return (balancer + idleMargin).String()
}
