package services

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Scaling says how many tasks of a service run: always from Min to Max, and
// between them as many as bring the use of the CPU and the requests of each task
// to their targets. The policy that wants more tasks wins.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
type Scaling struct {
	// Min is the number of tasks that always run. Zero means 2, one for each of two zones.
	Min int
	// Max is the number of tasks at most. Zero means 10.
	Max int
	// CPUPercent is the average CPU use that scaling aims at. Zero means 60.
	CPUPercent int
	// RequestsPerTarget is the requests per minute and task that scaling aims at. Zero means 6000.
	RequestsPerTarget int
	// OutCooldown is how long tasks that were added have to take effect before more
	// are. Zero means a minute, which is about what a task takes to start.
	OutCooldown time.Duration
	// InCooldown is how long after tasks were taken away more of them may go. Zero means 5
	// minutes, so that the requests that follow a short pause still find the tasks.
	InCooldown time.Duration
	// Schedule sets other bounds at known times. Empty means the same bounds always.
	Schedule []ScheduledBounds
	// SpotPercent is the share of the tasks beyond Min that run on Fargate Spot, for
	// a third of the price and at two minutes' notice. Zero means none.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
	SpotPercent int
	// HighResolution measures the use of the CPU every 20 s instead of every minute,
	// so that tasks are added about four times sooner. CloudWatch charges for it.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/target-tracking-faster-auto-scaling.html
	HighResolution bool
	// Predictive adds tasks ahead of the hours that had a high use of the CPU in the
	// last two weeks. It takes none away.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/predictive-auto-scaling.html
	Predictive bool
}

// ScheduledBounds are the bounds from a time on, until the next that is scheduled.
type ScheduledBounds struct {
	// Name tells them apart in one service: letters and digits, such as "Morning".
	Name string
	// Cron is when, such as "cron(0 7 ? * MON-FRI *)": minutes, hours, day-of-month,
	// month, day-of-week and year, with ? in exactly one of the two days. At and rate
	// expressions are refused.
	//
	// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
	Cron string
	// TimeZone is the time zone that Cron is in, such as "Europe/Berlin". Empty means UTC.
	TimeZone string
	// Min and Max are the numbers of tasks. Both are required.
	Min, Max int
}

func (s Scaling) complete() Scaling {
	s.Min = cmp.Or(s.Min, 2)
	s.Max = cmp.Or(s.Max, 10)
	s.CPUPercent = cmp.Or(s.CPUPercent, 60)
	s.RequestsPerTarget = cmp.Or(s.RequestsPerTarget, 6000)
	s.OutCooldown = cmp.Or(s.OutCooldown, time.Minute)
	s.InCooldown = cmp.Or(s.InCooldown, 5*time.Minute)
	s.Schedule = slices.Clone(s.Schedule)
	for i := range s.Schedule {
		s.Schedule[i].TimeZone = cmp.Or(s.Schedule[i].TimeZone, "UTC")
	}
	return s
}

func (s Scaling) check() error {
	switch {
	case s.CPUPercent < 1 || s.CPUPercent > 100:
		return fmt.Errorf("scaling at %d%% CPU: want 1 to 100", s.CPUPercent)
	case s.RequestsPerTarget < 1:
		return fmt.Errorf("scaling at %d requests per target: want 1 or more", s.RequestsPerTarget)
	case s.SpotPercent < 0 || s.SpotPercent > 100:
		return fmt.Errorf("%d%% on Fargate Spot: want 0 to 100", s.SpotPercent)
	}
	for _, cooldown := range []time.Duration{s.OutCooldown, s.InCooldown} {
		if cooldown < time.Second || cooldown > time.Hour || cooldown%time.Second != 0 {
			return fmt.Errorf("a cooldown of %s: want whole seconds, from 1 s to an hour", cooldown)
		}
	}
	if err := checkBounds(s.Min, s.Max); err != nil {
		return err
	}
	return s.checkSchedule()
}

func checkBounds(low, high int) error {
	if low < 1 || high < low {
		return fmt.Errorf("scaling from %d to %d tasks: want a minimum of 1 or more and a maximum not below it", low, high)
	}
	return nil
}

var scheduleName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

func (s Scaling) checkSchedule() error {
	names := map[string]bool{}
	for _, b := range s.Schedule {
		if !scheduleName.MatchString(b.Name) || names[b.Name] {
			return fmt.Errorf("schedule %q: want a name of its own, of letters and digits, with a capital first", b.Name)
		}
		names[b.Name] = true
		if err := checkCron(b.Cron); err != nil {
			return fmt.Errorf("schedule %s at %q: %w", b.Name, b.Cron, err)
		}
		if _, err := time.LoadLocation(b.TimeZone); err != nil {
			return fmt.Errorf("schedule %s in %q: want a time zone such as Europe/Berlin", b.Name, b.TimeZone)
		}
		if err := checkBounds(b.Min, b.Max); err != nil {
			return fmt.Errorf("schedule %s: %w", b.Name, err)
		}
	}
	return nil
}

// Lowest is the number of tasks below which there are never fewer, whatever the
// schedule.
func (s Scaling) Lowest() int {
	lowest := s.Min
	for _, b := range s.Schedule {
		lowest = min(lowest, b.Min)
	}
	return lowest
}

// MonolithScaling is the monolith's scaling as far as the migration is: the bounds
// of the catalog, less the MonolithPercent of each service that has left it, rounded up.
//
// A service has left when it is strangled, not when it is live: until then one
// word brings its requests back at once, and more tasks would be minutes behind
// them. And only a strangled service is deployed before the monolith, so at any
// other phase the monolith would shrink while it still has the requests.
//
// Two tasks remain for two zones, or as many as the catalog has if that is fewer,
// until nothing is left: when every service is strangled and the monolith is
// drained, one is enough to come back with.
func MonolithScaling(c Catalog, m Migration) Scaling {
	remains, idle := 100, m.Monolith == Drained
	for _, service := range c.Services {
		if m.Services[service.Name].Strangled {
			remains -= service.MonolithPercent
		} else {
			idle = false
		}
	}
	shrink := func(low, high int) (int, int) {
		if idle {
			low = 1
		}
		keep := min(low, 2)
		return max((low*remains+99)/100, keep), max((high*remains+99)/100, keep)
	}
	s := c.Monolith.Scaling
	s.Min, s.Max = shrink(s.Min, s.Max)
	s.Schedule = slices.Clone(s.Schedule)
	for i, b := range s.Schedule {
		s.Schedule[i].Min, s.Schedule[i].Max = shrink(b.Min, b.Max)
	}
	return s
}
