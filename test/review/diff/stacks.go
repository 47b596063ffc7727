package diff

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// stacks says what changes in each stack whose template differs. Stacks that go are last.
func (c comparison) stacks() []string {
	var lines []string
	for _, after := range c.after.Stacks {
		before, ok := c.before.Stack(after.ID)
		switch {
		case !ok:
			lines = append(lines, fmt.Sprintf("Stack %s is new: %s.", code(after.ID), count(len(after.Resources), "resource")))
		case !bytes.Equal(before.Text, after.Text):
			lines = append(lines, fmt.Sprintf("Stack %s: %s.", code(after.ID), counts(before, after)))
		}
	}
	for _, before := range c.before.Stacks {
		if _, ok := c.after.Stack(before.ID); !ok {
			lines = append(
				lines,
				fmt.Sprintf(
					"Stack %s is no longer in the app, with %s: no deployment deletes it, destroy it.",
					code(before.ID),
					count(len(before.Resources), "resource"),
				),
			)
		}
	}
	return lines
}

// counts says how many resources of a stack are added, changed and removed.
func counts(before, after *assembly.Stack) string {
	var added, changed, removed int
	was, is := declared(before), declared(after)
	for id, resource := range is {
		if old, ok := was[id]; !ok {
			added++
		} else if !reflect.DeepEqual(old, resource) {
			changed++
		}
	}
	for id := range was {
		if _, ok := is[id]; !ok {
			removed++
		}
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{added, "added"}, {changed, "changed"}, {removed, "removed"}} {
		if part.n > 0 {
			parts = append(parts, count(part.n, "resource")+" "+part.what)
		}
	}
	if len(parts) == 0 {
		return "no resource, but its outputs or its description"
	}
	return strings.Join(parts, ", ")
}

// declared are the resources as the template has them, with unresolved references.
func declared(stack *assembly.Stack) map[string]any {
	resources, _ := stack.Document["Resources"].(map[string]any)
	return resources
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
