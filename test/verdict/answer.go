package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// answer is what a verdict says of a step.
type answer int

// The answers. The largest of several findings is the verdict.
const (
	goAhead answer = iota
	wait
	no
)

func (a answer) String() string { return [...]string{"go", "wait", "no"}[a] }

// finding is what one figure says.
type finding struct {
	// figure is its name, such as "errors".
	figure string
	answer answer
	// text is the figure itself, what was wanted of it, and how far off it is.
	text string
}

// verdict is the answer to one step, with its reasons.
type verdict struct {
	step
	stage    string
	findings []finding
}

// answer is the worst of the findings.
func (v verdict) answer() answer {
	worst := goAhead
	for _, f := range v.findings {
		worst = max(worst, f.answer)
	}
	return worst
}

// title names the step: "users in forum-prod, 25% → 50%".
func (v verdict) title() string {
	return fmt.Sprintf("%s in %s, %s → %s", v.key, v.stage, v.from, v.to)
}

// print writes the verdict and every figure, and the change of cdk.json that it recommends.
func (v verdict) print(out io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n\n", v.title(), v.answer())
	for _, f := range v.findings {
		fmt.Fprintf(&text, "  %-4s  %-9s  %s\n", f.answer, f.figure, f.text)
	}
	if v.answer() == goAhead {
		fmt.Fprintf(&text, "\nIn cdk.json, in the migration of the environment:\n\n-  %q: %q\n+  %q: %q\n", v.key, v.from, v.key, v.to)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// mostReasons is how many figures a line names.
const mostReasons = 3

// line is the verdict for the comment on a pull request, in one line of Markdown: the worst
// figures, or that of the errors or of the step.
func (v verdict) line() string {
	var reasons []string
	for _, f := range v.findings {
		if f.answer == v.answer() && (f.answer != goAhead || f.figure == figureErrors || f.figure == figureStep) {
			reasons = append(reasons, f.figure+": "+f.text)
		}
	}
	if more := len(reasons) - mostReasons; more > 0 {
		reasons = append(reasons[:mostReasons], fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("- Verdict: %s: **%s**. `%s`\n", v.title(), v.answer(),
		strings.ReplaceAll(strings.Join(reasons, "; "), "`", "'"))
}

// worst is the answer to several steps, and goAhead to none.
func worst(verdicts []verdict) answer {
	if len(verdicts) == 0 {
		return goAhead
	}
	return slices.MaxFunc(verdicts, func(a, b verdict) int { return int(a.answer() - b.answer()) }).answer()
}
