package diff

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// lost says which resources that keep something would be lost, or kept less safely.
func (c comparison) lost() []string {
	var lines []string
	for before := range c.before.Resources() {
		after, stays := c.after.Resource(before.Identity())
		stays = stays && after.Type == before.Type
		_, known := cloudformation.ReplacedBy(before.Type)
		kept := keeps[before.Type]
		switch {
		case !known:
			if !stays || !reflect.DeepEqual(before.Properties, after.Properties) {
				lines = append(
					lines,
					c.about(
						before,
						"the review does not know what a change of a %s replaces: add the type to test/internal/cloudformation/replacement.go",
						code(before.Type),
					),
				)
			}
		case kept == "":
		case !stays:
			lines = append(lines, c.gone(before, kept))
		default:
			lines = append(lines, c.replaced(before, replacing(before, after), kept)...)
			lines = append(lines, c.weakened(before, after)...)
		}
	}
	for _, before := range c.before.Stacks {
		if after, ok := c.after.Stack(before.ID); ok && before.TerminationProtection && !after.TerminationProtection {
			lines = append(
				lines,
				fmt.Sprintf("Stack %s: it could be deleted by mistake from then on: leave its termination protection on.", code(before.ID)),
			)
		}
	}
	return lines
}

// about is a finding about a resource, with its stack and its logical id.
func (c comparison) about(r assembly.Resource, format string, args ...any) string {
	return fmt.Sprintf("Stack %s: %s %s: ", code(r.Stack), kindOf(c.before, r), code(r.LogicalID)) + fmt.Sprintf(format, args...) + "."
}

func (c comparison) gone(r assembly.Resource, kept string) string {
	fate := "it would be deleted, and " + kept + " with it"
	if retains(r.DeletionPolicy) {
		fate = "it would stay without a stack"
	}
	if successor, ok := c.successor(r); ok {
		return c.about(
			r,
			"renamed: %s in stack %s would be created anew, empty, and of the old one, %s: keep the logical id, or import the old one under "+
				"the new id",
			code(successor.LogicalID),
			code(successor.Stack),
			fate,
		)
	}
	return c.about(r, "%s: put it back, or make sure first that %s can be lost", fate, kept)
}

// successor is a new resource that differs only in its name and in its tags, which hold
// the name of a service.
func (c comparison) successor(gone assembly.Resource) (assembly.Resource, bool) {
	for r := range c.after.Resources(gone.Type) {
		if _, old := c.before.Resource(r.Identity()); !old && reflect.DeepEqual(untagged(r.Properties), untagged(gone.Properties)) {
			return r, true
		}
	}
	return assembly.Resource{}, false
}

// untagged is a value without the tags in it, at any depth.
func untagged(value any) any {
	switch v := value.(type) {
	case []any:
		var list []any
		for _, element := range v {
			list = append(list, untagged(element))
		}
		return list
	case map[string]any:
		rest := map[string]any{}
		for key, element := range v {
			if key != "Tags" {
				rest[key] = untagged(element)
			}
		}
		return rest
	}
	return value
}

func (c comparison) replaced(before assembly.Resource, properties []string, kept string) []string {
	if len(properties) == 0 {
		return nil
	}
	return []string{
		c.about(
			before,
			"a change of %s replaces it by a new one, without %s: leave it as it is, and add a second one to move to",
			codes(properties),
			kept,
		),
	}
}

// replacing are the properties whose change replaces a resource.
func replacing(before, after assembly.Resource) []string {
	properties, _ := cloudformation.ReplacedBy(before.Type)
	var names []string
	for _, property := range properties {
		if !reflect.DeepEqual(before.Properties[property], after.Properties[property]) {
			names = append(names, property)
		}
	}
	return names
}

// weakened says which deletion policy keeps less than the one before.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func (c comparison) weakened(before, after assembly.Resource) []string {
	var lines []string
	for _, policy := range []struct{ name, from, to string }{
		{"DeletionPolicy", before.DeletionPolicy, after.DeletionPolicy},
		{"UpdateReplacePolicy", before.UpdateReplacePolicy, after.UpdateReplacePolicy},
	} {
		if strength(policy.to) < strength(policy.from) {
			lines = append(lines, c.about(before, "its %s goes from %s to %s: leave it", policy.name, code(policy.from), code(orDelete(policy.to))))
		}
	}
	return lines
}

// strength orders the policies by what they keep, from nothing to everything.
func strength(policy string) int {
	return slices.Index([]string{"Delete", "Snapshot", "RetainExceptOnCreate", "Retain"}, orDelete(policy))
}

func orDelete(policy string) string {
	if policy == "" {
		return "Delete"
	}
	return policy
}

func retains(policy string) bool { return strings.HasPrefix(policy, "Retain") }

// replacements says which resources that keep nothing are replaced.
func (c comparison) replacements() []string {
	var lines []string
	for before := range c.before.Resources() {
		after, stays := c.after.Resource(before.Identity())
		if !stays || keeps[before.Type] != "" || before.Type != after.Type {
			continue
		}
		if properties := replacing(before, after); len(properties) > 0 {
			lines = append(
				lines,
				fmt.Sprintf(
					"Stack %s: %s %s is replaced, because of %s.",
					code(before.Stack),
					kindOf(c.before, before),
					code(before.LogicalID),
					codes(properties),
				),
			)
		}
	}
	return lines
}
