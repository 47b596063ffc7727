package main

import (
	"fmt"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
)

// report is how far an environment's migration is, and which program answered each path.
func report(e stacks.Environment, c services.Catalog, answers []answer) string {
	var text strings.Builder
	fmt.Fprintf(&text, "## %s\n\n| service | phase |\n|---|---|\n", e.StageName())
	for _, s := range c.Services {
		fmt.Fprintf(&text, "| %s | %s |\n", s.Name, e.Migration.Services[s.Name])
	}
	fmt.Fprintf(&text, "| %s | %s |\n", c.Monolith.Name, e.Migration.Monolith)
	text.WriteString("\n| path | may answer | answered | |\n|---|---|---|---|\n")
	for _, a := range answers {
		verdict := "right"
		if !a.right() {
			verdict = "**wrong**"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", a.probe, a.want(), a.got(), verdict)
	}
	return text.String()
}
