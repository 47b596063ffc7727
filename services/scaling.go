package services

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Scaling is the number of tasks of a service: from Min to Max, and between them as
// many as keep the use of the CPU and the requests per task at their targets. The
// policy that wants more tasks wins.
//
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
type Scaling struct {
	// Min is the number of tasks at least, 1 or more. Zero means 2, one for each of two
	// zones.
	Min int
	// Max is the number of tasks at most, not below Min. Zero means 10.
	Max int
	// CPUPercent is the target of the average CPU use, 1 to 100. Zero means 60.
	CPUPercent int
	// RequestsPerTarget is the target of the requests per minute and task, 1 or more.
	// Zero means 6000.
	RequestsPerTarget int
	// Queue is the ARN of an SQS queue in the environment's region that a worker takes its
	// messages from. Its tasks then follow the messages that wait. Empty means none.
	Queue string
	// MessagesPerTask is the target of the messages that wait in Queue for each task, 1 or
	// more: the longest time that one may wait, divided by the time that a task takes for one.
	// Required with Queue.
	//
	// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
	MessagesPerTask int
	// OutCooldown is the time between two additions of tasks, from a second to an hour.
	// Zero means a minute, about the time that a task takes to start.
	OutCooldown time.Duration
	// InCooldown is the time between two removals of tasks, from a second to an hour.
	// Zero means 5 minutes, so that a short pause in the load removes few tasks.
	InCooldown time.Duration
	// Schedule sets other bounds at known times. Empty means Min and Max always.
	Schedule []ScheduledBounds
	// SpotPercent is the share of the tasks beyond Min that run on Fargate Spot, 0 to
	// 99, for a third of the price and with a notice of two minutes. Zero means none.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
	SpotPercent int
	// HighResolution measures the use of the CPU every 20 s instead of every 60 s, so
	// that tasks are added about four times sooner. CloudWatch charges for it.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/target-tracking-faster-auto-scaling.html
	HighResolution bool
	// Predictive adds tasks before the hours that had a high use of the CPU in the last
	// two weeks. It removes none.
	//
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/predictive-auto-scaling.html
	Predictive bool
}

// ScheduledBounds are the bounds of the number of tasks from a scheduled time on,
// until the next one.
type ScheduledBounds struct {
	// Name is unique in a service: letters and digits, a capital first, such as
	// "Morning".
	Name string
	// Cron is when, such as "cron(0 7 ? * MON-FRI *)": minutes, hours, day-of-month,
	// month, day-of-week and year, with ? in exactly one of the two days. At and rate
	// expressions are refused.
	//
	// https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
	Cron string
	// TimeZone is the time zone that Cron is in, such as "Europe/Berlin". Empty means UTC.
	TimeZone string
	// Min and Max are the bounds of the number of tasks, 1 or more. Both are required.
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
	case s.SpotPercent < 0 || s.SpotPercent > 99:
		return fmt.Errorf("%d%% on Fargate Spot: want 0 to 99, as the tasks up to Min need a capacity provider with a weight", s.SpotPercent)
	}
	for _, cooldown := range []time.Duration{s.OutCooldown, s.InCooldown} {
		if cooldown < time.Second || cooldown > time.Hour || cooldown%time.Second != 0 {
			return fmt.Errorf("a cooldown of %s: want whole seconds, from 1 s to an hour, such as 30 * time.Second", cooldown)
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
			return fmt.Errorf("schedule %q: want a unique name of letters and digits, with a capital first", b.Name)
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

// Lowest returns the smallest Min, the schedule's included.
func (s Scaling) Lowest() int {
	lowest := s.Min
	for _, b := range s.Schedule {
		lowest = min(lowest, b.Min)
	}
	return lowest
}

// MonolithScaling returns the monolith's scaling in a migration: the bounds of the
// catalog, less the MonolithPercent of each strangled service, rounded up.
//
// A live service does not count. Its rollback is one word, which brings its requests
// back at once, and additional tasks would start minutes later. Also, only a
// strangled service is deployed before the monolith: in any other phase the monolith
// would shrink while it still has the requests.
//
// Two tasks remain for two zones, or the catalog's Min if that is smaller. When
// every service is strangled and the monolith is drained, one task remains.
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
