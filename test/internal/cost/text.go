package cost

import (
	"fmt"
	"slices"
	"strings"
)

// String is the estimate as text: each group's rows and its subtotal, then the total.
func (e Estimate) String() string {
	var text strings.Builder
	row := func(what, quantity, price string, month Cents) {
		fmt.Fprintf(&text, "%-46s%-12s%-24s%10s\n", what, quantity, price, month)
	}
	fmt.Fprintf(&text, "What %s costs to leave running: US dollars a month of %d hours, at list prices%s, without traffic.\n",
		e.Environment, hoursAMonth, e.read())
	for _, group := range e.Groups() {
		text.WriteString("\n")
		row(group, "", "", e.Subtotal(group))
		for _, r := range e.Rows {
			if r.Group == group {
				row("  "+r.What, r.Quantity(), fmt.Sprintf("%v %s", r.Price.Dollars, r.Price.Per), r.Month)
			}
		}
		if words := e.ByUse[group]; len(words) > 0 {
			fmt.Fprintf(&text, "  and by use: %s\n", strings.Join(words, ", "))
		}
	}
	text.WriteString("\n")
	row("together", "", "", e.Total())
	return text.String()
}

// read describes the regions of the prices and the days on which they were read.
func (e Estimate) read() string {
	if len(e.Rows) == 0 {
		return ""
	}
	var regions, days []string
	for _, row := range e.Rows {
		regions = append(regions, row.Price.Region)
		days = append(days, row.Price.Read)
	}
	slices.Sort(regions)
	return fmt.Sprintf(" of %s read from %s to %s", strings.Join(slices.Compact(regions), " and "), slices.Min(days), slices.Max(days))
}
