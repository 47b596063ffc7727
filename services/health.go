package services

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Health is how the load balancer finds out whether a task can serve. A worker has no load
// balancer: ECS runs Command in its container.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type Health struct {
	// Path is requested by GET. Empty means /healthz.
	Path string
	// Codes are the statuses of a task that can serve, from 200 to 499: "200", "200,204" or
	// "200-399". Empty means 200.
	Codes string
	// Interval is the time between two checks, 5 s to 5 minutes. Zero means 5 s.
	Interval time.Duration
	// Timeout is the time that an answer may take, 2 s to 2 minutes and shorter than
	// Interval. Zero means 3 s.
	Timeout time.Duration
	// Healthy and Unhealthy are how many checks in a row must pass or fail until the task
	// counts as such, 2 to 10. Zero means 2.
	Healthy, Unhealthy int
	// Command is how ECS finds out whether the container of a worker works, such as "CMD",
	// "/worker", "-check": it ends with 0 when it does, within Timeout, 2 s to a minute and 5 s
	// if zero, every Interval, 30 s if zero. Unhealthy failures in a row, 3 if zero, end the
	// task. Empty means that a worker works as long as it runs.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
	Command []string
}

// Stop is how a task leaves.
type Stop struct {
	// Drain is the time that a task has for its requests after the load balancer sends it
	// no new ones, 1 s to an hour. Zero means 20 s.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
	Drain time.Duration
	// Timeout is the time from SIGTERM to SIGKILL, 2 s to 2 minutes. Zero means 30 s.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
	Timeout time.Duration
}

func (h Health) complete() Health {
	h.Path = cmp.Or(h.Path, "/healthz")
	h.Codes = cmp.Or(h.Codes, "200")
	h.Interval = cmp.Or(h.Interval, 5*time.Second)
	h.Timeout = cmp.Or(h.Timeout, 3*time.Second)
	h.Healthy = cmp.Or(h.Healthy, 2)
	h.Unhealthy = cmp.Or(h.Unhealthy, 2)
	return h
}

func (s Stop) complete() Stop {
	s.Drain = cmp.Or(s.Drain, 20*time.Second)
	s.Timeout = cmp.Or(s.Timeout, 30*time.Second)
	return s
}

// healthCodes are statuses from 200 to 499, each alone or as a range.
var healthCodes = regexp.MustCompile(`^[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*$`)

func (h Health) check() error {
	switch {
	case !strings.HasPrefix(h.Path, "/"):
		return fmt.Errorf("health check path %q: want a path that starts with /", h.Path)
	case !healthCodes.MatchString(h.Codes):
		return fmt.Errorf("health check codes %q: want statuses from 200 to 499, such as 200, 200,204 or 200-399", h.Codes)
	case !within(h.Interval, 5*time.Second, 5*time.Minute):
		return fmt.Errorf("a health check every %s: want whole seconds, from 5 s to 5 minutes, such as 30 * time.Second", h.Interval)
	case !within(h.Timeout, 2*time.Second, 2*time.Minute) || h.Timeout >= h.Interval:
		return fmt.Errorf("a health check that waits %s for an answer, every %s: want whole seconds, from 2 s to 2 minutes and shorter than "+
			"that, such as 3 * time.Second",
			h.Timeout, h.Interval)
	case h.Healthy < 2 || h.Healthy > 10 || h.Unhealthy < 2 || h.Unhealthy > 10:
		return fmt.Errorf("%d checks to be healthy and %d to be unhealthy: want 2 to 10", h.Healthy, h.Unhealthy)
	}
	return nil
}

// within reports whether a time is in whole seconds and between two bounds.
func within(d, least, most time.Duration) bool { return d >= least && d <= most && d%time.Second == 0 }

// stopOfPrograms is what a program of this module has to stop: its drain delay, its
// shutdown and its last traces take 22 s, see services/server.
const stopOfPrograms = 27 * time.Second

func (s Service) checkLife() error {
	firstHealthy := time.Duration(s.Health.Healthy) * s.Health.Interval
	switch {
	case !within(s.StartUp, time.Second, time.Hour):
		return fmt.Errorf("a start-up of %s: want whole seconds, from 1 s to an hour, such as 30 * time.Second", s.StartUp)
	case s.StartUp < firstHealthy && !s.IsWorker():
		return fmt.Errorf("a start-up of %s: a task takes %s to pass %d health checks, and ECS would stop it before; want that or more",
			s.StartUp, firstHealthy, s.Health.Healthy)
	case !within(s.Stop.Drain, time.Second, time.Hour):
		return fmt.Errorf("a drain of %s: want whole seconds, from 1 s to an hour, such as 30 * time.Second", s.Stop.Drain)
	case !within(s.Stop.Timeout, 2*time.Second, 2*time.Minute):
		return fmt.Errorf("a stop within %s: want whole seconds, from 2 s to 2 minutes, such as 30 * time.Second", s.Stop.Timeout)
	case s.Image.Program != "" && s.Stop.Timeout < stopOfPrograms:
		return fmt.Errorf("a stop within %s: a program of this module may take %s, leave Stop.Timeout empty", s.Stop.Timeout, stopOfPrograms)
	}
	return nil
}
