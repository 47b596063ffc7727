package alb

import (
	"errors"
	"fmt"
	"strings"
)

// The default quotas and limits of a listener, lengths in characters.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	maxRules             = 100
	maxPriority          = 50000
	maxValuesPerRule     = 5
	maxValuesInCondition = 3
	maxWildcardsPerRule  = 5
	maxValueLength       = 128
	maxTargetGroups      = 5
	maxWeight            = 999
)

// Validate returns one joined error for everything in the listener that AWS would
// refuse: a priority used twice, a length or a weight out of range, a quota
// exceeded. A rule that can never match is accepted, as AWS accepts it.
func (l Listener) Validate() error {
	var refused refusals
	if len(l.Rules) > maxRules {
		refused.add("listener: %d rules: want at most %d", len(l.Rules), maxRules)
	}
	owner := map[int]string{}
	for _, rule := range l.Rules {
		if rule.Priority < 1 || rule.Priority > maxPriority {
			refused.add("rule %q: priority %d: want 1 to %d", rule.ID, rule.Priority, maxPriority)
		}
		if other, taken := owner[rule.Priority]; taken {
			refused.add("rule %q: priority %d is taken by rule %q", rule.ID, rule.Priority, other)
		}
		owner[rule.Priority] = rule.ID
		refused.addConditions(rule)
		refused.addAction(rule.ID, rule.Action)
	}
	refused.addAction(DefaultRule, l.Default)
	return errors.Join(refused...)
}

type refusals []error

func (r *refusals) add(format string, args ...any) {
	*r = append(*r, fmt.Errorf(format, args...))
}

func (r *refusals) addConditions(rule Rule) {
	values, wildcards := 0, 0
	for _, condition := range rule.Conditions {
		n := len(condition.values())
		if n < 1 || n > maxValuesInCondition {
			r.add("rule %q: %d values in a condition: want 1 to %d", rule.ID, n, maxValuesInCondition)
		}
		values += n
		for _, value := range condition.values() {
			wildcards += strings.Count(value, "*") + strings.Count(value, "?")
			if len(value) > maxValueLength {
				r.add("rule %q: %q has %d characters: want at most %d", rule.ID, value, len(value), maxValueLength)
			}
		}
	}
	if values > maxValuesPerRule {
		r.add("rule %q: %d condition values: want at most %d", rule.ID, values, maxValuesPerRule)
	}
	if wildcards > maxWildcardsPerRule {
		r.add("rule %q: %d wildcards: want at most %d", rule.ID, wildcards, maxWildcardsPerRule)
	}
}

func (r *refusals) addAction(rule string, action Action) {
	if action == nil {
		r.add("rule %q: no action", rule)
	}
	forward, ok := action.(Forward)
	if ok && (len(forward) < 1 || len(forward) > maxTargetGroups) {
		r.add("rule %q: %d target groups: want 1 to %d", rule, len(forward), maxTargetGroups)
	}
	for _, group := range forward {
		if group.Weight < 0 || group.Weight > maxWeight {
			r.add("rule %q: weight %d of %q: want 0 to %d", rule, group.Weight, group.TargetGroup, maxWeight)
		}
	}
}
