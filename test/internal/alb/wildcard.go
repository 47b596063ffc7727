package alb

import "strings"

// matchWildcard reports whether pattern matches all of s: * stands for any run
// of characters, also an empty one and one with slashes in it, ? for exactly
// one, and \ makes the character after it literal.
//
// It goes back to the last * only, so its time is at most the product of the
// lengths, whatever a client sends.
func matchWildcard(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0
	for i < len(s) {
		token := tokenAt(pattern, p)
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

// tokenAt is the character of the pattern at p with the backslash that makes it
// literal, and empty at the end.
func tokenAt(pattern string, p int) string {
	width := min(1, len(pattern)-p)
	if strings.HasPrefix(pattern[p:], `\`) && p+1 < len(pattern) {
		width = 2
	}
	return pattern[p : p+width]
}
