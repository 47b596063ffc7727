package region

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mask returns a function that puts *** in the place of the values in a text, also as JSON, Go
// and a URL write them. A value of one to three letters and digits counts only as a word of
// its own.
func (v Values) Mask() func(text string) string {
	var words, others []string
	for _, variables := range v {
		for _, value := range variables {
			switch {
			case strings.TrimSpace(value) == "":
			case short.MatchString(value):
				words = append(words, `\b`+value+`\b`)
			default:
				others = append(others, patternsOf(value)...)
			}
		}
	}
	if len(words)+len(others) == 0 {
		return func(text string) string { return text }
	}
	// The first alternative that matches wins, so a value comes before what it begins with.
	slices.SortFunc(others, func(a, b string) int { return len(b) - len(a) })
	all := regexp.MustCompile(strings.Join(append(others, words...), "|"))
	return func(text string) string { return all.ReplaceAllLiteralString(text, "***") }
}

// short is a value that a text may contain by chance.
var short = regexp.MustCompile(`^\w{1,3}$`)

// patternsOf are the regular expressions of the ways in which programs write a value.
func patternsOf(value string) []string {
	inJSON, _ := json.Marshal(value) // a text has no error
	inQuery := url.QueryEscape(value)
	var patterns []string
	for _, written := range []string{
		value, inside(string(inJSON)), inside(strconv.Quote(value)),
		inQuery, strings.ReplaceAll(inQuery, "+", "%20"), url.PathEscape(value), strings.TrimPrefix(url.UserPassword("", value).String(), ":"),
	} {
		patterns = append(patterns, regexp.QuoteMeta(written))
	}
	return patterns
}

// inside is a text without the quotes around it.
func inside(text string) string { return text[1 : len(text)-1] }
