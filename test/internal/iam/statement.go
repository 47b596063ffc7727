package iam

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/wildcard"
)

// decide evaluates all statements, in any order. It validates each of them, also
// those after a Deny and those that do not apply.
func decide(statements iter.Seq[assembly.Statement], r Request) (Decision, error) {
	decision := ImplicitDeny
	for s := range statements {
		if err := validate(s); err != nil {
			return ImplicitDeny, fmt.Errorf("statement %q: %w", s.Sid, err)
		}
		switch {
		case !applies(s, r):
		case s.Effect == "Deny":
			decision = ExplicitDeny
		case decision == ImplicitDeny:
			decision = Allow
		}
	}
	return decision, nil
}

// validate returns an error for a statement that IAM would refuse, or that has an
// element which this package does not support.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func validate(s assembly.Statement) error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("effect %q: want Allow or Deny", s.Effect)
	case (len(s.Action) > 0) == (len(s.NotAction) > 0):
		return fmt.Errorf("want either Action or NotAction")
	case (len(s.Resource) > 0) == (len(s.NotResource) > 0):
		return fmt.Errorf("want either Resource or NotResource")
	}
	for _, patterns := range [...]assembly.Strings{s.Resource, s.NotResource} {
		if i := slices.IndexFunc(patterns, hasVariable); i >= 0 {
			return fmt.Errorf("%s: policy variables are not supported", patterns[i])
		}
	}
	return validateConditions(s)
}

// variable matches a policy variable, which IAM replaces for each request, such as
// ${aws:username}. It does not match a pseudo parameter of CloudFormation, such as
// ${AWS::AccountId}.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
var variable = regexp.MustCompile(`\$\{([^}:]+:[^}:]|[*?$]\})`)

// hasVariable reports whether a pattern or a value has a policy variable. The expression is
// slow, and few have its beginning.
func hasVariable(s string) bool { return strings.Contains(s, "${") && variable.MatchString(s) }

// applies reports whether a statement is about the request.
func applies(s assembly.Statement, r Request) bool {
	return covers(s.Resource, s.NotResource, r.Resource, wildcard.Match) &&
		covers(s.Action, s.NotAction, r.Action, matchAction) &&
		holds(s.Condition, r.Context)
}

// covers reports whether a name matches one of the patterns or, if there are excluded
// patterns, none of those.
func covers(patterns, excluded []string, name string, match func(pattern, name string) bool) bool {
	matches := func(pattern string) bool { return match(pattern, name) }
	if len(excluded) > 0 {
		return !slices.ContainsFunc(excluded, matches)
	}
	return slices.ContainsFunc(patterns, matches)
}

// matchAction ignores case. It lowers only patterns with a wildcard, because most have none.
func matchAction(pattern, action string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return strings.EqualFold(pattern, action)
	}
	return wildcard.Match(strings.ToLower(pattern), strings.ToLower(action))
}
