package services

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// TheirRule is a rule of a listener that others made.
type TheirRule struct {
	// ARN is the rule's.
	ARN string
	// Priority is 0 for the default action.
	Priority int
	// Default is whether the rule is the listener's default action.
	Default bool
	// Paths, Hosts and Verbs are the values of its conditions. Empty means any.
	Paths, Hosts, Verbs []string
	// Regex is whether one of these has expressions besides, of which any request can match
	// one.
	Regex bool
	// Narrow is whether it also wants a header, a query or a source.
	Narrow bool
	// Groups are the ARNs of the target groups that it forwards to. Another action has none.
	Groups []string
}

// describedRule is a rule in the answer of DescribeRules. The values of a condition stand
// on it, in its Config, or in both.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html
type describedRule struct {
	RuleArn    string
	Priority   string
	IsDefault  bool
	Conditions []struct {
		Field                                                        string
		Values, RegexValues                                          []string
		PathPatternConfig, HostHeaderConfig, HTTPRequestMethodConfig struct{ Values, RegexValues []string }
	}
	Actions []struct {
		TargetGroupArn string
		ForwardConfig  struct {
			TargetGroups []struct{ TargetGroupArn string }
		}
	}
}

// wanted is the file that ParseTheirs reads.
const wanted = "want the output of aws elbv2 describe-rules, as JSON"

// ParseTheirs reads the output of "aws elbv2 describe-rules", or the list of the rules alone
// that "--query Rules" leaves of it. It refuses a part of the rules: the default action is the
// last of all.
func ParseTheirs(text []byte) ([]TheirRule, error) {
	var output struct {
		Rules                 []describedRule
		NextMarker, NextToken string
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	var err error
	if bytes.HasPrefix(text, []byte("[")) {
		err = json.Unmarshal(text, &output.Rules)
	} else {
		err = json.Unmarshal(text, &output)
	}
	if err != nil {
		return nil, notRules(err)
	}
	if len(output.Rules) == 0 {
		return nil, fmt.Errorf("it has no rules: " + wanted)
	}
	var rules []TheirRule
	for _, described := range output.Rules {
		rule, err := described.read()
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", described.RuleArn, err)
		}
		rules = append(rules, rule)
	}
	complete := slices.ContainsFunc(rules, func(t TheirRule) bool { return t.Default })
	if output.NextMarker+output.NextToken != "" || !complete {
		return nil, fmt.Errorf("there are more rules than it has: write all of them with go run ./test/import rules")
	}
	return rules, nil
}

// notRules names the key whose value has a wrong type, in the words of JSON.
func notRules(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf(wanted+": %s is a JSON %s", cmp.Or(wrong.Field, "the whole"), wrong.Value)
	}
	return fmt.Errorf(wanted+": %w", err)
}

func (d describedRule) read() (TheirRule, error) {
	rule := TheirRule{ARN: d.RuleArn, Default: d.IsDefault}
	if !d.IsDefault {
		var err error
		if rule.Priority, err = strconv.Atoi(d.Priority); err != nil {
			return TheirRule{}, fmt.Errorf("priority %q: want a number", d.Priority)
		}
	}
	for _, c := range d.Conditions {
		config := c.PathPatternConfig
		into := &rule.Paths
		switch c.Field {
		case "path-pattern":
		case "host-header":
			config, into = c.HostHeaderConfig, &rule.Hosts
		case "http-request-method":
			config, into = c.HTTPRequestMethodConfig, &rule.Verbs
		default:
			rule.Narrow = true
			continue
		}
		*into = append(append(*into, c.Values...), config.Values...)
		rule.Regex = rule.Regex || len(c.RegexValues)+len(config.RegexValues) > 0
	}
	for _, a := range d.Actions {
		for _, group := range a.ForwardConfig.TargetGroups {
			rule.Groups = append(rule.Groups, group.TargetGroupArn)
		}
		if a.TargetGroupArn != "" {
			rule.Groups = append(rule.Groups, a.TargetGroupArn)
		}
	}
	for _, values := range []*[]string{&rule.Paths, &rule.Hosts, &rule.Verbs, &rule.Groups} {
		slices.Sort(*values)
		*values = slices.Compact(*values)
	}
	return rule, nil
}

// String returns the rule's name in errors, such as
// rule 20 of the listener (www.example.com, /orders/*).
func (t TheirRule) String() string {
	if t.Default {
		return "the listener's default action"
	}
	if values := slices.Concat(t.Verbs, t.Hosts, t.Paths); len(values) > 0 {
		return fmt.Sprintf("rule %d of the listener (%s)", t.Priority, strings.Join(values, ", "))
	}
	return fmt.Sprintf("rule %d of the listener", t.Priority)
}

// OfOthers returns the rules of a listener without those of the stage's own programs, which
// forward to a target group of theirs.
func OfOthers(rules []TheirRule, stage string, c Catalog) []TheirRule {
	own := map[string]bool{}
	for _, s := range c.All() {
		own[TargetGroupName(stage, s)] = true
	}
	return slices.DeleteFunc(slices.Clone(rules), func(t TheirRule) bool {
		return slices.ContainsFunc(t.Groups, func(arn string) bool {
			_, group, _ := strings.Cut(arn, ":targetgroup/")
			name, _, _ := strings.Cut(group, "/")
			return own[name]
		})
	})
}

// leadsTo reports whether the rule forwards to a target group alone.
func (t TheirRule) leadsTo(group string) bool { return len(t.Groups) == 1 && t.Groups[0] == group }

// requests returns the rule's requests, value by value, as far as a path, a host and a verb
// say them.
func (t TheirRule) requests() []requests {
	paths := t.Paths
	if len(paths) == 0 {
		paths = []string{"*"}
	}
	return Rule{Paths: paths, Hosts: t.Hosts, Verbs: t.Verbs}.requests()
}

// meets reports whether a request can be one of ours and the rule's.
func (t TheirRule) meets(ours requests) bool {
	return t.Regex || slices.ContainsFunc(t.requests(), ours.meet)
}

// takes reports whether the rule takes requests for all of our path, if only for some hosts
// or verbs of ours.
func (t TheirRule) takes(ours requests) bool {
	return !t.Regex && !t.Narrow && slices.ContainsFunc(t.requests(), func(theirs requests) bool {
		return covers(theirs.path, ours.path) && theirs.meet(ours)
	})
}

// takesAll reports whether the rule takes every request of ours.
func (t TheirRule) takesAll(ours requests) bool {
	return !t.Regex && !t.Narrow && slices.ContainsFunc(t.requests(), func(theirs requests) bool { return theirs.include(ours) })
}

// lintTheirs checks our rules, in evaluation order, against those that others made.
func (l Listener) lintTheirs(ours []Rule) error {
	for _, r := range ours {
		for _, t := range l.Theirs {
			if t.Priority == r.Priority {
				return fmt.Errorf("services: %s has the priority of %s: %s", r, t, l.aside(r))
			}
		}
	}
	for _, r := range ours {
		for _, wanted := range r.requests() {
			if err := l.lintRequests(r, wanted); err != nil {
				return fmt.Errorf("services: %w", err)
			}
		}
	}
	return nil
}

// lintQuotas counts our rules and target groups together with theirs.
func (l Listener) lintQuotas(ours []Rule) error {
	rules, groups := len(ours), map[string]bool{}
	for _, t := range l.Theirs {
		if !t.Default {
			rules++
		}
		for _, group := range t.Groups {
			groups[group] = true
		}
	}
	delete(groups, l.Monolith) // ours count it
	switch n := countTargetGroups(ours) + len(groups); {
	case rules > maxRules && len(l.Theirs) > 0:
		return fmt.Errorf("%d listener rules, %d of them ours: a load balancer takes %d", rules, len(ours), maxRules)
	case rules > maxRules:
		return fmt.Errorf("%d listener rules: a load balancer takes %d", rules, maxRules)
	case n > maxTargetGroups:
		return fmt.Errorf("%d target groups: a load balancer takes %d", n, maxTargetGroups)
	}
	return nil
}

// lintRequests checks requests of a rule of ours. A rule of theirs comes first for a purpose
// where it is for a narrower path, or for a host or verb of its own; it may not have all of
// ours, nor those that the monolith would have to give up. A live rule takes requests from
// the monolith alone.
func (l Listener) lintRequests(r Rule, wanted requests) error {
	served := false // by the monolith, before the default action
	for _, t := range l.Theirs {
		served = served || l.Monolith != "" && t.leadsTo(l.Monolith) && !t.Default && t.takes(wanted)
	}
	for _, t := range l.Theirs {
		ofMonolith := l.Monolith != "" && t.leadsTo(l.Monolith)
		switch {
		case !t.meets(wanted) || t.Default && (l.Monolith == "" || served || len(t.Groups) == 0):
		case !t.Default && t.Priority < r.Priority:
			if t.takesAll(wanted) || ofMonolith && t.takes(wanted) {
				return fmt.Errorf("%s takes requests for %q of %s: %s", t, wanted, r, l.before(r, t))
			}
		case r.Kind == LiveRule && !ofMonolith:
			return fmt.Errorf("%s takes requests for %q from %s, which does not lead to the monolith alone: %s, or change the path", r, wanted, t,
				l.behind(r, t))
		}
	}
	return nil
}
