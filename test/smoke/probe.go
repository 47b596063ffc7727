package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/strangler/services"
)

// probe is a path to request, and the programs that may answer.
type probe struct {
	path string
	// programs are the names that X-Served-By may have; "" means no such header. No
	// program at all means the load balancer's own 404.
	programs []string
}

// answer is the result of a probe.
type answer struct {
	probe
	status  int
	program string
	err     error
}

// sample makes a path of a pattern.
var sample = strings.NewReplacer("*", "smoke", "?", "s")

// probes are one for each path of a complete catalog. The paths of a service without a
// live rule fall to the monolith, and to the load balancer's 404 where the monolith
// has no live rule either. Alone is whether no one else has rules in the listener: others
// may answer what is left of a monolith that has no rule.
func probes(c services.Catalog, m services.Migration, alone bool) []probe {
	plan := services.Plan(c, m, nil)
	catchAll := plan[c.Monolith.Name].Live
	var all []probe
	for _, s := range c.All() {
		rules := plan[s.Name].Live
		if len(rules) == 0 {
			rules = catchAll
		}
		if len(rules) == 0 && !alone {
			continue
		}
		for _, pattern := range s.Paths {
			all = append(all, probe{sample.Replace(pattern), programs(c, rules)})
		}
	}
	return all
}

// programs are those that rules forward to. A program of another module may leave
// X-Served-By out.
func programs(c services.Catalog, rules []services.Rule) []string {
	var names []string
	for _, rule := range rules {
		for _, weight := range rule.Forward {
			names = append(names, weight.Service)
			if s := c.Find(weight.Service); s.Image.Program == "" {
				names = append(names, "")
			}
		}
	}
	return names
}

// timeout is how long an answer may take. A program has 14 s for it.
const timeout = 20 * time.Second

// request makes one request for each probe. It follows no redirect: that is an answer.
func request(url string, probes []probe) []answer {
	client := http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	var answers []answer
	for _, p := range probes {
		a := answer{probe: p}
		response, err := client.Get(strings.TrimSuffix(url, "/") + p.path)
		if a.err = err; err == nil {
			response.Body.Close()
			a.status, a.program = response.StatusCode, response.Header.Get("X-Served-By")
		}
		answers = append(answers, a)
	}
	return answers
}

// right reports whether one of the programs has answered, with a status below 500. A
// program may answer 404 for an example of a path.
func (a answer) right() bool {
	switch {
	case a.err != nil:
		return false
	case len(a.programs) == 0:
		return a.status == http.StatusNotFound && a.program == ""
	}
	return a.status < http.StatusInternalServerError && slices.Contains(a.programs, a.program)
}

func (p probe) want() string {
	if len(p.programs) == 0 {
		return "404 of the load balancer"
	}
	return strings.Join(slices.DeleteFunc(slices.Clone(p.programs), func(name string) bool { return name == "" }), " or ")
}

func (a answer) got() string {
	if a.err != nil {
		return a.err.Error()
	}
	return fmt.Sprintf("%d of %s", a.status, cmp.Or(a.program, "a program without X-Served-By"))
}

// wrong is an error with a line for each wrong answer.
func wrong(answers []answer) error {
	var errs []error
	for _, a := range answers {
		if !a.right() {
			errs = append(errs, fmt.Errorf("smoke: %s: %s, want %s", a.path, a.got(), a.want()))
		}
	}
	return errors.Join(errs...)
}
