// Package diff says what one synthesized environment changes in another: which
// stacks, which paths move, who may do what, what would be lost, and what it costs.
//
// It compares templates, so it needs no deployment. Its output is Markdown, in which
// every text of a template stays text.
package diff

import (
	"cmp"
	"slices"

	"example.com/strangler/test/internal/assembly"
)

// Diff is what a change does to one environment. Each line is a sentence of Markdown.
type Diff struct {
	// Environment is the stage's name, such as "shop-dev". It is empty for the stacks
	// that belong to the app itself.
	Environment string
	// Findings are what a person must accept: a step that the migration does not have, a
	// resource that would be lost, a deployment that fails or takes a path from its
	// service, a permission beyond what is the holder's own.
	Findings []string
	// Stacks are those that change, one each.
	Stacks []string
	// Phases, Paths and Tasks are how far the migration goes, which program serves what,
	// and the bounds between which each program scales.
	Phases, Paths, Tasks []string
	// Images are those of another source than before.
	Images []string
	// Connections are the programs that may call another from now on, or no longer.
	Connections []string
	// Permissions are those that come and go without being a finding.
	Permissions []string
	// Replacements are of resources that keep nothing.
	Replacements []string
	// Rehearsed is what the change of the phases met under load.
	Rehearsed []string
	// Cost is what the environment costs to leave running, before and after.
	Cost []string
}

// Of compares an environment with what it is to become. Either may be nil, for one
// that is new or that goes. It fails on a policy that it cannot read.
func Of(before, after *assembly.Stage) (Diff, error) {
	c := compare(orEmpty(before), orEmpty(after))
	permissions, widened, err := c.permissions()
	if err != nil {
		return Diff{}, err
	}
	d := Diff{
		Environment:  cmp.Or(c.after.Name, c.before.Name),
		Findings:     slices.Concat(c.steps(), c.traffic(), c.refused(), c.calls(), c.lost(), c.contained(), widened),
		Stacks:       c.stacks(),
		Phases:       append(c.phases(), c.workers()...),
		Paths:        c.paths(),
		Tasks:        c.tasks(),
		Images:       c.images(),
		Connections:  c.connections(),
		Permissions:  permissions,
		Replacements: c.replacements(),
	}
	if len(d.Stacks) > 0 {
		d.Cost = c.cost()
	}
	return d, nil
}

// comparison is the two environments, and of each the stacks that refer to a resource of another,
// sorted, by the resource's identity.
type comparison struct {
	before, after *assembly.Stage
	readersOf     map[*assembly.Stage]map[string][]string
}

func compare(before, after *assembly.Stage) comparison {
	return comparison{before, after, map[*assembly.Stage]map[string][]string{before: readers(before), after: readers(after)}}
}

func orEmpty(stage *assembly.Stage) *assembly.Stage {
	if stage == nil {
		return &assembly.Stage{}
	}
	return stage
}
