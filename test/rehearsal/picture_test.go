package main

import (
	"net/netip"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/rehearsal/page"
)

// A rule is shown with what each of its conditions compares, and with its rewrite.
func TestRuleIsShownAsWhatItIs(t *testing.T) {
	shown := ruleOf(alb.Rule{
		ID: "${Alpha.LiveRule}", Priority: 7,
		Conditions: []alb.Condition{
			alb.PathPattern{"/api/alpha", "/api/alpha/*"}, alb.HostHeader{"*.example.com"}, alb.HTTPRequestMethod{"GET", "HEAD"},
			alb.QueryString{{Key: "page", Value: "*"}},
		},
		Rewrite: &alb.URLRewrite{Regex: regexp.MustCompile("^/api/(.*)$"), Replace: "/$1"},
		Action:  alb.Forward{{TargetGroup: "group", Weight: 1}},
	}, map[string]string{"group": "alpha"})
	assert.Equal(t, page.Rule{
		Stack: "Alpha", ID: "LiveRule", Priority: 7, Live: true, Rewrite: "^/api/(.*)$ → /$1",
		Conditions: []page.Condition{
			{Kind: "path", Values: []string{"/api/alpha", "/api/alpha/*"}}, {Kind: "host", Values: []string{"*.example.com"}},
			{Kind: "verb", Values: []string{"GET", "HEAD"}}, {Kind: "query", Values: []string{"page=*"}},
		},
		Shares: []page.Share{{Program: "alpha", Percent: 100}},
	}, shown)
	assert.Equal(t, "/api/alpha, /api/alpha/*, *.example.com, GET or HEAD, page=*", matching(shown.Conditions))

	preview := ruleOf(alb.Rule{Conditions: []alb.Condition{
		alb.HTTPHeader{Name: "X-Route-To", Values: []string{"alpha"}}, alb.SourceIP{netip.MustParsePrefix("10.0.0.0/16")},
	}, Action: alb.FixedResponse{StatusCode: 404}}, nil)
	assert.False(t, preview.Live)
	assert.Equal(t, "X-Route-To: alpha, 10.0.0.0/16", matching(preview.Conditions))
	assert.Equal(t, "404", preview.Answer)
	assert.Empty(t, preview.Rewrite)
}
