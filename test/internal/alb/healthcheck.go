package alb

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HealthCheck says how a target group finds out whether a target is healthy.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
type HealthCheck struct {
	Path              string
	Interval, Timeout time.Duration
	// Healthy and Unhealthy are the numbers of checks in a row that change a
	// target's state. A target that is new needs to pass only one.
	Healthy, Unhealthy int
	// Codes are the status codes of a healthy target, such as "200", "200-299" or
	// "200,202". What cannot be read matches nothing.
	Codes string
}

// State is what a target group knows of a target.
type State string

const (
	// Initial is a target that no check has judged yet.
	Initial   State = "initial"
	Healthy   State = "healthy"
	Unhealthy State = "unhealthy"
	// Draining is a target that leaves and gets no more requests.
	Draining State = "draining"
	// Unused is what is not registered.
	Unused State = "unused"
)

// health counts the checks in a row that a target has passed or failed.
type health struct{ passed, failed int }

// watch checks a target until it has left. The first check comes at once.
func (g *TargetGroup) watch(t *target) {
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for {
		next := time.After(g.settings.HealthCheck.Interval)
		g.judge(t, g.check(client, t))
		select {
		case <-t.registered.Done():
			return
		case <-next:
		}
	}
}

func (g *TargetGroup) check(client *http.Client, t *target) bool {
	ctx, cancel := context.WithTimeout(t.registered, g.settings.HealthCheck.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.Address+g.settings.HealthCheck.Path, nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return g.codes.match(response.StatusCode)
}

// judge takes the result of a check into account.
func (g *TargetGroup) judge(t *target, passed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if passed {
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
