package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
)

// router finds the pattern of a catalog that a request counts for, as the load balancer does
// once every service is live.
type router struct {
	catalog  services.Catalog
	listener alb.Listener
	// routed are the routes of the rules, each with its service and one pattern, by priority
	// from 1 on.
	routed []routed
}

type routed struct {
	service string
	route   services.Route
	pattern string
}

// routerOf has the patterns of the first priority first, and of one route the most specific
// first.
func routerOf(c services.Catalog) *router {
	r := &router{catalog: c}
	for _, s := range slices.SortedFunc(slices.Values(c.Services), byPriority) {
		for _, route := range s.Routes {
			for _, pattern := range slices.SortedStableFunc(slices.Values(route.Paths), mostLiteral) {
				r.routed = append(r.routed, routed{s.Name, route, pattern})
				r.listener.Rules = append(r.listener.Rules, alb.Rule{Priority: len(r.routed), Conditions: conditionsOf(route, pattern)})
			}
		}
	}
	return r
}

// mostLiteral orders patterns by their characters that are no wildcards. One that matches all
// that another does has no more of them.
func mostLiteral(a, b string) int { return literals(b) - literals(a) }

func literals(pattern string) int {
	return len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "?")
}

func conditionsOf(r services.Route, pattern string) []alb.Condition {
	conditions := []alb.Condition{alb.PathPattern{pattern}}
	if len(r.Hosts) > 0 {
		conditions = append(conditions, alb.HostHeader(r.Hosts))
	}
	if len(r.Verbs) > 0 {
		conditions = append(conditions, alb.HTTPRequestMethod(r.Verbs))
	}
	return conditions
}

// find returns the pattern that a request counts for and the name of its route, both empty for
// none of a service. It is not ok where the pattern counts for another service's requests, or
// the host has wildcards.
func (r *router) find(request sent) (pattern, route string, ok bool) {
	at, err := url.ParseRequestURI(request.target)
	if err != nil {
		return "", "", false
	}
	rule := r.listener.Route(&http.Request{Method: request.method, Host: request.host, URL: at})
	if rule.Priority == 0 {
		return "", "", true
	}
	found := r.routed[rule.Priority-1]
	ok = ownerOf(r.catalog, found.pattern) == found.service && found.route.Takes(request.method, request.host, found.pattern)
	return found.pattern, found.route.Name, ok
}
