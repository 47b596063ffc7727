package alb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HealthCheck is how a target group finds out whether a target is healthy: an HTTP
// GET in every interval.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type HealthCheck struct {
	// Path is requested of the target.
	Path string
	// Interval is the time from the start of one check to the start of the next.
	Interval time.Duration
	// Timeout is how long a check waits for the response before it fails.
	Timeout time.Duration
	// Healthy and Unhealthy are the numbers of checks in a row that change a
	// target's state. A new target is healthy after the first check that it passes.
	Healthy, Unhealthy int
	// Codes are the status codes of a healthy target, such as "200", "200-299" or
	// "200,202". A malformed text matches no code.
	Codes string
}

// State is the health state of a target.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-states
type State string

const (
	// Initial is the state of a registered target that no check has passed yet, and
	// that has not failed enough checks to be Unhealthy.
	Initial State = "initial"
	// Healthy is the state of a target that passes its checks.
	Healthy State = "healthy"
	// Unhealthy is the state of a target that fails its checks.
	Unhealthy State = "unhealthy"
	// Draining is the state of a target that is being deregistered: it gets no new
	// requests.
	Draining State = "draining"
	// Unused is the state of an address that is not registered.
	Unused State = "unused"
)

// health counts the checks in a row that a target has passed or failed.
type health struct {
	passed, failed int
	// description says why the last one failed, as DescribeTargetHealth does.
	//
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/check-target-health.html
	description string
}

// checkUntilGone checks a target until its deregistration is complete. The first
// check starts at once.
func (g *TargetGroup) checkUntilGone(t *target) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DialContext: g.settings.Dial},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for {
		settings := g.healthCheck()
		next := time.After(settings.Interval)
		g.recordCheck(t, settings.check(client, t))
		select {
		case <-t.registered.Done():
			return
		case <-next:
		}
	}
}

// healthCheck returns the settings of now.
func (g *TargetGroup) healthCheck() HealthCheck {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.settings.HealthCheck
}

// check makes one check and returns why the target fails it, or "".
func (h HealthCheck) check(client *http.Client, t *target) (failure string) {
	ctx, cancel := context.WithTimeout(t.registered, h.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.Address+h.Path, nil)
	if err != nil {
		return err.Error()
	}
	response, err := client.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return "request timed out"
	}
	if err != nil {
		return "health checks failed"
	}
	response.Body.Close()
	if !h.Passes(response.StatusCode) {
		return fmt.Sprintf("health checks failed with these codes: [%d]", response.StatusCode)
	}
	return ""
}

// Passes reports whether a target that answers with a status is healthy.
func (h HealthCheck) Passes(status int) bool { return parseCodes(h.Codes).match(status) }

// recordCheck updates a target's state by the result of a check.
func (g *TargetGroup) recordCheck(t *target, failure string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	passed := failure == ""
	if t.description = failure; passed {
		t.passed, t.failed = t.passed+1, 0
	} else {
		t.passed, t.failed = 0, t.failed+1
	}
	switch {
	case t.State == Draining:
	case t.passed >= g.settings.HealthCheck.Healthy, t.State == Initial && passed:
		t.State = Healthy
	case t.failed >= g.settings.HealthCheck.Unhealthy:
		t.State = Unhealthy
	}
}

// codes are ranges of status codes, both ends included.
type codes [][2]int

// parseCodes returns no codes for a malformed text.
func parseCodes(text string) codes {
	var all codes
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil
		}
		all = append(all, [2]int{from, to})
	}
	return all
}

func (c codes) match(status int) bool {
	for _, r := range c {
		if r[0] <= status && status <= r[1] {
			return true
		}
	}
	return false
}
