package wildcard

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// Few letters make patterns and strings that nearly match.
var (
	patterns = rapid.StringOfN(rapid.RuneFrom([]rune(`ab/:*?\`)), 0, 12, -1)
	subjects = rapid.StringOfN(rapid.RuneFrom([]rune(`ab/:*?\`)), 0, 16, -1)
)

func TestBackslash(t *testing.T) {
	for _, test := range []struct {
		pattern, s     string
		plain, escaped bool
	}{
		{`\*`, `*`, false, true},
		{`\*`, `\abc`, true, false},
		{`\?`, `?`, false, true},
		{`\?`, `\a`, true, false},
		{`\\`, `\`, false, true},
		{`a\`, `a\`, true, true},
		{`\a`, `a`, false, true},
	} {
		assert.Equal(t, test.plain, Match(test.pattern, test.s), "Match(%q, %q)", test.pattern, test.s)
		assert.Equal(t, test.escaped, MatchEscaped(test.pattern, test.s), "MatchEscaped(%q, %q)", test.pattern, test.s)
	}
}

func TestAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern, s := patterns.Draw(t, "pattern"), subjects.Draw(t, "s")
		agreesWithRegexp(t, pattern, s)
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("/api/alpha/*", "/api/alpha/1")
	f.Add("*a*b?", "aabbab")
	f.Add(`\*\?\`, `*?\`)
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if visibleASCII(pattern) && visibleASCII(s) {
			agreesWithRegexp(t, pattern, s)
		}
	})
}

func agreesWithRegexp(t assert.TestingT, pattern, s string) {
	assert.Equal(t, reference(pattern, false).MatchString(s), Match(pattern, s), "Match(%q, %q)", pattern, s)
	assert.Equal(t, reference(pattern, true).MatchString(s), MatchEscaped(pattern, s), "MatchEscaped(%q, %q)", pattern, s)
}

// A matcher that backtracks to every * needs more than 10^14 steps for this.
func TestTimeIsBounded(t *testing.T) {
	pattern, s := strings.Repeat("*a", 20)+"b", strings.Repeat("a", 200)
	assert.False(t, Match(pattern, s))
	assert.False(t, MatchEscaped(pattern, s))
}

func BenchmarkBacktracking(b *testing.B) {
	pattern, path := strings.Repeat("*a", 5)+"b", strings.Repeat("a", 2000)
	for b.Loop() {
		MatchEscaped(pattern, path)
	}
}

// reference is a pattern as a regular expression.
func reference(pattern string, escapes bool) *regexp.Regexp {
	var expr strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '*':
			expr.WriteString(".*")
		case pattern[i] == '?':
			expr.WriteString(".")
		case escapes && pattern[i] == '\\' && i+1 < len(pattern):
			i++
			fallthrough
		default:
			expr.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return regexp.MustCompile(`^(?s:` + expr.String() + `)$`)
}

func visibleASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
