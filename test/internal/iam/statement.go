package iam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/wildcard"
)

// decide looks at every statement before it says anything, so that neither their
// order nor a Deny hides one that has no meaning.
func decide(statements []assembly.Statement, r Request) (Decision, error) {
	decision := ImplicitDeny
	for _, s := range statements {
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

// validate wants of a statement what IAM wants, and nothing that this package
// does not know.
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
	for _, pattern := range slices.Concat(s.Resource, s.NotResource) {
		if variable.MatchString(pattern) {
			return fmt.Errorf("%s: policy variables are not supported", pattern)
		}
	}
	return validateConditions(s)
}

// variable is what IAM replaces when a request comes, such as ${aws:username}, and
// not what CloudFormation does before, such as ${AWS::AccountId}.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
var variable = regexp.MustCompile(`\$\{([^}:]+:[^}:]|[*?$]\})`)

func applies(s assembly.Statement, r Request) bool {
	return concerns(s.Action, s.NotAction, strings.ToLower(r.Action), strings.ToLower) &&
		concerns(s.Resource, s.NotResource, r.Resource, strings.Clone) &&
		holds(s.Condition, r.Context)
}

// concerns is whether a name is among the patterns, or not among the excluded
// ones. Actions are compared in lower case, resources as they are written.
func concerns(patterns, excluded []string, name string, fold func(string) string) bool {
	among := func(pattern string) bool { return wildcard.Match(fold(pattern), name) }
	if len(excluded) > 0 {
		return !slices.ContainsFunc(excluded, among)
	}
	return slices.ContainsFunc(patterns, among)
}
