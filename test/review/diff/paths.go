package diff

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// paths says which programs serve each path that moves, before and after. Paths that
// move alike are one line.
func (c comparison) paths() []string {
	var moves []string
	moving := map[string][]string{}
	for _, served := range livePaths(c.before, c.after) {
		if move := move(serving(c.before, served), serving(c.after, served)); move != "" {
			if moving[move] == nil {
				moves = append(moves, move)
			}
			moving[move] = append(moving[move], served.String())
		}
	}
	var lines []string
	for _, move := range moves {
		lines = append(lines, fmt.Sprintf("%s: %s.", codes(moving[move]), move))
	}
	return lines
}

// served are the requests for a pattern, with a verb and to a host if rules name them.
type served struct{ path, host, verb string }

// String is such as "GET www.example.com/orders/*".
func (s served) String() string { return strings.TrimPrefix(s.verb+" "+s.host+s.path, " ") }

// livePaths are what the rules without the preview header match.
func livePaths(stages ...*assembly.Stage) []served {
	var all []served
	for _, stage := range stages {
		for _, rule := range stage.ListenerRules {
			if public(rule.Rule) {
				all = append(all, servedBy(rule.Rule)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b served) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.host, b.host), cmp.Compare(a.verb, b.verb))
	})
	return slices.Compact(all)
}

func servedBy(rule alb.Rule) []served {
	paths, hosts, verbs := []string{}, []string{""}, []string{""}
	for _, condition := range rule.Conditions {
		switch c := condition.(type) {
		case alb.PathPattern:
			paths = c
		case alb.HostHeader:
			hosts = c
		case alb.HTTPRequestMethod:
			verbs = c
		}
	}
	var all []served
	for _, path := range paths {
		for _, host := range hosts {
			for _, verb := range verbs {
				all = append(all, served{path, host, verb})
			}
		}
	}
	return all
}

// serving is the percentage of a path's requests that each program gets, of a client
// outside the VPC. What no program serves, the load balancer answers, or the listener that
// was there already sends where its own rules say.
func serving(stage *assembly.Stage, requests served) map[string]int {
	percent := map[string]int{}
	for _, routing := range routings(stage) {
		for group, share := range routing.Route(requests.example()).Shares() {
			percent[cmp.Or(stage.Program(group), existing)] += int(math.Round(100 * share))
		}
	}
	switch {
	case len(percent) > 0:
	case joins(stage):
		percent[existing] = 100
	case len(stage.Listeners) > 0:
		percent["load balancer"] = 100
	}
	return percent
}

// existing is what a listener does that no template has: its rules, its default action, and
// the target groups that these lead to, such as that of an external monolith.
const existing = "existing listener"

// routings are the listeners that have rules, also one that no template has.
func routings(stage *assembly.Stage) []alb.Listener {
	var all []alb.Listener
	for _, listener := range stage.Listeners {
		if len(listener.Routing.Rules) > 0 {
			all = append(all, listener.Routing)
		}
	}
	var joined alb.Listener
	for _, rule := range stage.ListenerRules {
		if isJoined(rule) {
			joined.Rules = append(joined.Rules, rule.Rule)
		}
	}
	if len(joined.Rules) > 0 {
		all = append(all, joined)
	}
	return all
}

// example is one of the requests. Where any verb or host will do it has one that no rule
// names.
func (s served) example() *http.Request {
	fill := strings.NewReplacer("*", "1", "?", "1")
	path := fill.Replace(s.path)
	return &http.Request{
		Method: cmp.Or(s.verb, "ANY"), Host: fill.Replace(cmp.Or(s.host, "any.invalid")),
		URL: &url.URL{Path: path, RawPath: path}, RemoteAddr: "203.0.113.9:1234",
	}
}

// move says which programs gain and lose. It is empty when none does.
func move(before, after map[string]int) string {
	if maps.Equal(before, after) {
		return ""
	}
	var parts []string
	for _, program := range union(before, after) {
		if from, to := before[program], after[program]; from != to {
			parts = append(parts, fmt.Sprintf("%s %d → %d %%", name(program), from, to))
		}
	}
	return strings.Join(parts, ", ")
}
