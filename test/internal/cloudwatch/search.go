package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Search is a SEARCH expression: a schema, the name of a metric, and terms, one of
// which must match.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
type Search struct {
	// Namespace is the namespace of the schema.
	Namespace string
	// Dimensions are the names of all dimensions of the metrics to find.
	Dimensions []string
	// MetricName is the metric's exact name.
	MetricName string
	// Terms are alternatives.
	Terms []Term
	// Statistic is such as "Sum".
	Statistic string
}

// Term is a sequence of words in the value of a dimension.
type Term struct {
	// Dimension is the dimension's name. Empty means any.
	Dimension string
	// Words must follow one another in the value. Case does not matter. In double quotes they
	// are the whole value.
	Words string
}

// longestSearch is the most characters of a SEARCH expression.
const longestSearch = 1024

var (
	searches    = regexp.MustCompile(`SEARCH\('([^']*)', '([^']*)', 60\)`)
	searchTerms = regexp.MustCompile(`^\{([^}]+)\} MetricName="(\w+)" (?:\(([^()]+)\)|(\S+))$`)
)

// Searches returns the SEARCH expressions of an expression, and the rest of it with
// the ids s0, s1 and so on in their places. A search of another form than
// SEARCH('{schema} MetricName="name" terms', 'statistic', 60), or longer than 1024
// characters, is an error.
func Searches(expression string) (remains string, found []Search, err error) {
	remains = searches.ReplaceAllStringFunc(expression, func(text string) string {
		parts := searches.FindStringSubmatch(text)
		terms := searchTerms.FindStringSubmatch(parts[1])
		if terms == nil || len(text) > longestSearch {
			err = fmt.Errorf("%s: want a schema, a metric's name and terms, %d characters at most", text, longestSearch)
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
		err = fmt.Errorf("%s: malformed SEARCH expression", expression)
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

// matches reports whether the term occurs in the value of a dimension.
func (t Term) matches(dimensions map[string]string) bool {
	for name, value := range dimensions {
		if t.Dimension != "" && t.Dimension != name {
			continue
		}
		if t.Words == strconv.Quote(value) || !strings.HasPrefix(t.Words, `"`) && containsInOrder(tokens(value), tokens(t.Words)) {
			return true
		}
	}
	return false
}

// containsInOrder reports whether the wanted tokens follow one another in a value.
func containsInOrder(value, wanted []string) bool {
	for i := range len(value) - len(wanted) + 1 {
		if slices.Equal(value[i:i+len(wanted)], wanted) {
			return true
		}
	}
	return false
}

// tokens splits a name into lower-case words, as CloudWatch does. A word begins at a
// number, and at a capital that follows a letter in lower case or precedes one. It ends
// at a character that is neither a letter nor a digit.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
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
