package iam

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
)

// Few letters make patterns and names meet often.
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

// allowed takes an error for what it is: no allow.
func allowed(p Principal, r Request) bool {
	decision, err := p.Decide(r)
	return err == nil && decision == Allow
}

func TestDenyNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statements, r := drawStatements(t, "statements"), someRequest.Draw(t, "request")
		denial := someStatement.Draw(t, "denial")
		denial.Effect = "Deny"
		if !allowed(with(statements...), r) && allowed(with(append(statements, denial)...), r) {
			t.Fatalf("%+v widens", denial)
		}
	})
}

func TestBoundaryNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, r := with(drawStatements(t, "statements")...), someRequest.Draw(t, "request")
		boundary := drawStatements(t, "boundary")
		both := allowed(p, r) && allowed(with(boundary...), r)
		if allowed(bounded(p, boundary...), r) != both {
			t.Fatal("a boundary is no intersection")
		}
	})
}

// Nor does it matter which policy a statement is in.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		statements, r := drawStatements(t, "statements"), someRequest.Draw(t, "request")
		shuffled := rapid.Permutation(slices.Clone(statements)).Draw(t, "shuffled")
		split := rapid.IntRange(0, len(shuffled)).Draw(t, "split")
		parts := Principal{ARN: role, Policies: []assembly.Policy{{Statements: shuffled[:split]}, {Statements: shuffled[split:]}}}
		want, wantErr := with(statements...).Decide(r)
		if got, err := parts.Decide(r); got != want || (err == nil) != (wantErr == nil) {
			t.Fatalf("%v (%v) in one order, %v (%v) in another", want, wantErr, got, err)
		}
	})
}
