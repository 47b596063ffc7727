// Package iam decides what a role may do from the statements of its policies,
// as IAM does for a principal and a resource of one account.
//
// It is strict where IAM is lenient: what it cannot give a meaning to is an
// error, because a statement that is skipped could be the one that matters.
package iam

import (
	"errors"
	"fmt"
	"slices"

	"example.com/strangler/test/internal/assembly"
)

// Principal is a role and what is said of it.
type Principal struct {
	ARN      string
	Policies []assembly.Policy
	// Boundary is the most that Policies can give. Nil means no limit.
	Boundary *assembly.Policy
}

// Request is one call of an AWS API.
type Request struct {
	// Action is such as "dynamodb:GetItem".
	Action string
	// Resource is an ARN, or "*" for an action that takes none.
	Resource string
	// Context holds the values of condition keys.
	Context map[string]string
	// Policy is that of the resource itself, such as a bucket's.
	Policy []assembly.Statement
}

// Decision is what becomes of a request.
type Decision int

const (
	// ImplicitDeny is that nothing allows the request.
	ImplicitDeny Decision = iota
	// ExplicitDeny is that a statement denies it, whatever allows it.
	ExplicitDeny
	// Allow is that something allows it and nothing denies it.
	Allow
)

func (d Decision) String() string {
	return [...]string{"implicit deny", "explicit deny", "allow"}[d]
}

// Decide looks for a Deny anywhere first, and then for an Allow: of the role's
// policies or the resource's, and of the boundary if there is one.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (p Principal) Decide(r Request) (Decision, error) {
	own, errOwn := decide(p.identityStatements(), r)
	resource, errResource := decide(p.addressed(r.Policy), r)
	limit, errLimit := p.limit(r)
	if err := errors.Join(errOwn, errResource, errLimit, noException(r.Policy)); err != nil {
		return ImplicitDeny, fmt.Errorf("iam: %w", err)
	}
	switch {
	case slices.Contains([]Decision{own, resource, limit}, ExplicitDeny):
		return ExplicitDeny, nil
	case limit == Allow && (own == Allow || resource == Allow):
		return Allow, nil
	}
	return ImplicitDeny, nil
}

func (p Principal) identityStatements() []assembly.Statement {
	var all []assembly.Statement
	for _, policy := range p.Policies {
		all = append(all, policy.Statements...)
	}
	return all
}

// limit is what the boundary decides. It gives nothing by itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (p Principal) limit(r Request) (Decision, error) {
	if p.Boundary == nil {
		return Allow, nil
	}
	return decide(p.Boundary.Statements, r)
}

// addressed are the statements of a resource's policy that are about the role. A
// statement about the account is about it too if it denies. If it allows, it
// leaves the decision to the role's own policies, and is no Allow by itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (p Principal) addressed(policy []assembly.Statement) []assembly.Statement {
	var about []assembly.Statement
	for _, s := range policy {
		named := slices.ContainsFunc(slices.Concat(s.Principal["*"], s.Principal["AWS"]), func(name string) bool {
			return name == "*" || name == p.ARN || s.Effect == "Deny" && isAccountOf(name, p.ARN)
		})
		if named {
			about = append(about, s)
		}
	}
	return about
}

// isAccountOf takes both ways to write an account: its number, and its root.
func isAccountOf(name, arn string) bool {
	parts := arnParts(arn)
	if len(parts) < 6 {
		return false
	}
	return name == parts[4] || name == fmt.Sprintf("arn:%s:iam::%s:root", parts[1], parts[4])
}

// noException refuses NotPrincipal, with which a Deny reaches the account and the
// session of the very role that it means to spare.
func noException(policy []assembly.Statement) error {
	for _, s := range policy {
		if len(s.NotPrincipal) > 0 {
			return fmt.Errorf("statement %q: NotPrincipal is not supported", s.Sid)
		}
	}
	return nil
}
