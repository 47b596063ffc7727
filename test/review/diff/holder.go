package diff

import (
	"fmt"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// holder is a role, or a resource with a policy of its own, and what the policies permit.
type holder struct {
	assembly.Resource
	// called is the holder's name for people.
	called  string
	permits []permit
	// role is nil for a resource.
	role *assembly.Role
}

// holders are all of an environment, by their identities.
func holders(stage *assembly.Stage) (map[string]holder, error) {
	all := map[string]holder{}
	for i, role := range stage.Roles {
		all[role.Identity()] = holder{role.Resource, calledRole(stage, role), rolePermits(role), &stage.Roles[i]}
	}
	for r := range stage.Resources() {
		if r.Type == "AWS::IAM::Role" || ofRoles(r, all) {
			continue
		}
		statements, err := statementsIn(r.Properties)
		if err != nil {
			return nil, fmt.Errorf("stack %s: resource %s: its policy: %w", r.Stack, r.LogicalID, err)
		}
		var permits []permit
		for _, s := range statements {
			permits = append(permits, permitsOf(s)...)
		}
		if r.Type == endpoint && len(permits) == 0 {
			permits = []permit{{effect: "Allow", principal: anyPrincipal, action: "*", resource: "*"}}
		}
		if len(permits) > 0 {
			all[r.Identity()] = holder{r, called(stage, r), permits, nil}
		}
	}
	return all, nil
}

// endpoint is a type whose policy bounds the rights of others, and gives none itself.
// An endpoint without a policy allows everything.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
const endpoint = "AWS::EC2::VPCEndpoint"

// ofRoles reports whether a policy belongs to roles of the environment: then it is
// read with each of them.
func ofRoles(r assembly.Resource, roles map[string]holder) bool {
	var policy struct {
		Roles    []string
		RoleName string
	}
	if !strings.HasPrefix(r.Type, "AWS::IAM::") || r.Decode(&policy) != nil {
		return false
	}
	named := policy.Roles
	if policy.RoleName != "" {
		named = append(named, policy.RoleName)
	}
	return len(named) > 0 && !slices.ContainsFunc(named, func(name string) bool { _, ok := roles[name]; return !ok })
}

// rolePermits are what a role may do, which principals may assume it, its managed
// policies, and its permissions boundary, which denies what it does not allow.
func rolePermits(role assembly.Role) []permit {
	var all []permit
	for _, s := range slices.Concat(role.Trust, role.Statements()) {
		all = append(all, permitsOf(s)...)
	}
	for _, arn := range role.ManagedPolicies {
		if !strings.HasPrefix(arn, "${") {
			all = append(all, permit{effect: "Allow", action: "all of " + arn})
		}
	}
	if role.PermissionsBoundary != "" {
		all = append(all, permit{effect: "Deny", action: "all but that of " + role.PermissionsBoundary})
	}
	return all
}
