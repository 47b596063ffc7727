package alb

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Few letters make patterns and strings that nearly match.
var (
	patterns = rapid.StringOfN(rapid.RuneFrom([]rune(`ab/*?\`)), 0, 12, -1)
	subjects = rapid.StringOfN(rapid.RuneFrom([]rune(`ab/*?\`)), 0, 16, -1)
)

func TestWildcardAgreesWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern, s := patterns.Draw(t, "pattern"), subjects.Draw(t, "s")
		if got, want := matchWildcard(pattern, s), reference(pattern).MatchString(s); got != want {
			t.Fatalf("matchWildcard(%q, %q) = %t, want %t", pattern, s, got, want)
		}
	})
}

func FuzzWildcard(f *testing.F) {
	f.Add("/api/users/*", "/api/users/1")
	f.Add("*a*b?", "aabbab")
	f.Add(`\*\?\`, `*?\`)
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !visibleASCII(pattern) || !visibleASCII(s) {
			return // rules are applied only to visible ASCII characters
		}
		if got, want := matchWildcard(pattern, s), reference(pattern).MatchString(s); got != want {
			t.Errorf("matchWildcard(%q, %q) = %t, want %t", pattern, s, got, want)
		}
	})
}

func BenchmarkWildcardBacktracking(b *testing.B) {
	pattern, path := strings.Repeat("*a", 5)+"b", strings.Repeat("a", 2000)
	for b.Loop() {
		matchWildcard(pattern, path)
	}
}

// reference says with the regular expression library what a pattern means.
func reference(pattern string) *regexp.Regexp {
	var expr strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '*':
			expr.WriteString(".*")
		case pattern[i] == '?':
			expr.WriteString(".")
		case pattern[i] == '\\' && i+1 < len(pattern):
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
