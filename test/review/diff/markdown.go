package diff

import (
	"regexp"
	"strings"
	"unicode"
)

// plain is a text without meaning in Markdown, and without a mention.
var plain = regexp.MustCompile(`^[A-Za-z0-9]+([ -][A-Za-z0-9]+)*$`)

// name is a text of a template within a sentence: as it is when it is plain words, and
// as code otherwise.
func name(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return code(text)
}

// code is a text of a template as a code span: on one line, in a fence longer than any
// in the text, so that the text cannot end it. The review is posted as a comment, and a
// stranger may have written the text.
//
// https://spec.commonmark.org/0.31.2/#code-spans
func code(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.Trim(text, " ") == "" || strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// codes are several texts, as code.
func codes(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, code(text))
	}
	return strings.Join(all, ", ")
}
