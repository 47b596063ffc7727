package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// refused says which change AWS refuses in the middle of a deployment, and how to make
// it in two.
func (c comparison) refused() []string {
	return slices.Concat(c.priorities(), c.stickiness(), c.indexes(), c.listeners(), c.zones())
}

// priorities are findings of rules that take the priority of another rule. A listener
// refuses a priority that is in use, and an update of the other rule, or its end, may
// come later.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
func (c comparison) priorities() []string {
	type pair struct{ taker, holder string }
	var pairs []pair
	taken := map[pair][]string{}
	for _, rule := range c.after.ListenerRules {
		for _, other := range c.before.ListenerRules {
			if rule.Identity() == other.Identity() || rule.Listener != other.Listener || rule.Rule.Priority != other.Rule.Priority {
				continue
			}
			p := pair{programOf(c.after, rule.Stack), programOf(c.before, other.Stack)}
			if taken[p] == nil {
				pairs = append(pairs, p)
			}
			taken[p] = append(taken[p], fmt.Sprint(rule.Rule.Priority))
		}
	}
	var lines []string
	for _, p := range pairs {
		movers := []string{p.taker}
		if p.holder != p.taker && slices.ContainsFunc(c.after.Services, func(s assembly.Service) bool { return s.Program() == p.holder }) {
			movers = append(movers, p.holder)
		}
		lines = append(lines, fmt.Sprintf(
			"Listener rules of %s take a priority that a rule of %s still has: %s. The listener refuses a priority in use, so the deployment "+
				"fails. In two steps: give the rules of %s priorities that no rule has, and deploy; then make this change and deploy.",
			name(p.taker), name(p.holder), strings.Join(taken[p], ", "), names(movers)))
	}
	return lines
}

// stickiness are findings of target groups whose clients stick to their targets from now
// on, while a rule divides requests between the group and another without sticking to
// groups. A load balancer refuses such a rule, and the group changes before the rule does.
//
// https://github.com/argoproj/argo-rollouts/issues/1577
func (c comparison) stickiness() []string {
	var lines []string
	for _, after := range c.after.TargetGroups {
		before, ok := assembly.Find(c.before.TargetGroups, after.Identity())
		if !ok || sticky(before) || !sticky(after) {
			continue
		}
		for _, rule := range c.before.ListenerRules {
			if shares := rule.Rule.Shares(); len(shares) > 1 && shares[after.Identity()] > 0 && rule.Rule.GroupStickiness == 0 {
				lines = append(lines, c.about(after.Resource, "its clients stick to their tasks from now on, while a rule of %s shares requests "+
					"with it and is not sticky before the group is, which a load balancer refuses. In two steps: make the routes of %s dark or "+
					"live and deploy; then make this change and deploy", name(programOf(c.before, rule.Stack)), name(programOf(c.before, rule.Stack))))
			}
		}
	}
	return lines
}

func sticky(group assembly.TargetGroup) bool {
	duration, err := alb.Stickiness(group.Attributes)
	return err == nil && duration > 0
}

// names are several names in a sentence.
func names(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, name(text))
	}
	return strings.Join(all, " and ")
}

// indexes are findings of tables of which more than one global secondary index comes
// or goes, or one gets another key. CloudFormation adds or removes one index of a table
// in an update, and changes none.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
func (c comparison) indexes() []string {
	var lines []string
	for _, before := range c.before.Tables {
		after, ok := assembly.Find(c.after.Tables, before.Identity())
		if !ok {
			continue
		}
		lines = append(lines, c.retyped(before, after)...)
		var changes []string
		was, is := byName(before.GlobalIndexes), byName(after.GlobalIndexes)
		for _, index := range union(was, is) {
			from, there := was[index]
			to, stays := is[index]
			switch {
			case !there:
				changes = append(changes, code(index)+" comes")
			case !stays:
				changes = append(changes, code(index)+" goes")
			case from.Key != to.Key || projection(from) != projection(to):
				lines = append(lines, c.about(
					before.Resource,
					"its index %s gets another key or projection, which no index can, so the deployment fails. In two steps: add an index of "+
						"another name and deploy; once the service reads that one, remove %s and deploy",
					code(index),
					code(index),
				))
			}
		}
		if len(changes) > 1 {
			lines = append(lines, c.about(
				before.Resource,
				"%d of its indexes change: %s. A deployment adds or removes one index of a table, so it fails. In two steps: make one of these "+
					"changes and deploy; then the next and deploy",
				len(changes),
				strings.Join(changes, ", "),
			))
		}
	}
	return lines
}

// retyped are findings of key attributes that get another type.
func (c comparison) retyped(before, after assembly.Table) []string {
	var lines []string
	for _, attribute := range union(before.Attributes, after.Attributes) {
		from, to := before.Attributes[attribute], after.Attributes[attribute]
		if from != "" && to != "" && from != to {
			lines = append(lines, c.about(
				before.Resource,
				"its key attribute %s goes from type %s to %s, which no key can. In two steps: add an attribute of another name, with an index "+
					"of its own, and deploy; once the service uses that, remove this one and deploy",
				code(attribute), code(from), code(to),
			))
		}
	}
	return lines
}

func byName(indexes []assembly.Index) map[string]assembly.Index {
	all := map[string]assembly.Index{}
	for _, index := range indexes {
		all[index.Name] = index
	}
	return all
}

func projection(index assembly.Index) string {
	return cmp.Or(index.Projection, "ALL") + " " + strings.Join(slices.Sorted(slices.Values(index.NonKeyAttributes)), " ")
}

// listeners are findings of listeners that go while other stacks use them, as with an
// environment's domain.
func (c comparison) listeners() []string {
	var lines []string
	for _, listener := range c.before.Listeners {
		if _, stays := c.after.Resource(listener.Identity()); stays {
			continue
		}
		if stacks := c.readers(listener.Resource); len(stacks) > 0 {
			lines = append(lines, c.about(
				listener.Resource,
				"it goes while rules of other stacks are attached to it, so the deployment fails. In two steps: %s; then deploy everything",
				c.deployAlone(stacks),
			))
		}
	}
	return lines
}

// zones is the finding of an environment with fewer zones: the subnets of the others go
// while the load balancer and tasks are in them.
func (c comparison) zones() []string {
	before, after := zonesOf(c.before), zonesOf(c.after)
	if len(c.after.Stacks) == 0 || len(after) == 0 || len(after) >= len(before) {
		return nil
	}
	var stacks []string
	for _, subnet := range c.before.Subnets {
		if _, stays := c.after.Resource(subnet.Identity()); !stays {
			stacks = append(stacks, c.readers(subnet.Resource)...)
		}
	}
	slices.Sort(stacks)
	if stacks = slices.Compact(stacks); len(stacks) == 0 {
		return nil
	}
	return []string{
		fmt.Sprintf(
			"Availability zones: %d → %d. The subnets go while load balancer or tasks are in them, so the deployment fails. In two steps: %s; "+
				"then deploy everything.",
			len(before),
			len(after),
			c.deployAlone(stacks),
		),
	}
}

// zonesOf are the availability zones of an environment's subnets.
func zonesOf(stage *assembly.Stage) []string {
	var all []string
	for _, subnet := range stage.Subnets {
		all = append(all, fmt.Sprint(subnet.Properties["AvailabilityZone"]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// deployAlone is the step that deploys some stacks before those that they depend on.
func (c comparison) deployAlone(stacks []string) string {
	command := "cdk deploy --exclusively"
	for _, stack := range stacks {
		command += " " + strings.TrimPrefix(c.after.Name+"/"+stack, "/")
	}
	return "deploy the stacks that use it alone, " + code(command)
}

// readers are the stacks of both sides, other than its own, that refer to a resource
// before the change.
func (c comparison) readers(used assembly.Resource) []string {
	return slices.DeleteFunc(slices.Clone(c.readersOf[c.before][used.Identity()]), func(stack string) bool {
		_, stays := c.after.Stack(stack)
		return !stays
	})
}

// readers are the stacks, other than a resource's own, that refer to it, sorted, by its identity.
func readers(stage *assembly.Stage) map[string][]string {
	all := map[string][]string{}
	for r := range stage.Resources() {
		// A resolved property is what encoding/json would decode, so it encodes.
		text, _ := json.Marshal(r.Properties)
		for _, used := range referred(stage, string(text)) {
			if id := used.Identity(); used.Stack != r.Stack && !slices.Contains(all[id], r.Stack) {
				all[id] = append(all[id], r.Stack)
			}
		}
	}
	for _, stacks := range all {
		slices.Sort(stacks)
	}
	return all
}
