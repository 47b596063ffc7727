package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// drift are the lines in which the account differs from the templates, such as after a hand in
// the console: the stacks, the listener rules, and the target groups that are judged.
func (d *deployed) drift(stage *assembly.Stage) []string {
	var lines []string
	for _, stack := range d.missing {
		lines = append(lines, fmt.Sprintf("stack %s is not deployed", stack))
	}
	return slices.Concat(lines, d.driftOfRules(stage), d.driftOfGroups(stage))
}

func (d *deployed) driftOfRules(stage *assembly.Stage) []string {
	identities := map[string]string{}
	for identity, r := range d.resources {
		identities[r.id] = identity
	}
	names := func(group string) string { return stage.Program(groupIdentity(identities, group)) }
	there := map[string]elbtypes.Rule{}
	for _, rule := range d.rules {
		there[aws.ToString(rule.RuleArn)] = rule
	}
	var lines []string
	for _, rule := range stage.ListenerRules {
		want := ruleText(rule.Rule, func(group string) string { return stage.Program(group) })
		arn := d.id(rule.Identity())
		described, deployed := there[arn]
		delete(there, arn)
		if !deployed {
			lines = append(lines, fmt.Sprintf("stack %s: rule %s is not in the listener: want %s", rule.Stack, rule.LogicalID, want))
			continue
		}
		if is := describedText(described, names); is != want {
			lines = append(lines, fmt.Sprintf("stack %s: rule %s is %s: want %s", rule.Stack, rule.LogicalID, is, want))
		}
	}
	return append(lines, d.rulesOfNone(stage, there, identities, names)...)
}

// groupIdentity is the identity of a target group by its ARN, and the ARN of one that no stack
// has.
func groupIdentity(identities map[string]string, arn string) string {
	if identity, ok := identities[arn]; ok {
		return identity
	}
	return arn
}

// rulesOfNone are the rules that the templates do not have: any in a listener of their own, and
// in one of others those of the environment's stacks.
func (d *deployed) rulesOfNone(stage *assembly.Stage, there map[string]elbtypes.Rule, identities map[string]string,
	names func(string) string,
) []string {
	var lines []string
	for _, arn := range slices.Sorted(maps.Keys(there)) {
		rule := there[arn]
		identity, ours := identities[arn]
		switch {
		case aws.ToBool(rule.IsDefault):
			lines = append(lines, driftOfDefault(stage, rule, names)...)
		case ours:
			lines = append(lines, fmt.Sprintf("rule %s is deployed, and no template has it: %s", identity, describedText(rule, names)))
		case len(stage.Listeners) > 0:
			lines = append(lines, fmt.Sprintf("rule %s is in the listener, and no stack has it: %s", arn, describedText(rule, names)))
		}
	}
	return lines
}

// driftOfDefault is the default action of a listener of the environment's own, when no template
// has it.
func driftOfDefault(stage *assembly.Stage, rule elbtypes.Rule, names func(string) string) []string {
	is := describedText(rule, names)
	var want []string
	for _, listener := range stage.Listeners {
		want = append(want, ruleText(alb.Rule{Action: listener.Routing.Default}, func(group string) string { return stage.Program(group) }))
	}
	if len(want) == 0 || slices.Contains(want, is) {
		return nil
	}
	return []string{fmt.Sprintf("the listener's default action is %s: want %s", is, strings.Join(want, " or "))}
}

// describedText is the text of a rule as DescribeRules has it.
func describedText(rule elbtypes.Rule, names func(group string) string) string {
	read, err := readRule(rule)
	if err != nil {
		return fmt.Sprintf("one that the templates cannot have (%s)", err)
	}
	return ruleText(read, names)
}

// readRule reads a rule as DescribeRules has it. It has the values of a path pattern and of a
// host twice.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
func readRule(rule elbtypes.Rule) (alb.Rule, error) {
	priority, err := strconv.Atoi(aws.ToString(rule.Priority))
	if err != nil && !aws.ToBool(rule.IsDefault) {
		return alb.Rule{}, fmt.Errorf("priority %q", aws.ToString(rule.Priority))
	}
	conditions := slices.Clone(rule.Conditions)
	for i := range conditions {
		if conditions[i].PathPatternConfig != nil || conditions[i].HostHeaderConfig != nil {
			conditions[i].Values = nil
		}
	}
	text, err := json.Marshal(map[string]any{"Conditions": conditions, "Actions": rule.Actions, "Transforms": rule.Transforms})
	if err != nil {
		return alb.Rule{}, err
	}
	var properties map[string]any
	if err := json.Unmarshal(text, &properties); err != nil {
		return alb.Rule{}, err
	}
	properties["Priority"] = priority
	return assembly.ReadRule(filled(properties).(map[string]any))
}

// filled is a value of JSON without the fields that are null or empty.
func filled(value any) any {
	switch v := value.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, inner any) bool {
			list, isList := inner.([]any)
			return inner == nil || inner == "" || isList && len(list) == 0
		})
		for name := range v {
			v[name] = filled(v[name])
		}
	case []any:
		for i := range v {
			v[i] = filled(v[i])
		}
	}
	return value
}

// ruleText is a rule in one line, which is the same for two rules that do the same: "10: path
// /api/orders → orders 25 %, legacy 75 %".
func ruleText(rule alb.Rule, names func(group string) string) string {
	var conditions []string
	for _, c := range rule.Conditions {
		conditions = append(conditions, conditionText(c))
	}
	slices.Sort(conditions)
	text := fmt.Sprintf("%d: %s → %s", rule.Priority, strings.Join(conditions, ", "), actionText(rule.Action, names))
	if rule.GroupStickiness > 0 {
		text += fmt.Sprintf(", sticky for %s", rule.GroupStickiness)
	}
	if rule.Rewrite != nil {
		text += fmt.Sprintf(", rewritten from %s to %s", rule.Rewrite.Regex, rule.Rewrite.Replace)
	}
	return text
}

func conditionText(c alb.Condition) string {
	switch c := c.(type) {
	case alb.PathPattern:
		return "path " + sorted(c)
	case alb.HostHeader:
		return "host " + sorted(c)
	case alb.HTTPRequestMethod:
		return "verb " + sorted(c)
	case alb.HTTPHeader:
		return "header " + strings.ToLower(c.Name) + " " + sorted(c.Values)
	case alb.SourceIP:
		var blocks []string
		for _, block := range c {
			blocks = append(blocks, block.String())
		}
		return "source " + sorted(blocks)
	}
	return fmt.Sprintf("query %v", c)
}

func sorted(values []string) string { return strings.Join(slices.Sorted(slices.Values(values)), " ") }

func actionText(action alb.Action, names func(group string) string) string {
	forward, ok := action.(alb.Forward)
	if !ok {
		return fmt.Sprintf("%T %+v", action, action)
	}
	shares := forward.Shares()
	var parts []string
	for _, group := range slices.Sorted(maps.Keys(shares)) {
		name := names(group)
		if name == "" {
			name = group
		}
		parts = append(parts, fmt.Sprintf("%s %.4g %%", name, 100*shares[group]))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func (d *deployed) driftOfGroups(stage *assembly.Stage) []string {
	var lines []string
	for _, group := range stage.TargetGroups {
		is, read := d.groups[group.Identity()]
		if !read {
			continue
		}
		check := group.HealthCheck
		differ := func(what string, is, want any) {
			if fmt.Sprint(is) != fmt.Sprint(want) {
				lines = append(lines, fmt.Sprintf("stack %s: %s of target group %s is %v: want %v", group.Stack, what, group.LogicalID, is, want))
			}
		}
		differ("the health check's path", aws.ToString(is.HealthCheckPath), check.Path)
		differ("the health check's interval in seconds", aws.ToInt32(is.HealthCheckIntervalSeconds), int(check.Interval.Seconds()))
		differ("the health check's time-out in seconds", aws.ToInt32(is.HealthCheckTimeoutSeconds), int(check.Timeout.Seconds()))
		differ("the number of checks to be healthy", aws.ToInt32(is.HealthyThresholdCount), check.Healthy)
		differ("the number of checks to be unhealthy", aws.ToInt32(is.UnhealthyThresholdCount), check.Unhealthy)
		if is.Matcher != nil {
			differ("the code of a healthy answer", aws.ToString(is.Matcher.HttpCode), check.Codes)
		}
		for _, key := range slices.Sorted(maps.Keys(group.Attributes)) {
			differ(key, d.attributes[group.Identity()][key], group.Attributes[key])
		}
	}
	return lines
}
