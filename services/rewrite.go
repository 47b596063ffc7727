package services

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// Rewrite is a change of the URL between the client and the program. The load balancer
// makes it after a rule has matched, for all that the rule forwards to; a URL that Regex
// does not match stays as it is.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
type Rewrite struct {
	// Regex is a regular expression for the beginning of the URL, such as "^/api/(.*)$", of
	// at most 1024 characters. Empty means that nothing is rewritten.
	Regex string
	// Replace takes the place of what matches, such as "/$1" with the first group, at most
	// 1024 characters.
	Replace string
	// Shared says that the program that gets the rest of a share wants the URL rewritten
	// too. False means that the route is dark or live.
	Shared bool
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RewriteConfig.html
const maxRewrite = 1024

var (
	group = regexp.MustCompile(`\$(\d+)`)
	// classes of Unicode characters, which Go has and the load balancer has not.
	unicodeClass = regexp.MustCompile(`\\[pP]`)
)

// check refuses what the load balancer does not support, such as a look-ahead or a
// back-reference, which are errors to Go's expressions too. An expression that does not
// begin with ^ could match twice, and AWS does not say what becomes of that.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
func (r Rewrite) check() error {
	if r == (Rewrite{}) {
		return nil
	}
	expression, err := regexp.Compile(r.Regex)
	parsed, _ := syntax.Parse(r.Regex, syntax.Perl)
	switch {
	case r.Regex == "" || r.Replace == "":
		return fmt.Errorf("a rewrite of %q to %q: want both Regex and Replace", r.Regex, r.Replace)
	case len(r.Regex) > maxRewrite || len(r.Replace) > maxRewrite:
		return fmt.Errorf("the rewrite has %d and %d characters: want at most %d each", len(r.Regex), len(r.Replace), maxRewrite)
	case err != nil:
		return fmt.Errorf("rewrite %q: %s: want what a load balancer supports, without look-around, back-references and possessive "+
			"quantifiers", r.Regex, reason(err))
	case unicodeClass.MatchString(r.Regex):
		return fmt.Errorf(`rewrite %q: a load balancer has no classes such as \p{L}: name the characters`, r.Regex)
	case !strings.HasPrefix(r.Regex, "^/") || parsed.Op == syntax.OpAlternate:
		return fmt.Errorf("rewrite %q: want ^/ at its beginning, and | in parentheses alone, so that it matches a URL once", r.Regex)
	case !strings.HasPrefix(r.Replace, "/") && !strings.HasPrefix(r.Replace, "$"):
		return fmt.Errorf("a rewrite to %q: want a URL that begins with /", r.Replace)
	}
	for _, match := range group.FindAllStringSubmatch(r.Replace, -1) {
		if n, err := strconv.Atoi(match[1]); err != nil || n > expression.NumSubexp() {
			return fmt.Errorf("a rewrite to %q: %q has %d groups", r.Replace, r.Regex, expression.NumSubexp())
		}
	}
	return nil
}

// reason is what is wrong with an expression, without the expression.
func reason(err error) string {
	if wrong := (*syntax.Error)(nil); errors.As(err, &wrong) {
		return fmt.Sprintf("%s: %s", wrong.Code, wrong.Expr)
	}
	return err.Error()
}
