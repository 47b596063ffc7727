package iam

import (
	"fmt"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/wildcard"
)

// operators compare a value of the policy with one of the request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = map[string]func(want, got string) bool{
	"StringEquals": func(want, got string) bool { return want == got },
	"StringLike":   wildcard.Match,
	"ArnEquals":    matchARN,
	"ArnLike":      matchARN,
	"Bool":         strings.EqualFold,
}

// ifExists at the end of an operator's name lets a missing key match.
const ifExists = "IfExists"

func validateConditions(s assembly.Statement) error {
	for operator, keys := range s.Condition {
		if operators[strings.TrimSuffix(operator, ifExists)] == nil {
			return fmt.Errorf("condition operator %s is not supported", operator)
		}
		for key, values := range keys {
			if slices.ContainsFunc(values, hasVariable) {
				return fmt.Errorf("condition on %s: policy variables are not supported", key)
			}
		}
	}
	return nil
}

// holds reports whether the context meets all conditions: every key of every
// operator must match one of its values. A key that the request does not have
// matches with IfExists only.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
func holds(conditions map[string]map[string]assembly.Strings, context map[string]string) bool {
	for operator, keys := range conditions {
		name, optional := strings.CutSuffix(operator, ifExists)
		for key, values := range keys {
			got, known := lookUp(context, key)
			equal := func(want string) bool { return operators[name](want, got) }
			if known && !slices.ContainsFunc(values, equal) || !known && !optional {
				return false
			}
		}
	}
	return true
}

// lookUp finds a condition key. Case does not matter in keys.
func lookUp(context map[string]string, key string) (value string, known bool) {
	for name, value := range context {
		if strings.EqualFold(name, key) {
			return value, true
		}
	}
	return "", false
}

// matchARN compares the six parts of an ARN one by one, so that a * matches within
// its part only. ArnEquals and ArnLike both work this way.
func matchARN(pattern, arn string) bool {
	return slices.EqualFunc(arnParts(pattern), arnParts(arn), wildcard.Match)
}

// arnParts splits an ARN into at most six parts. The last is the resource, which may
// hold colons.
func arnParts(arn string) []string { return strings.SplitN(arn, ":", 6) }
