package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"example.com/strangler/stacks/controls"
	"example.com/strangler/test/internal/assembly"
)

// Finding is one rule that a construct breaks.
type Finding struct {
	// Rule is the finding's name where it came from, such as "CT.S3.PR.2".
	Rule string
	// Construct is the construct's path, such as "shop-dev/Edge/AccessLogs/Resource".
	Construct string
	// Says is the rule in its author's words, in one line.
	Says string
}

// String is the finding in a line: the stack is the second word of the path.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Construct, f.Rule, f.Says) }

// Opinion is everything that one rule set finds.
type Opinion struct {
	Findings []Finding
	// Stages are those that the rule set has checked.
	Stages []Stage
}

// Stage is an environment that a rule set has checked.
type Stage struct {
	// Name is such as "shop-dev".
	Name string
	// Choices are what the environment does without.
	Choices []controls.Choice
}

// stageOf reads from the templates what an environment does without.
func stageOf(stage *assembly.Stage) Stage {
	checked := Stage{Name: stage.Name}
	if !slices.ContainsFunc(stage.Listeners, func(l assembly.Listener) bool { return l.Protocol == "HTTPS" }) {
		checked.Choices = append(checked.Choices, controls.NoDomain)
	}
	firewall := false
	for range stage.Resources("AWS::WAFv2::WebACL") {
		firewall = true
	}
	if !firewall {
		checked.Choices = append(checked.Choices, controls.NoFirewall)
	}
	if !slices.ContainsFunc(stage.LoadBalancers,
		func(l assembly.LoadBalancer) bool { return l.Attributes["deletion_protection.enabled"] == "true" }) {
		checked.Choices = append(checked.Choices, controls.NotProtected)
	}
	return checked
}

// Explanation says why constructs may break a rule.
type Explanation struct {
	// Rule is that of the findings.
	Rule string
	// Where limits the explanation to some environments. Nil means every one.
	Where Where
	// Construct is a pattern of path.Match for the construct's path below its stage,
	// such as "Edge/AccessLogs/*". It names no stage, and no service's stack, so it holds
	// for every app.
	Construct string
	// Reason is why that is right.
	Reason string
}

// Where reports whether an explanation is for a stage.
type Where func(Stage) bool

// chosen is each stage that made a choice.
func chosen(choice controls.Choice) Where {
	return func(s Stage) bool { return slices.Contains(s.Choices, choice) }
}

// not is each stage that another condition leaves out.
func not(where Where) Where { return func(s Stage) bool { return !where(s) } }

// compare fails on each finding that has no explanation, and on each explanation
// that explains nothing, because it would hide a later finding.
func compare(o Opinion, explanations []Explanation) error {
	var wrong []error
	used := make([]bool, len(explanations))
	for _, f := range o.Findings {
		i := slices.IndexFunc(explanations, func(e Explanation) bool { return e.explains(f, o.Stages) })
		if i < 0 {
			wrong = append(wrong, errors.New(f.String()))
			continue
		}
		used[i] = true
	}
	for i, e := range explanations {
		if !used[i] && slices.ContainsFunc(o.Stages, e.holds) {
			wrong = append(wrong, fmt.Errorf("%s: %s: no finding matches it: remove the explanation", e.Construct, e.Rule))
		}
	}
	return errors.Join(wrong...)
}

func (e Explanation) explains(f Finding, stages []Stage) bool {
	name, construct, _ := strings.Cut(f.Construct, "/")
	i := slices.IndexFunc(stages, func(s Stage) bool { return s.Name == name })
	return i >= 0 && e.Rule == f.Rule && e.holds(stages[i]) && matches(e.Construct, construct)
}

// holds reports whether the explanation is for a stage. The stacks beside the
// environments have a stage without a name, which no explanation is for.
func (e Explanation) holds(s Stage) bool {
	return s.Name != "" && (e.Where == nil || e.Where(s))
}

// matches panics on a malformed pattern: it is a mistake in explanations.go, and
// would never match.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	if err != nil {
		panic(fmt.Sprintf("%q: %v", pattern, err))
	}
	return ok
}
