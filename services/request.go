package services

import (
	"slices"
	"strings"
)

// requests are all requests with one value of each condition of a rule or route. An empty
// host, verb, header or source stands for any.
type requests struct {
	path, host, verb, header, source string
}

// requests returns the rule's requests, value by value.
func (r Rule) requests() []requests {
	var all []requests
	for _, path := range r.Paths {
		for _, host := range orAny(r.Hosts) {
			for _, verb := range orAny(r.Verbs) {
				for _, source := range orAny(r.Sources) {
					all = append(all, requests{path, host, verb, r.RouteTo, source})
				}
			}
		}
	}
	return all
}

func (r Route) requests() []requests {
	return Rule{Paths: r.Paths, Hosts: r.Hosts, Verbs: r.Verbs}.requests()
}

// Takes reports whether the rule takes a request from any address, without the
// PreviewHeader. A path with wildcards stands for all that they match.
func (r Rule) Takes(verb, host, path string) bool {
	sent := requests{path: path, host: host, verb: verb}
	return slices.ContainsFunc(r.requests(), func(own requests) bool { return own.include(sent) })
}

// Takes reports whether the route takes a request. A path with wildcards stands for all
// that they match.
func (r Route) Takes(verb, host, path string) bool {
	return r.include(requests{path: path, host: host, verb: verb})
}

// orAny is the values of a condition, or the one that stands for any.
func orAny(values []string) []string {
	if len(values) == 0 {
		return []string{""}
	}
	return values
}

// include reports whether all of other are among the requests.
func (r requests) include(other requests) bool {
	return covers(r.path, other.path) &&
		(r.host == "" || other.host != "" && covers(strings.ToLower(r.host), strings.ToLower(other.host))) &&
		(r.verb == "" || r.verb == other.verb) &&
		(r.header == "" || strings.EqualFold(r.header, other.header)) &&
		(r.source == "" || r.source == other.source)
}

// meet reports whether one request can match both, from any address.
func (r requests) meet(other requests) bool {
	return overlap(r.path, other.path) &&
		(r.host == "" || other.host == "" || overlap(strings.ToLower(r.host), strings.ToLower(other.host))) &&
		(r.verb == "" || other.verb == "" || r.verb == other.verb)
}

// String returns the verb, the host and the path: "GET www.example.com/orders/*".
func (r requests) String() string {
	text := r.host + r.path
	if r.verb != "" {
		text = r.verb + " " + text
	}
	return text
}
