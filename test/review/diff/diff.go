// Package diff says what one synthesized environment changes in another: which
// stacks, which paths move, who may do what, what would be lost, and what it costs.
//
// It compares templates, and so knows what a deployment would do before there is
// one. What it says is Markdown, in which nothing that a template holds can be more
// than text.
package diff

import (
	"cmp"
	"slices"

	"example.com/strangler/test/internal/assembly"
)

// Diff is what a change does to one environment. Each line is a sentence of Markdown.
type Diff struct {
	// Environment is the stage's name, such as "forum-dev"; the stacks that belong to
	// the app itself have none.
	Environment string
	// Findings are what somebody must have looked at: a step that the migration does
	// not have, something that would be lost, a permission beyond what is one's own.
	Findings []string
	// Stacks are those that change, one each.
	Stacks []string
	// Phases, Paths and Tasks are how far the migration goes, who serves what, and
	// between what bounds each program scales.
	Phases, Paths, Tasks []string
	// Permissions are those that come and go without being a finding.
	Permissions []string
	// Replacements are of what holds nothing.
	Replacements []string
	// Cost is what the environment costs to leave running, before and after.
	Cost []string
}

// Of compares an environment with what it is to become. Either may be nil, for one
// that is new or that goes. It fails on a policy that it cannot read.
func Of(before, after *assembly.Stage) (Diff, error) {
	c := comparison{orEmpty(before), orEmpty(after)}
	permissions, widened, err := c.permissions()
	if err != nil {
		return Diff{}, err
	}
	d := Diff{
		Environment:  cmp.Or(c.after.Name, c.before.Name),
		Findings:     slices.Concat(c.steps(), c.lost(), widened),
		Stacks:       c.stacks(),
		Phases:       c.phases(),
		Paths:        c.paths(),
		Tasks:        c.tasks(),
		Permissions:  permissions,
		Replacements: c.replacements(),
	}
	if len(d.Stacks) > 0 {
		d.Cost = c.cost()
	}
	return d, nil
}

// comparison is the two environments.
type comparison struct{ before, after *assembly.Stage }

func orEmpty(stage *assembly.Stage) *assembly.Stage {
	if stage == nil {
		return &assembly.Stage{}
	}
	return stage
}
