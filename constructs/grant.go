package constructs

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

// grants are what a role may do, each by a policy of its own, whose id is made of what it allows.
// CloudFormation creates a policy before the tasks that need it start, and deletes one after the
// tasks that had it have been replaced; one that it updates in place changes before they are. So
// whatever allows less is another policy, and no deployment takes a right from tasks that it
// replaces.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
type grants struct {
	role awsiam.Role
	// made are the digests of those that are there.
	made map[string]bool
	// inline is the size of the role's own policies.
	inline int
	// further are the statements for which the role has no room, with their size and digests.
	further       []awsiam.PolicyStatement
	furtherSize   int
	furtherDigest string
}

func newGrants(role awsiam.Role) *grants { return &grants{role: role, made: map[string]bool{}} }

// The sizes of policies in characters, of all in a role together and of a managed one. IAM takes
// 10,240 and 6,144; while a deployment goes on, what it deletes counts too.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
const (
	mostInline  = 8000
	mostManaged = 5500
)

// allow allows actions on resources. What the catalog says twice is one grant.
func (g *grants) allow(name string, actions, resources []string) {
	digest, size := measure(awscdk.Stack_Of(g.role).Resolve([][]string{actions, resources}))
	if g.made[name+digest] {
		return
	}
	g.made[name+digest] = true
	size += policySize + arnSize*len(resources)
	statement := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: jsii.Strings(actions...), Resources: jsii.Strings(resources...),
	})
	if g.inline+size <= mostInline {
		g.inline += size
		awsiam.NewPolicy(g.role, jsii.String(name+digest), &awsiam.PolicyProps{
			Roles: &[]awsiam.IRole{g.role}, Statements: &[]awsiam.PolicyStatement{statement},
		})
		return
	}
	if g.furtherSize+size > mostManaged {
		g.close()
	}
	g.further, g.furtherSize, g.furtherDigest = append(g.further, statement), g.furtherSize+size, g.furtherDigest+digest
}

// close makes a managed policy of what the role has no room for, if anything.
func (g *grants) close() {
	if len(g.further) == 0 {
		return
	}
	digest, _ := measure(g.furtherDigest)
	awsiam.NewManagedPolicy(g.role, jsii.String("Further"+digest), &awsiam.ManagedPolicyProps{
		Roles: &[]awsiam.IRole{g.role}, Statements: &g.further,
	})
	g.further, g.furtherSize, g.furtherDigest = nil, 0, ""
}

// policySize is that of a policy around its actions and resources, and arnSize by how much an ARN
// is longer than its reference at most.
const policySize, arnSize = 90, 100

// measure returns a short digest of values of a template, and their size as JSON.
func measure(values any) (digest string, size int) {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // what the CDK resolves is JSON
	}
	return fmt.Sprintf("%.4x", sha256.Sum256(text)), len(text)
}
