package services

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Quotas of an Application Load Balancer, which CloudFormation would report
// only in the middle of a deployment.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
const (
	maxRules              = 100
	maxTargetGroups       = 100
	maxTargetGroupsAction = 5
	maxPatternLength      = 128
	maxPriority           = 50000
)

// pathPattern holds the characters that a path condition accepts.
var pathPattern = regexp.MustCompile(`^[/*?][A-Za-z0-9_\-.$/~"'@:+&*?]*$`)

// Lint refuses a catalog with listener rules that the load balancer would reject or
// never reach, in any phase. The error names every rule that takes part and what to
// change. previewFrom are the CIDR blocks of the preview rules.
func Lint(c Catalog, previewFrom []string) error {
	return Listener{PreviewFrom: previewFrom}.Lint(c)
}

// mostRules is a migration with every rule that a catalog can have, so that a
// mistake shows before its service goes live.
func mostRules(c Catalog) Migration {
	m := Migration{Services: map[string]Phase{}, Routes: map[string]Phase{}, Monolith: Serving}
	for _, s := range c.Services {
		m.Services[s.Name] = Phase{Share: 50}
		for _, r := range s.named() {
			m.Routes[r.Key(s.Name)] = Phase{Share: 50}
		}
	}
	return m
}

// lint checks rules in evaluation order, each with each that comes before it.
func lint(rules []Rule) error {
	for i, r := range rules {
		if err := r.lint(); err != nil {
			return fmt.Errorf("services: %s: %w", r, err)
		}
		for _, earlier := range rules[:i] {
			if err := lintPair(earlier, r); err != nil {
				return fmt.Errorf("services: %w", err)
			}
		}
	}
	return nil
}

// String returns the rule's name in errors, such as
// live rule of "orders" (priority 25100).
func (r Rule) String() string {
	return fmt.Sprintf("%s rule of %q (priority %d)", r.Kind, Route{Name: r.Route}.Key(r.Service), r.Priority)
}

func countTargetGroups(rules []Rule) int {
	groups := map[string]bool{}
	for _, r := range rules {
		for _, f := range r.Forward {
			groups[f.Service] = true
		}
	}
	return len(groups)
}

// lint checks one rule by itself.
func (r Rule) lint() error {
	if r.Priority < 1 || r.Priority > maxPriority {
		return fmt.Errorf("want a priority from 1 to %d", maxPriority)
	}
	if len(r.Forward) > maxTargetGroupsAction {
		return fmt.Errorf("forwards to %d target groups: at most %d", len(r.Forward), maxTargetGroupsAction)
	}
	if n := countWildcards(slices.Concat(r.Paths, r.Hosts)); n > maxWildcardsPerRule {
		return fmt.Errorf("%d wildcards: a rule takes %d", n, maxWildcardsPerRule)
	}
	for i, p := range r.Paths {
		if err := lintPattern(p); err != nil {
			return err
		}
		for j, other := range r.Paths {
			if i != j && covers(other, p) {
				return fmt.Errorf("path %q is already in path %q: remove it", p, other)
			}
		}
	}
	return nil
}

func lintPattern(p string) error {
	switch {
	case len(p) > maxPatternLength:
		return fmt.Errorf("path %.20q… has %d characters: at most %d", p, len(p), maxPatternLength)
	case !pathPattern.MatchString(p):
		return fmt.Errorf(`path %q: want /, then letters, digits, wildcards and any of _-.$/~"'@:+&`, p)
	case len(p) > 1 && strings.HasSuffix(p, "*") && !strings.HasSuffix(p, "/*"):
		stem := strings.TrimRight(p, "*")
		return fmt.Errorf("path %q also takes %q: name %q and %q", p, stem+"settings", stem, stem+"/*")
	}
	return nil
}

// lintPair checks a rule against one that the listener evaluates before it.
func lintPair(earlier, later Rule) error {
	if earlier.Priority == later.Priority {
		return lintPriorities(earlier, later)
	}
	for _, want := range later.requests() {
		for _, take := range earlier.requests() {
			if !take.include(want) {
				continue
			}
			switch {
			case take.String() == want.String():
				return fmt.Errorf("%s and %s both want %q: remove it from one", earlier, later, want)
			case earlier.Service == later.Service:
				return fmt.Errorf("%s takes every request for %q of %s with %q: remove it, or put its route first", earlier, want, later, take)
			}
			return fmt.Errorf("%s takes every request for %q of %s with %q: give %q a lower priority number", earlier, want, later, take,
				later.Service)
		}
	}
	return nil
}

// lintPriorities refuses two rules with one priority. A service with several rules needs
// a priority for each.
func lintPriorities(a, b Rule) error {
	for _, r := range []Rule{a, b} {
		if r.Number > 1 {
			return fmt.Errorf("%s and %s have the same priority: %q has several rules, from priority %d on: leave room for them",
				a, b, r.Service, r.Priority-r.Number+1)
		}
	}
	return fmt.Errorf("%s and %s have the same priority: change one", a, b)
}

// covers reports whether the path pattern p matches all that q matches.
//
// It reads q as a path in which only a wildcard of p can stand for a wildcard
// of q. That finds every cover of one pattern by another once each run of
// wildcards is in one order, question marks first.
func covers(p, q string) bool {
	return match(sortWildcards(p), sortWildcards(q))
}

func match(p, q string) bool {
	if p == "" {
		return q == ""
	}
	switch {
	case p[0] == '*':
		return match(p[1:], q) || q != "" && match(p, q[1:])
	case q == "" || q[0] == '*':
		return false
	case p[0] == '?' || p[0] == q[0]:
		return match(p[1:], q[1:])
	}
	return false
}

// overlap reports whether some path matches both patterns.
func overlap(p, q string) bool {
	if p == "" || q == "" {
		return strings.Trim(p+q, "*") == ""
	}
	switch {
	case p[0] == '*':
		return overlap(p[1:], q) || overlap(p, q[1:])
	case q[0] == '*':
		return overlap(p, q[1:]) || overlap(p[1:], q)
	case p[0] == '?' || q[0] == '?' || p[0] == q[0]:
		return overlap(p[1:], q[1:])
	}
	return false
}

var wildcards = regexp.MustCompile(`[*?]+`)

// sortWildcards writes each run of wildcards as its question marks, then one star if
// it has any.
func sortWildcards(p string) string {
	return wildcards.ReplaceAllStringFunc(p, func(run string) string {
		star := ""
		if strings.Contains(run, "*") {
			star = "*"
		}
		return strings.Repeat("?", strings.Count(run, "?")) + star
	})
}
