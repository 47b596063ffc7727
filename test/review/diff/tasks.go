package diff

import (
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// tasks says which bounds of scaling change.
func (c comparison) tasks() []string {
	before := bounds(c.before)
	var lines []string
	for _, target := range c.after.ScalableTargets {
		now := bounds(c.after)[target.Stack]
		if was, ok := before[target.Stack]; ok && was != now {
			lines = append(lines, fmt.Sprintf("Tasks of %s: %s → %s.", name(programOf(c.after, target.Stack)), was, now))
		}
	}
	return lines
}

// bounds are such as "2–10", by the stack.
func bounds(stage *assembly.Stage) map[string]string {
	all := map[string]string{}
	for _, target := range stage.ScalableTargets {
		all[target.Stack] = fmt.Sprintf("%d–%d", target.Min, target.Max)
	}
	return all
}
