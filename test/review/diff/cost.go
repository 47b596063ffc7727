package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cost"
)

// cost is what a month costs, of each group that changes and in all. An unknown price
// is one line, and the rest of the review stands.
func (c comparison) cost() []string {
	before, errBefore := estimate(c.before)
	after, errAfter := estimate(c.after)
	if err := cmp.Or(errBefore, errAfter); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return []string{"Cost a month: not known: " + code(first) + "."}
	}
	groups := c.subtotals(before, after)
	if len(groups) == 0 {
		return []string{fmt.Sprintf("Cost a month, without traffic: %s, as before.", after.Total())}
	}
	return append([]string{fmt.Sprintf("Cost a month, without traffic: %s → %s.", before.Total(), after.Total())}, groups...)
}

// subtotals are what each group costs, where it changes.
func (c comparison) subtotals(before, after cost.Estimate) []string {
	var lines []string
	groups := slices.Concat(before.Groups(), after.Groups())
	slices.Sort(groups)
	for _, group := range slices.Compact(groups) {
		if from, to := before.Subtotal(group), after.Subtotal(group); from != to {
			lines = append(lines, fmt.Sprintf("Cost of %s: %s → %s.", name(c.payer(group)), from, to))
		}
	}
	return lines
}

// payer is the service of a group.
func (c comparison) payer(group string) string {
	if program := programOf(c.after, group); program != group {
		return program
	}
	return programOf(c.before, group)
}

func estimate(stage *assembly.Stage) (cost.Estimate, error) {
	if len(stage.Stacks) == 0 {
		return cost.Estimate{}, nil
	}
	return cost.Of(stage)
}
