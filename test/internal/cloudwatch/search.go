package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Search is a SEARCH expression: a schema, a metric's name, and terms of which one
// must match.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
type Search struct {
	Namespace string
	// Dimensions are the names of all dimensions of the metrics to find.
	Dimensions []string
	MetricName string
	Terms      []Term
	Statistic  string
}

// Term is a word or several in a row, in the dimension's value or in any.
type Term struct{ Dimension, Words string }

// longestSearch is the room for one expression.
const longestSearch = 1024

var (
	searches    = regexp.MustCompile(`SEARCH\('([^']*)', '([^']*)', 60\)`)
	searchTerms = regexp.MustCompile(`^\{([^}]+)\} MetricName="(\w+)" (?:\(([^()]+)\)|(\S+))$`)
)

// Searches are those of an expression, and what remains with the letters of
// metrics in their places. A search of another form than this app's is an error.
func Searches(expression string) (remains string, found []Search, err error) {
	remains = searches.ReplaceAllStringFunc(expression, func(text string) string {
		parts := searches.FindStringSubmatch(text)
		terms := searchTerms.FindStringSubmatch(parts[1])
		if terms == nil || len(text) > longestSearch {
			err = fmt.Errorf("%s: want a schema, a metric's name and terms, of %d characters at most", text, longestSearch)
			return text
		}
		schema := strings.Split(terms[1], ",")
		search := Search{Namespace: schema[0], Dimensions: schema[1:], MetricName: terms[2], Statistic: parts[2]}
		for _, term := range strings.Split(terms[3]+terms[4], " OR ") {
			dimension, words, designated := strings.Cut(term, "=")
			if !designated {
				dimension, words = "", term
			}
			search.Terms = append(search.Terms, Term{dimension, words})
		}
		found = append(found, search)
		return fmt.Sprintf("s%d", len(found)-1)
	})
	if err == nil && strings.Contains(remains, "SEARCH") {
		err = fmt.Errorf("%s: a search that cannot be read", expression)
	}
	return remains, found, err
}

// Finds reports whether the search finds a metric with those dimensions.
func (s Search) Finds(namespace, name string, dimensions map[string]string) bool {
	if s.Namespace != namespace || s.MetricName != name || len(dimensions) != len(s.Dimensions) {
		return false
	}
	for _, dimension := range s.Dimensions {
		if _, has := dimensions[dimension]; !has {
			return false
		}
	}
	return slices.ContainsFunc(s.Terms, func(t Term) bool { return t.matches(dimensions) })
}

func (t Term) matches(dimensions map[string]string) bool {
	for name, value := range dimensions {
		if (t.Dimension == "" || t.Dimension == name) && inARow(tokens(value), tokens(t.Words)) {
			return true
		}
	}
	return false
}

// inARow reports whether the tokens follow one another somewhere in a value.
func inARow(value, wanted []string) bool {
	for i := range len(value) - len(wanted) + 1 {
		if slices.Equal(value[i:i+len(wanted)], wanted) {
			return true
		}
	}
	return false
}

// tokens are the words that CloudWatch makes of a name: they begin with a capital
// that no capital precedes, or that a small letter follows, and with a number, and
// end at what is neither letter nor digit.
func tokens(name string) []string {
	var all []string
	runes := []rune(name)
	word := []rune{}
	end := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
		}
		word = nil
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case len(word) == 0:
		case unicode.IsDigit(r) != unicode.IsDigit(word[len(word)-1]):
			end()
		case unicode.IsUpper(r) && (!unicode.IsUpper(word[len(word)-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			end()
		}
		word = append(word, r)
	}
	end()
	return all
}
