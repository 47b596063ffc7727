package server

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Text returns a problem unless a field has least to most characters, and, if
// any, then not only white space.
func Text(field, value string, least, most int) error {
	if n := utf8.RuneCountInString(value); n < least || n > most {
		return invalid("The field %q has %d characters: want %d to %d.", field, n, least, most)
	}
	if value != "" && strings.TrimSpace(value) == "" {
		return invalid("The field %q is blank.", field)
	}
	return nil
}

// Match returns a problem unless a field matches a pattern, which the problem quotes.
func Match(field, value string, pattern *regexp.Regexp) error {
	if !pattern.MatchString(value) {
		return invalid("The field %q does not match %s.", field, pattern)
	}
	return nil
}
