package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/accesslog"
	"example.com/strangler/test/internal/alb"
)

// request is one that is safe to repeat, as it was sent.
type request struct {
	method, host, target string
	// kind is that of the catalog's traffic, which has a body and headers, and nil of a log.
	kind *traffic.Kind
}

// shape is the same for requests whose paths differ in a number or an id, such as
// "GET /orders/{}".
func (r request) shape() string {
	path, _, _ := strings.Cut(r.target, "?")
	return r.method + " " + varying.ReplaceAllString(path, "{}")
}

// varying is a part of a path that is likely one of many, as it has a digit.
var varying = regexp.MustCompile(`[^/]*[0-9][^/]*`)

// recorded are the requests of logs that a service would answer, by their shapes.
type recorded struct {
	shapes map[string]map[request]int
	// kept counts the requests that are the service's, and unlike those of them that are not looked
	// at: they differ from all before, of which there are too many. others counts those that are
	// left out, malformed the lines.
	kept, unlike, others, malformed int
	// different is how many requests there are in shapes, and most how many there may be.
	different, most int
}

// String says how many there are.
func (r *recorded) String() string {
	text := fmt.Sprintf("%d requests of %d shapes; left out: %d of another service, verb or answer", r.kept, len(r.shapes), r.others)
	if r.unlike > 0 {
		text += fmt.Sprintf(", %d after the first %d that differ", r.unlike, r.most)
	}
	if r.malformed > 0 {
		text += fmt.Sprintf(", %d lines that cannot be read", r.malformed)
	}
	return text
}

// mostDifferent is how many different requests are kept, some 200 bytes each. What comes often is
// likely among the first.
const mostDifferent = 1_000_000

func newRecorded() *recorded {
	return &recorded{shapes: map[string]map[request]int{}, most: mostDifferent}
}

// readLogs reads logs. What the load balancer answered itself, or a program with an error, is
// left out, as are WebSockets, and what another service of the catalog takes.
func (r *recorded) readLogs(ctx context.Context, from source, names []string, c services.Catalog, service services.Service) error {
	rules := rulesOf(c)
	isOwn := func(sent *http.Request) bool { return rules.Route(sent).ID == service.Name }
	for _, name := range names {
		if err := from.each(ctx, name, func(log string, lines io.Reader) error { return r.read(log, lines, isOwn) }); err != nil {
			return err
		}
	}
	return nil
}

// takeTraffic takes what is safe of a service's traffic in a catalog. What names an item that was
// written before is left out.
func (r *recorded) takeTraffic(t traffic.Traffic, c services.Catalog, service services.Service) error {
	kinds, err := t.Complete(c)
	if err != nil {
		return err
	}
	for i, k := range kinds {
		if !k.IsSafe() || strings.Contains(k.Target+k.Body, "{{") || !slices.Contains(service.Patterns(), k.Path) {
			r.others++
			continue
		}
		r.keep(request{k.Method, k.Header["Host"], k.Target, &kinds[i]}, k.Weight)
	}
	return nil
}

// keep counts a request.
func (r *recorded) keep(one request, n int) {
	r.kept += n
	own := r.shapes[one.shape()]
	if own[one] == 0 {
		if r.different == r.most {
			r.unlike += n
			return
		}
		r.different++
	}
	if own == nil {
		own = map[request]int{}
		r.shapes[one.shape()] = own
	}
	own[one] += n
}

func (r *recorded) read(name string, lines io.Reader, isOwn func(*http.Request) bool) error {
	malformed, _, err := accesslog.Read(lines, func(e accesslog.Entry) error {
		if !r.add(e, isOwn) {
			r.others++
		}
		return nil
	})
	r.malformed += malformed
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// add reports whether an entry is one of the service's that is safe to repeat. A target that
// timed out or broke off has a group and no status.
func (r *recorded) add(e accesslog.Entry, isOwn func(*http.Request) bool) bool {
	if e.URL == nil || e.Type == "ws" || e.Type == "wss" ||
		e.TargetGroup == "" || e.TargetStatus == 0 || e.TargetStatus >= http.StatusInternalServerError ||
		e.Method != http.MethodGet && e.Method != http.MethodHead {
		return false
	}
	one := request{method: e.Method, host: e.URL.Hostname(), target: e.URL.RequestURI()}
	at, err := url.ParseRequestURI(one.target)
	if err != nil || !isOwn(&http.Request{Method: one.method, Host: one.host, URL: at}) {
		return false
	}
	r.keep(one, 1)
	return true
}

// rulesOf are the routes of all services as rules that have the names of their services, in the
// order in which the load balancer asks them once all are live.
func rulesOf(c services.Catalog) alb.Listener {
	var l alb.Listener
	for _, s := range c.Services {
		for i, route := range s.Routes {
			conditions := []alb.Condition{alb.PathPattern(route.Paths)}
			if len(route.Hosts) > 0 {
				conditions = append(conditions, alb.HostHeader(route.Hosts))
			}
			if len(route.Verbs) > 0 {
				conditions = append(conditions, alb.HTTPRequestMethod(route.Verbs))
			}
			l.Rules = append(l.Rules, alb.Rule{ID: s.Name, Priority: s.Priority + i, Conditions: conditions})
		}
	}
	return l
}

// sample is at most n different requests: of each shape the most frequent one, then the second
// of each, so that a rare route counts as much as a busy one. Where there are more shapes, those
// that come most often are in it.
func (r *recorded) sample(n int) []request {
	total := map[string]int{}
	ranked := map[string][]request{}
	for name, own := range r.shapes {
		for _, times := range own {
			total[name] += times
		}
		ranked[name] = slices.SortedFunc(maps.Keys(own), func(a, b request) int {
			return cmp.Or(cmp.Compare(own[b], own[a]), cmp.Compare(a.target, b.target), cmp.Compare(a.host, b.host))
		})
	}
	names := slices.SortedFunc(maps.Keys(ranked), func(a, b string) int { return cmp.Or(total[b]-total[a], cmp.Compare(a, b)) })
	var all []request
	for rank := 0; len(all) < min(n, r.different); rank++ {
		for _, name := range names {
			if rank < len(ranked[name]) && len(all) < n {
				all = append(all, ranked[name][rank])
			}
		}
	}
	return all
}
