package services

import (
	"cmp"
	"iter"
	"slices"
)

// without returns the name of the program that serves a route's requests when its
// service has no rules: the service with the next rule that takes them, or the monolith. It
// is empty where the load balancer answers 404.
//
// A path below another service's is the other's while that is live; see checkRest
// for what has no one answer.
func without(c Catalog, m Migration, s Service, r Route) string {
	return rest(c, m, s, r.requests()[0])[0]
}

// Rest returns the names of the programs that serve a service's requests when it has no rules, in
// the order of its routes. The name is empty where the load balancer answers 404.
func Rest(c Catalog, m Migration, s Service) []string {
	var programs []string
	for _, r := range s.Routes {
		if name := without(c, m, s, r); !slices.Contains(programs, name) {
			programs = append(programs, name)
		}
	}
	return programs
}

// rest returns the names of the programs that serve requests of a service when it has no
// rules, in the order of their priorities. The name is empty for the load balancer itself.
func rest(c Catalog, m Migration, s Service, of requests) []string {
	var programs []string
	for other, r := range below(c, m, s, of) {
		if !slices.Contains(programs, other.Name) {
			programs = append(programs, other.Name)
		}
		if r.include(of) {
			return programs
		}
	}
	if m.Monolith == Serving {
		return append(programs, c.Monolith.Name)
	}
	return append(programs, "")
}

// below yields the routes of other services that have traffic and may take requests of a
// service when that has no rules, in the order of their rules.
func below(c Catalog, m Migration, s Service, of requests) iter.Seq2[Service, Route] {
	return func(yield func(Service, Route) bool) {
		for _, other := range c.after(s) {
			for _, r := range other.Routes {
				if m.Of(other, r) != Dark && r.meets(of) && !yield(other, r) {
					return
				}
			}
		}
	}
}

// after returns the services whose rules are evaluated after those of one, in that order.
func (c Catalog) after(s Service) []Service {
	later := slices.DeleteFunc(slices.Clone(c.Services), func(other Service) bool { return other.Priority <= s.Priority })
	slices.SortFunc(later, func(a, b Service) int { return cmp.Compare(a.Priority, b.Priority) })
	return later
}

// include reports whether all of the requests are the route's.
func (r Route) include(of requests) bool {
	return slices.ContainsFunc(r.requests(), func(own requests) bool { return own.include(of) })
}

// meets reports whether one of the requests can be the route's.
func (r Route) meets(of requests) bool {
	return slices.ContainsFunc(r.requests(), of.meet)
}

// meets reports whether a request can be one of both services.
func (s Service) meets(other Service) bool {
	return slices.ContainsFunc(s.Routes, func(ours Route) bool {
		return slices.ContainsFunc(other.Routes, ours.meetsRoute)
	})
}

func (r Route) meetsRoute(other Route) bool { return slices.ContainsFunc(other.requests(), r.meets) }
