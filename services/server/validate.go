package server

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Text checks that a field's value has least to most characters, and more than white
// space unless it is empty. The error is a *Problem with status 422 that names the
// field and not its value.
func Text(field, value string, least, most int) error {
	if n := utf8.RuneCountInString(value); n < least || n > most {
		return Invalid("The field %q has %d characters: want %d to %d.", field, n, least, most)
	}
	if value != "" && strings.TrimSpace(value) == "" {
		return Invalid("The field %q is blank.", field)
	}
	return nil
}

// Match checks that a field's value matches a pattern. The error is a *Problem with
// status 422 that quotes the pattern and not the value.
func Match(field, value string, pattern *regexp.Regexp) error {
	if !pattern.MatchString(value) {
		return Invalid("The field %q does not match %s.", field, pattern)
	}
	return nil
}
