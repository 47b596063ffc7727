package assembly

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Role is an AWS::IAM::Role with every policy that the stage attaches to it.
type Role struct {
	Resource
	// Trust are the statements of the trust policy.
	Trust []Statement
	// Policies are the inline policies, those of AWS::IAM::Policy resources, and the
	// managed policies that the stage declares.
	Policies []Policy
	// ManagedPolicies are the ARNs of all managed policies. The statements of AWS
	// managed policies are not known here.
	ManagedPolicies []string
	// PermissionsBoundary is the ARN of the policy that limits the role, if any.
	PermissionsBoundary string
}

// ARN is the value of every reference to the role's ARN, in every stack.
func (r Role) ARN() string { return identity(r.Stack, r.LogicalID+".Arn") }

// Policy is a named list of statements.
type Policy struct {
	Name       string
	Statements []Statement
}

// Statement is a statement of an IAM policy, with resolved ARNs.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type Statement struct {
	Sid                     string
	Effect                  string
	Principal, NotPrincipal Principal
	Action, NotAction       Strings
	Resource, NotResource   Strings
	// Condition holds the values by operator and key.
	Condition map[string]map[string]Strings
}

// Principal holds the principals by kind, such as "Service" or "AWS". The principal
// "*" has the kind "*".
type Principal map[string]Strings

// UnmarshalJSON decodes "*" or an object.
func (p *Principal) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = Principal{"*": {"*"}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]Strings)(p))
}

type policyDocument struct {
	Version   string
	ID        string
	Statement []Statement
}

func (s *Stage) readRole(r Resource) (Role, error) {
	var properties struct {
		AssumeRolePolicyDocument policyDocument
		Policies                 []struct {
			PolicyName     string
			PolicyDocument policyDocument
		}
		ManagedPolicyArns   []string
		PermissionsBoundary string
	}
	if err := decode(r.Properties, &properties); err != nil {
		return Role{}, err
	}
	role := Role{
		Resource:            r,
		Trust:               properties.AssumeRolePolicyDocument.Statement,
		ManagedPolicies:     properties.ManagedPolicyArns,
		PermissionsBoundary: properties.PermissionsBoundary,
	}
	for _, inline := range properties.Policies {
		role.Policies = append(role.Policies, Policy{inline.PolicyName, inline.PolicyDocument.Statement})
	}
	s.attach(&role)
	return role, nil
}

// attach adds to a role the policies beside it that name it, and the managed ones that it names.
func (s *Stage) attach(role *Role) {
	for _, policy := range s.policies {
		named := slices.Contains(append(policy.Roles, policy.RoleName), role.Identity())
		if policy.Type != "AWS::IAM::ManagedPolicy" {
			if named {
				role.Policies = append(role.Policies, Policy{policy.PolicyName, policy.PolicyDocument.Statement})
			}
			continue
		}
		listed := slices.Contains(role.ManagedPolicies, policy.Identity())
		if named && !listed {
			role.ManagedPolicies = append(role.ManagedPolicies, policy.Identity())
		}
		if named || listed {
			role.Policies = append(role.Policies, Policy{policy.LogicalID, policy.PolicyDocument.Statement})
		}
	}
}

type attachedPolicy struct {
	Resource       `json:"-"`
	PolicyName     string
	PolicyDocument policyDocument
	Roles          []string
	RoleName       string
}

func readPolicy(r Resource) (attachedPolicy, error) {
	policy := attachedPolicy{Resource: r}
	if err := decode(r.Properties, &policy); err != nil {
		return policy, fmt.Errorf("policy %s: %w", r.LogicalID, err)
	}
	return policy, nil
}
