package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// guarded runs cfn-guard with the rules in a folder on every template of an assembly.
//
// https://docs.aws.amazon.com/cfn-guard/latest/ug/cfn-guard-command-reference.html
func guarded(binary, rules, folder string) (Opinion, error) {
	folder, err := resolved(folder)
	if err != nil {
		return Opinion{}, err
	}
	a, err := assembly.Read(folder)
	if err != nil {
		return Opinion{}, err
	}
	count, err := countRules(rules)
	if err != nil {
		return Opinion{}, err
	}
	args := []string{"validate", "--structured", "--output-format", "json", "--show-summary", "none", "--rules", rules}
	for _, stage := range a.Stages {
		for _, stack := range stage.Stacks {
			args = append(args, "--data", stack.File)
		}
	}
	text, err := runGuard(binary, args)
	if err != nil {
		return Opinion{}, err
	}
	return readGuard(text, a, count)
}

// resolved is a folder's absolute path without symbolic links, which is the path that
// cfn-guard reports.
func resolved(folder string) (string, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// countRules is the number of files with a rule. Each file of Control Tower's holds one.
func countRules(folder string) (int, error) {
	count := 0
	err := filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".guard" {
			count++
		}
		return err
	})
	if err == nil && count == 0 {
		err = fmt.Errorf("%s: no rules", folder)
	}
	return count, err
}

// failed is cfn-guard's exit status when a template breaks a rule.
const failed = 19

// runGuard fails when cfn-guard writes to its standard error: it skips a file of
// rules that it cannot read, and exits as if all were well.
func runGuard(binary string, args []string) ([]byte, error) {
	var output, problems bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &output, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == failed {
		err = nil
	}
	if err == nil && problems.Len() > 0 {
		err = errors.New("problems")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", binary, err, oneLine(problems.String()))
	}
	return output.Bytes(), nil
}

// guardReport is cfn-guard's report of one template. Each rule is written twice,
// for templates and for hooks of CloudFormation, so it is often in two lists.
type guardReport struct {
	Name         string
	Status       string
	NotCompliant []struct{ Rule guardRule } `json:"not_compliant"`
	Compliant    []string
	// NotApplicable are the rules without a resource to check.
	NotApplicable []string `json:"not_applicable"`
}

type guardRule struct {
	Name string
	// Checks have the shape of the rule's source.
	Checks any
}

// readGuard fails when the reports are not what cfn-guard 3 writes, one for each
// template and with every rule: an unreadable report must not look like no findings.
func readGuard(text []byte, a *assembly.Assembly, rules int) (Opinion, error) {
	var reports []guardReport
	if err := json.Unmarshal(text, &reports); err != nil {
		return Opinion{}, fmt.Errorf("guard: %w", err)
	}
	var o Opinion
	applied := 0
	for _, stage := range a.Stages {
		o.Stages = append(o.Stages, stageOf(stage))
		for _, stack := range stage.Stacks {
			i := slices.IndexFunc(reports, func(r guardReport) bool { return r.Name == stack.File })
			if i < 0 {
				return Opinion{}, fmt.Errorf("guard: no report of %s", stack.File)
			}
			findings, err := reports[i].findings(stack, rules)
			if err != nil {
				return Opinion{}, fmt.Errorf("guard: %s: %w", stack.File, err)
			}
			o.Findings = append(o.Findings, findings...)
			applied += len(reports[i].Compliant) + len(reports[i].NotCompliant)
		}
	}
	if applied == 0 {
		return Opinion{}, errors.New("guard: no rule applies to any template")
	}
	return o, nil
}

func (r guardReport) findings(stack *assembly.Stack, rules int) ([]Finding, error) {
	if have := r.count(); have < rules {
		return nil, fmt.Errorf("%d of %d rules were evaluated", have, rules)
	}
	if (r.Status == "FAIL") != (len(r.NotCompliant) > 0) {
		return nil, fmt.Errorf("status is %q with %d rules broken", r.Status, len(r.NotCompliant))
	}
	var all []Finding
	for _, broken := range r.NotCompliant {
		findings, err := broken.Rule.findings(stack)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", broken.Rule.Name, err)
		}
		all = append(all, findings...)
	}
	return all, nil
}

// count is the number of different rules in the report.
func (r guardReport) count() int {
	names := slices.Concat(r.Compliant, r.NotApplicable)
	for _, broken := range r.NotCompliant {
		names = append(names, broken.Rule.Name)
	}
	slices.Sort(names)
	return len(slices.Compact(names))
}

var (
	// message is the text of a rule of Control Tower, such as "[CT.S3.PR.2]: Require ...
	// [FIX]: Set ...".
	message  = regexp.MustCompile(`^\[(CT\.[A-Z0-9.]+)\]: (.+)`)
	resource = regexp.MustCompile(`^/Resources/(\w+)`)
)

// findings are one for each resource that breaks the rule.
func (r guardRule) findings(stack *assembly.Stack) ([]Finding, error) {
	// Both are sets. A rule has one message for all its resources.
	messages, ids := map[string]bool{}, map[string]bool{}
	walk(r.Checks, "", func(parent, key, text string) {
		text = oneLine(text)
		switch {
		case key == "custom_message" && text != "":
			messages[text] = true
		case key == "path" && parent != "to": // "to" is the value compared with
			if found := resource.FindStringSubmatch(text); found != nil {
				ids[found[1]] = true
			}
		}
	})
	texts := slices.Collect(maps.Keys(messages))
	if len(texts) != 1 || !message.MatchString(texts[0]) {
		return nil, fmt.Errorf("messages are %q, want one message of Control Tower", texts)
	}
	if len(ids) == 0 {
		return nil, errors.New("names no resource")
	}
	var findings []Finding
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		i := slices.IndexFunc(stack.Resources, func(r assembly.Resource) bool { return r.LogicalID == id })
		if i < 0 || stack.Resources[i].Path == "" {
			return nil, fmt.Errorf("names %s, which is no construct", id)
		}
		parts := message.FindStringSubmatch(texts[0])
		findings = append(findings, Finding{Rule: parts[1], Construct: stack.Resources[i].Path, Says: parts[2]})
	}
	return findings, nil
}

// walk visits every string in a value, with its key and the parent's key.
func walk(value any, parent string, visit func(parent, key, text string)) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			walk(element, parent, visit)
		}
	case map[string]any:
		for key, element := range v {
			if text, ok := element.(string); ok {
				visit(parent, key, text)
				continue
			}
			walk(element, key, visit)
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
