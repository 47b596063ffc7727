package services

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Route is a part of the requests that a service serves: those that meet all of its
// conditions. It becomes as many listener rules as its conditions need.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
type Route struct {
	// Name gives the route a phase of its own, under the key "orders.reads" for the route
	// reads of orders. It is written as a service's. Empty means that the route has the phase
	// of the service, as at least one has.
	Name string
	// Paths are path patterns of which one matches. Name a collection and the paths below
	// it separately ("/api/orders", "/api/orders/*"): "/api/orders*" would also take
	// "/api/ordersettings". Required.
	Paths []string
	// Hosts are host names of which one matches, in any case. * stands for any run of
	// characters and ? for one. Where an environment has domains, each host is on one of them.
	// Empty means any host.
	Hosts []string
	// Verbs are methods of which one matches, in capitals. GET means GET alone: name HEAD
	// beside it. Empty means any.
	Verbs []string
	// Rewrite changes the URL that the program gets. Zero means that it gets what was sent.
	Rewrite Rewrite
}

// Key returns the key of the route's phase in cdk.json: that of the service, or
// "orders.reads" of a route with a name.
func (r Route) Key(service string) string {
	if r.Name == "" {
		return service
	}
	return service + "." + r.Name
}

// Keys returns the keys that the migration in cdk.json has: each service and then its
// routes with a name, and the monolith last.
func (c Catalog) Keys() []string {
	var keys []string
	for _, s := range c.WithPaths() {
		keys = append(keys, s.Name)
		for _, r := range s.named() {
			keys = append(keys, r.Key(s.Name))
		}
	}
	return keys
}

// A host condition has at most 128 characters and at least one dot, with letters alone
// after the last.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#host-conditions
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9\-.*?]*\.[A-Za-z*?]+$`)

// A verb has at most 40 capitals, hyphens and underscores.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpRequestMethodConditionConfig.html
var verbPattern = regexp.MustCompile(`^[A-Z\-_]{1,40}$`)

// Patterns returns the path patterns of all routes, each once, in their order.
func (s Service) Patterns() []string {
	var all []string
	for _, r := range s.Routes {
		for _, path := range r.Paths {
			if !slices.Contains(all, path) {
				all = append(all, path)
			}
		}
	}
	return all
}

// named are the routes that have a phase of their own.
func (s Service) named() []Route {
	return slices.DeleteFunc(slices.Clone(s.Routes), func(r Route) bool { return r.Name == "" })
}

// completeRoutes makes one route of the paths of a service that has no more.
func (s Service) completeRoutes() ([]Route, error) {
	switch {
	case len(s.Paths) > 0 && len(s.Routes) > 0:
		return nil, fmt.Errorf("it has Paths and Routes: move the paths into a route")
	case len(s.Paths) > 0:
		return []Route{{Paths: s.Paths}}, nil
	case len(s.Routes) == 0:
		return nil, fmt.Errorf("no path: set Paths, or Routes where it has more than one, or move it to Workers")
	}
	return slices.Clone(s.Routes), nil
}

func (s Service) checkRoutes() error {
	names := map[string]bool{}
	for i, r := range s.Routes {
		if err := r.check(); err != nil {
			return fmt.Errorf("route %d: %w", i+1, err)
		}
		if r.Name != "" && names[r.Name] {
			return fmt.Errorf("two routes are called %q: rename one", r.Name)
		}
		if r.Name != "" && slices.ContainsFunc(s.Routes[:i], func(earlier Route) bool { return earlier.Name == "" && earlier.meetsRoute(r) }) {
			return fmt.Errorf("route %q comes after one without a name that has requests of it: put the routes with a name first, as they "+
				"move first", r.Name)
		}
		names[r.Name] = true
	}
	if len(s.Routes) > 0 && !names[""] {
		return fmt.Errorf("all of its routes have a name: leave out one at least, which has the phase of the service")
	}
	return nil
}

func (r Route) check() error {
	switch {
	case r.Name != "" && !fitsName(r.Name):
		return fmt.Errorf("its name is %q: want at most 20 lower-case letters, digits and single dashes, starting with a letter", r.Name)
	case len(r.Paths) == 0:
		return fmt.Errorf("no path: name at least one")
	}
	for _, host := range r.Hosts {
		if len(host) > maxPatternLength || !hostPattern.MatchString(host) {
			return fmt.Errorf("host %q: want at most %d letters, digits, dashes, dots and wildcards, with letters after the last dot", host,
				maxPatternLength)
		}
	}
	for _, verb := range r.Verbs {
		if !verbPattern.MatchString(verb) {
			return fmt.Errorf("verb %q: want a method in capitals, such as GET", verb)
		}
	}
	if twice := repeated(slices.Concat(r.Verbs, lower(r.Hosts), r.Paths)); twice != "" {
		return fmt.Errorf("%q is there twice: remove one", twice)
	}
	return r.Rewrite.check()
}

// repeated is the first value that is there twice, or "".
func repeated(values []string) string {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return v
		}
	}
	return ""
}

func lower(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, strings.ToLower(text))
	}
	return all
}
