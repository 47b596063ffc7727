package services

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func withWorker(edit func(*Service)) Catalog {
	c := sample()
	w := Service{Name: "mailer", Image: Image{Registry: "example.com/mailer:1"}}
	edit(&w)
	c.Workers = []Service{w}
	return c
}

// A worker has defaults of its own, and no rule, phase or port.
func TestWorker(t *testing.T) {
	c, err := withWorker(func(s *Service) { s.Health.Command = []string{"CMD", "/check"} }).Complete()
	require.NoError(t, err)
	w := c.Find("mailer")
	assert.True(t, w.IsWorker())
	assert.False(t, c.Monolith.IsWorker())
	assert.Equal(t, 30*time.Second, w.Health.Interval)
	assert.Equal(t, 5*time.Second, w.Health.Timeout)
	assert.Equal(t, 3, w.Health.Unhealthy)
	assert.NotContains(t, Plan(c, mostRules(c), nil), "mailer")
	assert.Contains(t, c.Names(), "mailer")
	assert.NotContains(t, namesOf(c.WithPaths()), "mailer")
}

func TestWorkersThatCannotBe(t *testing.T) {
	const requests = `services: "mailer": a worker gets no requests, and it has `
	const remedy = ": remove that, or move it to Services"
	queue := "arn:aws:sqs:eu-west-1:123456789012:orders"
	for want, edit := range map[string]func(*Service){
		requests + "paths" + remedy:                  func(s *Service) { s.Paths = []string{"/mail"} },
		requests + "a priority" + remedy:             func(s *Service) { s.Priority = 9 },
		requests + "a port" + remedy:                 func(s *Service) { s.Port = 8080 },
		requests + "sticky clients" + remedy:         func(s *Service) { s.Sticky = time.Minute },
		requests + "MonolithPercent" + remedy:        func(s *Service) { s.MonolithPercent = 5 },
		requests + "alarms of requests" + remedy:     func(s *Service) { s.Alarms.ErrorPercent = 2 },
		requests + "RequestsPerTarget" + remedy:      func(s *Service) { s.Scaling.RequestsPerTarget = 100 },
		requests + "a drain" + remedy:                func(s *Service) { s.Stop.Drain = time.Minute },
		requests + "a health check by HTTP" + remedy: func(s *Service) { s.Health.Path = "/up" },
		`services: "mailer": scaling on the queue "orders": want the ARN of an SQS queue, such as ` + queue: func(s *Service) {
			s.Scaling.Queue, s.Scaling.MessagesPerTask = "orders", 10
		},
		`services: "mailer": scaling at 0 messages per task: want how many may wait for each, 1 or more`: func(s *Service) {
			s.Scaling.Queue = queue
		},
		`services: "mailer": a start-up of 6m0s: ECS gives a container with a health check 5m0s at most`: func(s *Service) {
			s.Health.Command, s.StartUp = []string{"CMD", "/check"}, 6*time.Minute
		},
		`services: "mailer": a health check that may take 1m30s: ` +
			`want whole seconds, from 2 s to a minute, such as 5 * time.Second`: func(s *Service) {
			s.Health = Health{Command: []string{"CMD", "/check"}, Timeout: 90 * time.Second, Interval: 2 * time.Minute}
		},
	} {
		_, err := withWorker(edit).Complete()
		assert.EqualError(t, err, want)
	}
}

// A queue's ARN may leave open where it is.
func TestQueueOfThePlace(t *testing.T) {
	for arn, region := range map[string]string{
		"arn:aws:sqs:eu-north-1:123456789012:orders":                        "eu-north-1",
		"arn:aws-cn:sqs:cn-north-1:123456789012:orders.fifo":                "cn-north-1",
		"arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:orders": "eu-west-1",
		"arn:aws:sns:eu-north-1:123456789012:orders":                        "",
		"": "",
	} {
		s := Scaling{Queue: arn}
		assert.Equal(t, region, s.QueueRegion(somewhere), arn)
		if region != "" {
			assert.Contains(t, []string{"orders", "orders.fifo"}, s.QueueName(), arn)
		}
	}
}

// What only a worker has is refused for a program with paths, and the other way round.
func TestOnlyForWorkers(t *testing.T) {
	for want, edit := range map[string]func(*Catalog){
		`services: "alpha": a health check by a command: the load balancer checks a program with paths, ` +
			`leave Health.Command empty`: func(c *Catalog) {
			c.Services[0].Health.Command = []string{"CMD", "/check"}
		},
		`services: "alpha": it scales on the length of a queue, and only a worker does: leave Queue and MessagesPerTask empty`: func(c *Catalog) {
			c.Services[0].Scaling.Queue = "arn:aws:sqs:eu-west-1:123456789012:orders"
		},
		`services: "alpha": no path: set Paths, or Routes where it has more than one, or move it to Workers`: func(c *Catalog) {
			c.Services[0].Paths = nil
		},
		`services: "alpha" calls "mailer", which is a worker and takes no requests: remove the call`: func(c *Catalog) {
			c.Services[0].Calls = []string{"mailer"}
		},
		`services: "alpha" and "alpha" would share the stack Alpha: rename one`: func(c *Catalog) { c.Workers[0].Name = "alpha" },
	} {
		c := withWorker(func(*Service) {})
		edit(&c)
		_, err := c.Complete()
		assert.EqualError(t, err, want)
	}
	c, err := withWorker(func(*Service) {}).Complete()
	require.NoError(t, err)
	words := map[string]string{"mailer": "live", c.Monolith.Name: "serving"}
	for _, s := range c.Services {
		words[s.Name] = "dark"
	}
	_, err = ParseMigration(c, words)
	assert.EqualError(t, err, `services: "mailer" is a worker, which has no phase: remove it from the migration`)
}
