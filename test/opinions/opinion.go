package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Finding is what somebody else holds against a construct.
type Finding struct {
	// Rule is the finding's name where it came from, such as "CT.S3.PR.2".
	Rule string
	// Construct is the construct's path, such as "forum-dev/Edge/AccessLogs/Resource".
	Construct string
	// Says is the rule in its author's words, in one line.
	Says string
}

// String is the finding in a line: the stack is the second word of the path.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Construct, f.Rule, f.Says) }

// Opinion is all that one of them has to say.
type Opinion struct {
	Findings []Finding
	// Stages are the names of those that were looked at, such as "forum-dev".
	Stages []string
}

// Explanation lets constructs be as somebody else would not have them.
type Explanation struct {
	// Rule is that of the findings.
	Rule string
	// Construct is a pattern of path.Match for the construct's path. It begins with
	// the stage that this is right for, or with a star.
	Construct string
	// Reason is why that is right.
	Reason string
}

// compare fails on each finding that has no explanation, and on each explanation
// that explains nothing, because it would hide what comes.
func compare(o Opinion, explanations []Explanation) error {
	var wrong []error
	used := make([]bool, len(explanations))
	for _, f := range o.Findings {
		i := slices.IndexFunc(explanations, func(e Explanation) bool { return e.explains(f) })
		if i < 0 {
			wrong = append(wrong, errors.New(f.String()))
			continue
		}
		used[i] = true
	}
	for i, e := range explanations {
		if !used[i] && e.applies(o.Stages) {
			wrong = append(wrong, fmt.Errorf("%s: %s: nobody finds this any more: remove the explanation", e.Construct, e.Rule))
		}
	}
	return errors.Join(wrong...)
}

func (e Explanation) explains(f Finding) bool {
	return e.Rule == f.Rule && matches(e.Construct, f.Construct)
}

// applies reports whether a stage was looked at that the explanation is for. One
// that is not synthesized proves nothing.
func (e Explanation) applies(stages []string) bool {
	pattern, _, _ := strings.Cut(e.Construct, "/")
	return slices.ContainsFunc(stages, func(stage string) bool { return matches(pattern, stage) })
}

// matches panics for a pattern that is none: it is a mistake in explanations.go,
// and would explain nothing for ever.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	if err != nil {
		panic(fmt.Sprintf("%q: %v", pattern, err))
	}
	return ok
}
