package diff

import (
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
	for _, path := range livePaths(c.before, c.after) {
		if move := move(serving(c.before, path), serving(c.after, path)); move != "" {
			if moving[move] == nil {
				moves = append(moves, move)
			}
			moving[move] = append(moving[move], path)
		}
	}
	var lines []string
	for _, move := range moves {
		lines = append(lines, fmt.Sprintf("%s: %s.", codes(moving[move]), move))
	}
	return lines
}

// livePaths are the patterns of all rules without the preview header.
func livePaths(stages ...*assembly.Stage) []string {
	var paths []string
	for _, stage := range stages {
		for _, rule := range stage.ListenerRules {
			for _, condition := range rule.Rule.Conditions {
				if patterns, ok := condition.(alb.PathPattern); ok && public(rule.Rule) {
					paths = append(paths, patterns...)
				}
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// serving is the percentage of a path's requests that each program gets, of a client
// outside the VPC. The load balancer answers what no program serves.
func serving(stage *assembly.Stage, pattern string) map[string]int {
	percent := map[string]int{}
	for _, listener := range stage.Listeners {
		if len(listener.Routing.Rules) == 0 {
			continue
		}
		for group, share := range listener.Routing.Route(example(pattern)).Shares() {
			percent[stage.Program(group)] += int(math.Round(100 * share))
		}
	}
	if len(percent) == 0 && len(stage.Listeners) > 0 {
		percent["load balancer"] = 100
	}
	return percent
}

// example is a request that matches a pattern.
func example(pattern string) *http.Request {
	path := strings.NewReplacer("*", "1", "?", "1").Replace(pattern)
	return &http.Request{Method: "GET", URL: &url.URL{Path: path, RawPath: path}, RemoteAddr: "203.0.113.9:1234"}
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
