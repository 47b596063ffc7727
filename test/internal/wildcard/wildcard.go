// Package wildcard matches strings against the patterns of AWS: * stands for any
// run of characters, the empty run included, and ? for exactly one. No character
// is a separator, so * also takes slashes and colons. Case matters; a caller that
// ignores case lowers both sides first.
//
// The services differ in one point only: whether a backslash escapes a wildcard.
//
// Characters are bytes: Elastic Load Balancing compares visible ASCII only, and
// ARNs and actions are ASCII. The time of a match is at most the product of the
// two lengths, whatever the pattern.
package wildcard

import "strings"

// Match reports whether a pattern of an IAM policy matches all of s. IAM has no
// escape: a backslash is a character like any other.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards
func Match(pattern, s string) bool { return match(pattern, s, false) }

// MatchEscaped reports whether a pattern of a listener rule matches all of s. A
// backslash makes the character after it literal, as AWS documents it for query
// strings; at the end of the pattern it is literal itself. AWS names no escape for
// paths, hosts and headers; package alb uses this function for all of them.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_QueryStringConditionConfig.html
func MatchEscaped(pattern, s string) bool { return match(pattern, s, true) }

// match backtracks to the last * only: an earlier one could take no more than the
// last can, which bounds the time.
func match(pattern, s string, escapes bool) bool {
	p, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		token := tokenAt(pattern, p, escapes)
		switch {
		case token == "*":
			star, resume = p, i
			p++
		case token == "?" || token != "" && token[len(token)-1] == s[i]:
			p += len(token)
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// tokenAt returns the character of the pattern at index p, together with the
// backslash that escapes it, and "" at the end.
func tokenAt(pattern string, p int, escapes bool) string {
	width := min(1, len(pattern)-p)
	if escapes && strings.HasPrefix(pattern[p:], `\`) && p+1 < len(pattern) {
		width = 2
	}
	return pattern[p : p+width]
}
