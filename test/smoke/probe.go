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
	verb string
	// host is the request's Host, and empty for that of the environment's address.
	host, path string
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

// probes are one for each path of a complete catalog, in each host that its route names.
// A route without GET and HEAD has none: another verb might change something. Of the live
// rules the first that takes the request says who may answer, and without one the load
// balancer's 404 is right. Alone is whether no one else has rules in the listener: others
// may answer what is left of a monolith that has no rule.
func probes(c services.Catalog, m services.Migration, alone bool) []probe {
	rules := slices.DeleteFunc(services.Rules(services.Plan(c, m, nil)), func(r services.Rule) bool { return r.Kind != services.LiveRule })
	var all []probe
	for _, s := range c.All() {
		for _, route := range s.Routes {
			verb, ok := readingVerb(route)
			for _, host := range hostsOf(route) {
				for _, pattern := range route.Paths {
					p := probe{verb: verb, host: host, path: sample.Replace(pattern)}
					takers := first(rules, p)
					if !ok || len(takers) == 0 && !alone || slices.ContainsFunc(all, p.alike) {
						continue
					}
					p.programs = programs(c, takers)
					all = append(all, p)
				}
			}
		}
	}
	return all
}

func (p probe) alike(other probe) bool {
	return p.verb == other.verb && p.host == other.host && p.path == other.path
}

// readingVerb is GET or, where a route has not, HEAD.
func readingVerb(route services.Route) (verb string, ok bool) {
	for _, verb := range []string{http.MethodGet, http.MethodHead} {
		if len(route.Verbs) == 0 || slices.Contains(route.Verbs, verb) {
			return verb, true
		}
	}
	return "", false
}

// hostsOf are examples of a route's hosts. Empty is that of the environment's address.
func hostsOf(route services.Route) []string {
	if len(route.Hosts) == 0 {
		return []string{""}
	}
	var hosts []string
	for _, pattern := range route.Hosts {
		hosts = append(hosts, sample.Replace(pattern))
	}
	return hosts
}

// first is the rule that takes a probe, alone, or none.
func first(rules []services.Rule, p probe) []services.Rule {
	for _, rule := range rules {
		if rule.Takes(p.verb, p.host, p.path) {
			return []services.Rule{rule}
		}
	}
	return nil
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
		response, err := p.send(&client, strings.TrimSuffix(url, "/"))
		if a.err = err; err == nil {
			response.Body.Close()
			a.status, a.program = response.StatusCode, response.Header.Get("X-Served-By")
		}
		answers = append(answers, a)
	}
	return answers
}

func (p probe) send(client *http.Client, url string) (*http.Response, error) {
	request, err := http.NewRequest(p.verb, url+p.path, nil)
	if err != nil {
		return nil, err
	}
	request.Host = p.host
	return client.Do(request)
}

// String returns the verb unless it is GET, the host if it has one, and the path.
func (p probe) String() string {
	if p.verb == http.MethodGet {
		return p.host + p.path
	}
	return p.verb + " " + p.host + p.path
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
			errs = append(errs, fmt.Errorf("smoke: %s: %s, want %s", a.probe, a.got(), a.want()))
		}
	}
	return errors.Join(errs...)
}
