package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
)

// recording is the GETs and HEADs that were recorded, and how many requests it leaves out.
type recording struct {
	// name is what the requests are of, such as "the log".
	name     string
	requests map[sent]int
	// minutes are how many requests each minute has, without those that are left out.
	minutes map[time.Time]int
	// leftOut is how many requests are left out, by the reason.
	leftOut map[string]int
	// malformed is how much could not be read, and first the error of the first.
	malformed int
	first     error
}

func newRecording(name string) *recording {
	return &recording{name: name, requests: map[sent]int{}, minutes: map[time.Time]int{}, leftOut: map[string]int{}}
}

// sent is a request as it was sent. Requests that are alike are equal.
type sent struct {
	method, host, target string
	header               [len(kept)]string
}

// kept are the header fields of a recording that are sent again. All others are left out,
// cookies and credentials among them.
var kept = [...]string{"Accept", "Accept-Language", "Content-Type"}

// add counts a request, or why it is left out. Without a time it has no minute.
func (r *recording) add(method string, at *url.URL, header [len(kept)]string, when time.Time) {
	switch {
	case method != http.MethodGet && method != http.MethodHead:
		r.leftOut["of another verb than GET and HEAD"]++
		return
	case at.Scheme != "http" && at.Scheme != "https" || at.Host == "":
		r.leftOut["without an address of HTTP"]++
		return
	}
	r.requests[sent{method, hostOf(at), targetOf(at), header}]++
	if !when.IsZero() {
		r.minutes[when.Truncate(time.Minute)]++
	}
}

// reject counts what could not be read.
func (r *recording) reject(n int, first error) {
	r.malformed += n
	r.first = cmp.Or(r.first, first)
}

// hostOf is the name in a URL, which has no port in a rule of the load balancer.
func hostOf(at *url.URL) string {
	name := at.Hostname()
	if strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return name
}

// targetOf is the path and query of a URL as they were sent. Two braces begin a placeholder of
// the traffic's, so they are escaped.
func targetOf(at *url.URL) string {
	return strings.ReplaceAll(at.RequestURI(), "{{", "%7B%7B")
}

// total is how many requests are kept.
func (r *recording) total() int {
	n := 0
	for _, count := range r.requests {
		n += count
	}
	return n
}

// busiest is how many requests the busiest minute has.
func (r *recording) busiest() int {
	most := 0
	for _, n := range r.minutes {
		most = max(most, n)
	}
	return most
}

// rate is the requests a second in the busiest minute, rounded.
func (r *recording) rate() int { return (r.busiest() + 30) / 60 }

// traffic is what the recording has for a catalog. Its kinds have no status: that is what the
// first answer has.
func (r *recording) traffic(c services.Catalog) (traffic.Traffic, []string, error) {
	if len(r.requests) == 0 {
		return nil, nil, r.empty()
	}
	requests := r.routed(c)
	requests, raised := mixOf(requests)
	kinds, err := kindsOf(c, requests).CompleteRecorded(c)
	if err != nil {
		return nil, nil, err
	}
	notes := []string{r.summary()}
	if left := r.left(); left != "" {
		notes = append(notes, left)
	}
	for _, s := range kinds.Unreached(c) {
		notes = append(notes, fmt.Sprintf("no request of %s reaches %s: it is not rehearsed", r.name, s.Name))
	}
	return kinds, append(notes, raised...), nil
}

// empty says why there is nothing to send.
func (r *recording) empty() error {
	text := "no GET or HEAD in " + r.name
	if left := r.left(); left != "" {
		text += ": " + left
	}
	return errors.New(text)
}

// routed are the requests with the routes of the catalog that take them. Those that count for
// no path, although a route takes them, are left out.
func (r *recording) routed(c services.Catalog) []weighted {
	routes := routerOf(c)
	var all []weighted
	for request, n := range r.requests {
		path, route, ok := routes.find(request)
		if !ok {
			r.leftOut["of a path that two services have on different hosts or verbs"] += n
			continue
		}
		all = append(all, weighted{sent: request, path: path, route: route, n: float64(n)})
	}
	return all
}

// kindsOf are the kinds of the requests. A recording does not say what an answer depends on: it
// may be anything that the service calls.
func kindsOf(c services.Catalog, requests []weighted) traffic.Traffic {
	var kinds traffic.Traffic
	for i, request := range requests {
		header := map[string]string{"Host": request.host}
		for j, value := range request.header {
			if value != "" {
				header[kept[j]] = value
			}
		}
		kinds = append(kinds, traffic.Kind{
			Name: fmt.Sprintf("recorded-%d", i+1), Path: request.path, Weight: max(1, int(request.n+0.5)), Method: request.method,
			Target: request.target, Header: header, Needs: calledBy(c, ownerOf(c, request.path)),
		})
	}
	return kinds
}

// calledBy are paths of the services that a service calls, one of each.
func calledBy(c services.Catalog, name string) []string {
	var paths []string
	if s := c.Find(name); s != nil {
		for _, callee := range s.Calls {
			if called := c.Find(callee); called != nil && len(called.Routes) > 0 {
				paths = append(paths, called.Patterns()[0])
			}
		}
	}
	return paths
}

// summary says how much there is.
func (r *recording) summary() string {
	text := fmt.Sprintf("%s: %d GETs and HEADs, %d different ones", r.name, r.total(), len(r.requests))
	if len(r.minutes) > 0 {
		text += fmt.Sprintf(", %d in the busiest minute", r.busiest())
	}
	return text
}

// left says what of the recording is left out, or "".
func (r *recording) left() string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(r.leftOut)) {
		parts = append(parts, fmt.Sprintf("%d %s", r.leftOut[reason], reason))
	}
	if r.malformed > 0 {
		parts = append(parts, fmt.Sprintf("%d malformed, the first in %v", r.malformed, r.first))
	}
	if len(parts) == 0 {
		return ""
	}
	return "left out: " + strings.Join(parts, "; ")
}
