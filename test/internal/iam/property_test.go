package iam

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
)

// Few letters make patterns and names that often match.
var (
	names    = rapid.StringMatching(`[ab]:[ab]{0,3}`)
	patterns = rapid.StringMatching(`[ab*?]:?[ab*?]{0,3}`)
	effects  = rapid.SampledFrom([]string{"Allow", "Deny"})
)

var someStatement = rapid.Custom(func(t *rapid.T) assembly.Statement {
	s := assembly.Statement{Effect: effects.Draw(t, "effect")}
	some := rapid.SliceOfN(patterns, 1, 2)
	if s.Action = some.Draw(t, "actions"); rapid.Bool().Draw(t, "NotAction") {
		s.Action, s.NotAction = nil, s.Action
	}
	if s.Resource = some.Draw(t, "resources"); rapid.Bool().Draw(t, "NotResource") {
		s.Resource, s.NotResource = nil, s.Resource
	}
	if rapid.Bool().Draw(t, "condition") {
		operator := rapid.SampledFrom([]string{"StringLike", "StringEqualsIfExists", "Null"}).Draw(t, "operator")
		s.Condition = conditions{operator: {"key": some.Draw(t, "values")}}
	}
	return s
})

var someRequest = rapid.Custom(func(t *rapid.T) Request {
	return Request{
		Action:   names.Draw(t, "action"),
		Resource: names.Draw(t, "resource"),
		Context:  rapid.MapOfN(rapid.Just("key"), names, 0, 1).Draw(t, "context"),
	}
})

func drawStatements(t *rapid.T, name string) []assembly.Statement {
	return rapid.SliceOfN(someStatement, 0, 5).Draw(t, name)
}

// allowed reports whether a request is allowed. An error is not an Allow.
func allowed(p Principal, r Request) bool {
	decision, err := p.Decide(r)
	return err == nil && decision == Allow
}

func TestDenyNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statements, r := drawStatements(t, "statements"), someRequest.Draw(t, "request")
		denial := someStatement.Draw(t, "denial")
		denial.Effect = "Deny"
		before, after := allowed(with(statements...), r), allowed(with(append(statements, denial)...), r)
		require.False(t, after && !before, "the deny %+v allows the request", denial)
	})
}

// What is allowed within a boundary is what both the policies and the boundary allow.
func TestBoundaryIsAnIntersection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := with(drawStatements(t, "statements")...), someRequest.Draw(t, "request")
		boundary := drawStatements(t, "boundary")
		both := allowed(p, r) && allowed(with(boundary...), r)
		require.Equal(t, both, allowed(bounded(p, boundary...), r))
	})
}

// Neither the order of statements matters, nor which policy they are in.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statements, r := drawStatements(t, "statements"), someRequest.Draw(t, "request")
		shuffled := rapid.Permutation(slices.Clone(statements)).Draw(t, "shuffled")
		split := rapid.IntRange(0, len(shuffled)).Draw(t, "split")
		parts := Principal{ARN: role, Policies: []assembly.Policy{{Statements: shuffled[:split]}, {Statements: shuffled[split:]}}}
		want, wantErr := with(statements...).Decide(r)
		got, err := parts.Decide(r)
		require.Equal(t, want, got)
		require.Equal(t, wantErr == nil, err == nil, "errors %v and %v", wantErr, err)
	})
}
