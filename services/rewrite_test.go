package services

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRewrites(t *testing.T) {
	long := "^/" + strings.Repeat("a", 1024)
	for _, test := range []struct {
		rewrite Rewrite
		want    string
	}{
		{Rewrite{}, ""},
		{Rewrite{Regex: `^/api/(.*)$`, Replace: "/$1"}, ""},
		{Rewrite{Regex: `^/api(/.*)$`, Replace: "$1"}, ""},
		{Rewrite{Regex: `^/(?:v1|v2)/([^/?]+?)\b`, Replace: "/x/$1", Shared: true}, ""},
		{Rewrite{Regex: `^/a`}, `a rewrite of "^/a" to "": want both Regex and Replace`},
		{Rewrite{Replace: "/a"}, "want both Regex and Replace"},
		{Rewrite{Shared: true}, "want both Regex and Replace"},
		{Rewrite{Regex: long, Replace: "/"}, "the rewrite has 1026 and 1 characters: want at most 1024 each"},
		{Rewrite{Regex: "^/", Replace: long}, "the rewrite has 2 and 1026 characters"},
		{
			Rewrite{Regex: `^/(?=api)`, Replace: "/"},
			"invalid or unsupported Perl syntax: (?=: want what a load balancer supports, without look-around",
		},
		{Rewrite{Regex: `^/(?!api)`, Replace: "/"}, "without look-around, back-references and possessive quantifiers"},
		{Rewrite{Regex: `^/(?<=api)`, Replace: "/"}, "without look-around"},
		{Rewrite{Regex: `^/(?>api)`, Replace: "/"}, "without look-around"},
		{Rewrite{Regex: `^/(a)\1`, Replace: "/"}, `invalid escape sequence: \1`},
		{Rewrite{Regex: `^/a++`, Replace: "/"}, "invalid nested repetition operator: ++"},
		{Rewrite{Regex: `^/(?R)`, Replace: "/"}, "invalid or unsupported Perl syntax: (?R"},
		{Rewrite{Regex: `^/\p{L}`, Replace: "/"}, `a load balancer has no classes such as \p{L}`},
		{Rewrite{Regex: `^/\PL`, Replace: "/"}, "no classes such as"},
		{Rewrite{Regex: `/api`, Replace: "/"}, "want ^/ at its beginning"},
		{Rewrite{Regex: `^/w|/x`, Replace: "/"}, "| in parentheses alone"},
		{Rewrite{Regex: `^/(a|b)/`, Replace: "/"}, ""},
		{Rewrite{Regex: `^/api/(.*)`, Replace: "$2"}, `a rewrite to "$2": "^/api/(.*)" has 1 groups`},
		{Rewrite{Regex: `^/api/(.*)`, Replace: "/$99999999999999999999"}, "has 1 groups"},
		{Rewrite{Regex: `^/api/(.*)`, Replace: "x/$1"}, "want a URL that begins with /"},
	} {
		_, err := routed(Route{Paths: []string{"/api/*"}, Rewrite: test.rewrite}).Complete()
		if test.want == "" {
			assert.NoError(t, err, "%+v", test.rewrite)
			continue
		}
		assert.ErrorContains(t, err, test.want)
		assert.ErrorContains(t, err, `services: "alpha": route 1: `)
	}
}
