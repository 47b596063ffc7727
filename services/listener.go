package services

import (
	"cmp"
	"fmt"
)

// Listener is what the rules of a plan are in: one that is made for them, or one that has
// other rules.
type Listener struct {
	// PreviewFrom are the CIDR blocks of the preview rules.
	PreviewFrom []string
	// Preview and Live are added to the priorities of services, for the rules of each kind.
	// Zero means 0 and 25000.
	Preview, Live int
	// Monolith is the ARN of the target group of an external monolith, which runs outside,
	// behind a rule that others made. Empty means that the catalog's has rules.
	Monolith string
	// Theirs are the rules that others made.
	Theirs []TheirRule
}

// Plan is the function of that name, with the listener's priorities and without the rules
// of an external monolith. Shares still name it.
func (l Listener) Plan(c Catalog, m Migration) map[string]ServiceRules {
	plan := Plan(c, m, l.PreviewFrom)
	if l.Monolith != "" {
		delete(plan, c.Monolith.Name)
	}
	for _, rules := range plan {
		for i := range rules.Preview {
			rules.Preview[i].Priority += l.Preview
		}
		for i := range rules.Live {
			rules.Live[i].Priority += cmp.Or(l.Live, liveOffset) - liveOffset
		}
	}
	return plan
}

// Lint is the function of that name, for the rules as they are in the listener.
func (l Listener) Lint(c Catalog) error {
	rules := Rules(l.Plan(c, mostRules(c)))
	if err := lintKinds(rules); err != nil {
		return err
	}
	if err := l.lintOffsets(rules); err != nil {
		return err
	}
	if err := l.lintQuotas(rules); err != nil {
		return fmt.Errorf("services: %w: %s", err, l.apart(c))
	}
	if err := lint(rules); err != nil {
		return err
	}
	return l.lintTheirs(rules)
}

// lintKinds refuses a live rule before a preview rule, whose header would not lead to its
// program on every path.
func lintKinds(rules []Rule) error {
	var live *Rule
	for _, r := range rules {
		switch {
		case r.Kind == LiveRule && live == nil:
			live = &r
		case r.Kind == PreviewRule && live != nil:
			return fmt.Errorf("services: %s comes before %s: raise listener.priorities.live above every preview rule", *live, r)
		}
	}
	return nil
}

// lintOffsets refuses rules that the listener's priorities move beyond the last one.
func (l Listener) lintOffsets(rules []Rule) error {
	for _, r := range rules {
		if key, now := l.offset(r.Kind); l.Monolith != "" && r.Priority > maxPriority {
			return fmt.Errorf("services: %s: the last priority is %d: lower %s from %d to %d at most", r, maxPriority, key, now,
				now-(r.Priority-maxPriority))
		}
	}
	return nil
}
