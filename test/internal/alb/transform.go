package alb

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// URLRewrite is a transform of a rule: it changes the URL of a request that the rule
// matches, before it goes to a target. It has no part in the choice of the rule.
//
// AWS documents a URL's path and query as what is rewritten, and does not say what
// becomes of an expression that matches twice: here its first match is replaced.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
type URLRewrite struct {
	// Regex is matched with the path and the query, such as "/a?b=c".
	Regex *regexp.Regexp
	// Replace takes the place of the match. $1 stands for its first group.
	Replace string
}

var reference = regexp.MustCompile(`\$(\d+)`)

// apply returns a request with the rewritten URL. A URL that does not match stays as it
// is. It is not ok when the result is no URL: "If there is a pattern match but the
// transform fails, we return an HTTP 500 error."
func (u *URLRewrite) apply(r *http.Request) (rewritten *http.Request, ok bool) {
	sent := pathAsSent(r)
	if r.URL.RawQuery != "" {
		sent += "?" + r.URL.RawQuery
	}
	match := u.Regex.FindStringSubmatchIndex(sent)
	if match == nil {
		return r, true
	}
	replaced := reference.ReplaceAllStringFunc(u.Replace, func(group string) string {
		return string(u.Regex.ExpandString(nil, "${"+group[1:]+"}", sent, match))
	})
	target, err := url.ParseRequestURI(sent[:match[0]] + replaced + sent[match[1]:])
	if err != nil || !strings.HasPrefix(target.Path, "/") {
		return nil, false
	}
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = target.Path, target.RawPath, target.RawQuery
	r.RequestURI = target.RequestURI()
	return r, true
}
