// Package iam decides what a role or a service of AWS may do, from the policies of the role
// and of the resource, as IAM does within one account.
//
// A statement with an element that this package does not support is an error, even
// if it does not apply to the request: skipping it could hide an Allow or a Deny.
package iam

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// Principal is a role with its policies, or a service of AWS, which has none.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type Principal struct {
	// ARN is the role's ARN, by which policies of resources name it. It is empty for a
	// service.
	ARN string
	// Service is the name of a service, such as "cloudwatch.amazonaws.com". It is empty for
	// a role.
	Service string
	// Policies are the role's own, inline and managed. None allows nothing.
	Policies []assembly.Policy
	// Boundary is the permissions boundary, which limits what is allowed. Nil means
	// no limit.
	Boundary *assembly.Policy
}

// Request is one call of an AWS API.
type Request struct {
	// Action has a service prefix and a name, such as "dynamodb:GetItem". Case does
	// not matter.
	Action string
	// Resource is an ARN, or "*" for an action that takes no resource.
	Resource string
	// Context holds the values of condition keys by key. A key that it lacks is not
	// present in the request.
	Context map[string]string
	// Policy is the resource's own policy, such as that of a bucket or a key, or what
	// [TrustPolicy] returns for a role. Nil means none.
	Policy []assembly.Statement
}

// Decision is the result of evaluating a request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type Decision int

const (
	// ImplicitDeny means that no statement allows the request.
	ImplicitDeny Decision = iota
	// ExplicitDeny means that a statement denies it, which overrides every Allow.
	ExplicitDeny
	// Allow means that a statement allows it and none denies it.
	Allow
)

// String returns "implicit deny", "explicit deny" or "allow".
func (d Decision) String() string {
	return [...]string{"implicit deny", "explicit deny", "allow"}[d]
}

// Decide evaluates a request. A Deny in any policy is an ExplicitDeny. Otherwise the
// request is allowed if the role's policies or the resource's allow it, and the boundary
// does too. Where the resource must have a policy, the role's count only if that allows the
// account. An unsupported element in any statement is an error, and the decision is then
// ImplicitDeny.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (p Principal) Decide(r Request) (Decision, error) {
	identity, errIdentity := decide(p.identityStatements(), r)
	resource, errResource := decide(p.statementsAbout(r.Policy), r)
	account, errAccount := decide(p.statementsAboutAccount(r.Policy), r)
	limit, errLimit := p.limit(r)
	if err := errors.Join(errIdentity, errResource, errAccount, errLimit, refuseNotPrincipal(r.Policy)); err != nil {
		return ImplicitDeny, fmt.Errorf("iam: %w", err)
	}
	delegated := account == Allow || !mustHavePolicy(r)
	switch {
	case slices.Contains([]Decision{identity, resource, limit}, ExplicitDeny):
		return ExplicitDeny, nil
	case limit == Allow && (identity == Allow && delegated || resource == Allow):
		return Allow, nil
	}
	return ImplicitDeny, nil
}

// mustHavePolicy reports whether the resource of a request is a KMS key, or a role to
// assume. Policies of a role allow nothing with either unless the key's policy or the
// other role's trust policy lets them.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
func mustHavePolicy(r Request) bool {
	service, _, _ := strings.Cut(r.Action, ":")
	return strings.EqualFold(service, "kms") && strings.Contains(r.Resource, ":key/") || strings.EqualFold(r.Action, "sts:AssumeRole")
}

// TrustPolicy returns the statements of a role's trust policy, which name no resource, as
// those of a policy of the role's ARN.
func TrustPolicy(role string, trust []assembly.Statement) []assembly.Statement {
	named := slices.Clone(trust)
	for i := range named {
		named[i].Resource = assembly.Strings{role}
	}
	return named
}

// identityStatements are those of the role's own policies. A matrix of grants asks for them
// millions of times, so they are not copied into a slice.
func (p Principal) identityStatements() iter.Seq[assembly.Statement] {
	return func(yield func(assembly.Statement) bool) {
		for _, policy := range p.Policies {
			for _, s := range policy.Statements {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// limit is the decision of the boundary, which allows nothing by itself.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (p Principal) limit(r Request) (Decision, error) {
	if p.Boundary == nil {
		return Allow, nil
	}
	return decide(slices.Values(p.Boundary.Statements), r)
}

// statementsAbout returns the statements of a resource's policy that apply to the
// principal. A Deny of the account applies to a role of it. An Allow of the account does
// not: it leaves the decision to the role's own policies. A Deny of everyone applies to a
// service; AWS does not say that an Allow of everyone does, so it does not here.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (p Principal) statementsAbout(policy []assembly.Statement) iter.Seq[assembly.Statement] {
	return filter(policy, func(s assembly.Statement) bool {
		all := slices.Concat(s.Principal["*"], s.Principal["AWS"])
		switch {
		case slices.Contains(all, "*") && (p.Service == "" || s.Effect == "Deny"):
			return true
		case p.Service != "":
			return slices.Contains(s.Principal["Service"], p.Service)
		}
		return slices.Contains(all, p.ARN) || s.Effect == "Deny" && p.isOfAccount(s)
	})
}

// statementsAboutAccount returns the statements of a resource's policy that name the
// role's account.
func (p Principal) statementsAboutAccount(policy []assembly.Statement) iter.Seq[assembly.Statement] {
	return filter(policy, p.isOfAccount)
}

func (p Principal) isOfAccount(s assembly.Statement) bool {
	return slices.ContainsFunc(s.Principal["AWS"], func(name string) bool { return isAccountOf(name, p.ARN) })
}

func filter(policy []assembly.Statement, about func(assembly.Statement) bool) iter.Seq[assembly.Statement] {
	return func(yield func(assembly.Statement) bool) {
		for _, s := range policy {
			if about(s) && !yield(s) {
				return
			}
		}
	}
}

// isAccountOf reports whether a name is the account of an ARN, written as its number
// or as its root's ARN.
func isAccountOf(name, arn string) bool {
	parts := arnParts(arn)
	if len(parts) < 6 {
		return false
	}
	return name == parts[4] || name == fmt.Sprintf("arn:%s:iam::%s:root", parts[1], parts[4])
}

// refuseNotPrincipal returns an error for NotPrincipal. A Deny with it also denies the
// account and the sessions of the role that it excepts, which this package does not
// model.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func refuseNotPrincipal(policy []assembly.Statement) error {
	for _, s := range policy {
		if len(s.NotPrincipal) > 0 {
			return fmt.Errorf("statement %q: NotPrincipal is not supported", s.Sid)
		}
	}
	return nil
}
