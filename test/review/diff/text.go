package diff

import (
	"fmt"
	"strings"
)

// Markdown is the diff for a pull request: a summary in one line, then the findings,
// then the rest. Without a change it is one line.
func (d Diff) Markdown() string {
	if !d.Changes() {
		return d.title() + ": no change.\n"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s, %s.\n\n", d.title(), stacksChange(len(d.Stacks)), findings(len(d.Findings)))
	for _, finding := range d.Findings {
		fmt.Fprintf(&text, "- **Finding**: %s\n", finding)
	}
	for _, section := range [][]string{
		d.Stacks, d.Phases, d.Paths, d.Rehearsed, d.Tasks, d.Images, d.Connections, d.Permissions, d.Replacements, d.Cost,
	} {
		for _, line := range section {
			fmt.Fprintf(&text, "- %s\n", line)
		}
	}
	return text.String()
}

// Changes reports whether there is anything to say.
func (d Diff) Changes() bool { return len(d.Stacks)+len(d.Findings) > 0 }

func (d Diff) title() string {
	if d.Environment == "" {
		return "**Beside the environments**"
	}
	return "**" + name(d.Environment) + "**"
}

func stacksChange(n int) string {
	if n == 1 {
		return "1 stack changes"
	}
	return fmt.Sprintf("%d stacks change", n)
}

func findings(n int) string {
	if n == 0 {
		return "no finding"
	}
	return count(n, "finding")
}
