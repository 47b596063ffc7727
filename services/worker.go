package services

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// IsWorker reports whether the service has no paths, and so no target group, no listener
// rules and no phase. The service is an entry of a complete catalog.
func (s Service) IsWorker() bool { return len(s.Routes) == 0 }

// WithPaths returns the programs that serve requests: the services, then the monolith.
func (c Catalog) WithPaths() []Service {
	return append(slices.Clone(c.Services), c.Monolith)
}

// checkWorker refuses what only a program with paths has. The worker is as the catalog's
// author wrote it, without defaults.
func (s Service) checkWorker() error {
	has := ""
	switch {
	case len(s.Paths)+len(s.Routes) > 0:
		has = "paths"
	case s.Priority != 0:
		has = "a priority"
	case s.Port != 0:
		has = "a port"
	case s.Sticky != 0:
		has = "sticky clients"
	case s.MonolithPercent != 0:
		has = "MonolithPercent"
	case s.Alarms != Alarms{}:
		has = "alarms of requests"
	case !s.Takes.empty():
		has = "Takes"
	case s.Scaling.RequestsPerTarget != 0:
		has = "RequestsPerTarget"
	case s.Stop.Drain != 0:
		has = "a drain"
	case s.Health.Path != "" || s.Health.Codes != "" || s.Health.Healthy != 0:
		has = "a health check by HTTP"
	}
	if has != "" {
		return fmt.Errorf("a worker gets no requests, and it has %s: remove that, or move it to Services", has)
	}
	return nil
}

// completeWorker fills in the defaults of what ECS runs to check a container.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func (h Health) completeWorker() Health {
	h.Interval = cmp.Or(h.Interval, 30*time.Second)
	h.Timeout = cmp.Or(h.Timeout, 5*time.Second)
	h.Unhealthy = cmp.Or(h.Unhealthy, 3)
	return h
}

// checkCommand refuses a command that ECS would, and one beside the load balancer's check.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func (s Service) checkCommand() error {
	h := s.Health
	switch {
	case len(h.Command) == 0:
		return nil
	case !s.IsWorker():
		return fmt.Errorf("a health check by a command: the load balancer checks a program with paths, leave Health.Command empty")
	case !within(h.Timeout, 2*time.Second, time.Minute):
		return fmt.Errorf("a health check that may take %s: want whole seconds, from 2 s to a minute, such as 5 * time.Second", h.Timeout)
	case s.StartUp > longestStartPeriod:
		return fmt.Errorf("a start-up of %s: ECS gives a container with a health check %s at most", s.StartUp, longestStartPeriod)
	}
	return nil
}

// longestStartPeriod is the time at most that failed checks of a container do not count.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
const longestStartPeriod = 5 * time.Minute

// queueARN is the ARN of an SQS queue, whose parts may be open as those of a [Place]. Its groups
// are the region, the account and the name.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html
var queueARN = regexp.MustCompile(`^arn:(?:aws[a-z-]*|\$\{AWS::Partition\}):sqs:([a-z0-9-]+|\$\{AWS::Region\}):` +
	`(\d{12}|\$\{AWS::AccountId\}):` + `([A-Za-z0-9_-]{1,80}(?:\.fifo)?)$`)

// QueueName returns the name of the queue that the tasks follow, or "".
func (s Scaling) QueueName() string {
	if found := queueARN.FindStringSubmatch(s.Queue); found != nil {
		return found[3]
	}
	return ""
}

// QueueRegion returns the region of the queue that the tasks follow, which is that of the place
// where its ARN leaves it open, or "" for no queue.
func (s Scaling) QueueRegion(p Place) string {
	if found := queueARN.FindStringSubmatch(s.Queue); found != nil {
		return p.Resolve(found[1])
	}
	return ""
}

func (s Service) checkQueue() error {
	scaling := s.Scaling
	switch {
	case scaling.Queue == "" && scaling.MessagesPerTask == 0:
		return nil
	case !s.IsWorker():
		return fmt.Errorf("it scales on the length of a queue, and only a worker does: leave Queue and MessagesPerTask empty")
	case scaling.QueueName() == "":
		return fmt.Errorf("scaling on the queue %q: want the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:orders",
			scaling.Queue)
	case scaling.MessagesPerTask < 1:
		return fmt.Errorf("scaling at %d messages per task: want how many may wait for each, 1 or more", scaling.MessagesPerTask)
	}
	return nil
}
