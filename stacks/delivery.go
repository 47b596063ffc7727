package stacks

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// Delivery says whose workflows on GitHub may deploy: "delivery" in cdk.json's
// context. All of it is required but Issuer and ExistingProvider.
type Delivery struct {
	// Repository is "owner/name".
	Repository string `json:"repository"`
	// OwnerID and RepositoryID are GitHub's numbers, as text. Another account can take
	// a name that is given up, but never a number.
	OwnerID      string `json:"ownerId"`
	RepositoryID string `json:"repositoryId"`
	// Branch is the only one that deploys, by its name alone: "main".
	Branch string `json:"branch"`
	// Issuer is the URL of the issuer of GitHub's tokens. Empty means GitHub's own,
	// https://token.actions.githubusercontent.com. An enterprise may have its own path
	// there, https://token.actions.githubusercontent.com/ENTERPRISE, and with data
	// residency has https://token.actions.SUBDOMAIN.ghe.com.
	Issuer string `json:"issuer"`
	// ExistingProvider means that the account has GitHub's OIDC provider already. An
	// account has room for one. False means that the stack creates it.
	ExistingProvider bool `json:"existingProvider"`
}

// readDelivery reads "delivery" from the app's context. It returns nil without that key,
// and when one environment is chosen: a stack with that environment's roles alone would
// delete the roles of the others.
func readDelivery(context map[string]any) (*Delivery, error) {
	if context["delivery"] == nil || context["environment"] != nil {
		return nil, nil
	}
	var d Delivery
	if err := decode(context["delivery"], &d); err != nil {
		return nil, fmt.Errorf("cdk.json: delivery: %w", err)
	}
	d.Issuer = cmp.Or(d.Issuer, "https://"+gitHubIssuer)
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("cdk.json: delivery: %w", err)
	}
	return &d, nil
}

var (
	// The name of a managed user ends in an underscore and the enterprise's short code.
	//
	// https://docs.github.com/en/enterprise-cloud@latest/admin/concepts/identity-and-access-management/enterprise-managed-users
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*(_[A-Za-z0-9]+)?/[A-Za-z0-9._-]+$`)
	gitHubID       = regexp.MustCompile(`^[1-9]\d*$`)
	branchName     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/#+@=-]*$`)
	// https://docs.github.com/en/enterprise-cloud@latest/actions/reference/security/oidc
	issuerURL = regexp.MustCompile(
		`^https://(token\.actions\.githubusercontent\.com(/[A-Za-z0-9][A-Za-z0-9-]*)?|token\.actions\.[a-z0-9]([a-z0-9-]*[a-z0-9])?\.ghe\.com)$`,
	)
)

// isRepository reports whether GitHub takes a name: it refuses "." and "..", and one
// that ends in ".git", which is how an address of the repository ends.
func isRepository(name string) bool {
	_, repository, _ := strings.Cut(name, "/")
	return repositoryName.MatchString(name) && repository != "." && repository != ".." &&
		!strings.HasSuffix(strings.ToLower(repository), ".git")
}

// isBranch reports whether a text is the name of a branch, and not of a reference to
// it, which the claim of a token would name twice.
//
// https://git-scm.com/docs/git-check-ref-format
func isBranch(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return branchName.MatchString(name) && !strings.Contains(name, "..") && !strings.HasPrefix(name, "refs/")
}

func (d Delivery) check() error {
	const look = "gh api repos/OWNER/NAME --jq '.owner.id, .id' prints both"
	switch {
	case !isRepository(d.Repository):
		return fmt.Errorf("repository %q: want owner/name", d.Repository)
	case !gitHubID.MatchString(d.OwnerID):
		return fmt.Errorf("ownerId %q: want digits, as text: %s", d.OwnerID, look)
	case !gitHubID.MatchString(d.RepositoryID):
		return fmt.Errorf("repositoryId %q: want digits, as text: %s", d.RepositoryID, look)
	case !isBranch(d.Branch):
		return fmt.Errorf("branch %q: want the name of one, such as main", d.Branch)
	case !issuerURL.MatchString(d.Issuer):
		return fmt.Errorf(
			"issuer %q: want https://%s, with /ENTERPRISE where the enterprise has its own, or https://token.actions.SUBDOMAIN.ghe.com",
			d.Issuer,
			gitHubIssuer,
		)
	}
	return nil
}

// GitHub's issuer of tokens, without the scheme as IAM's condition keys have it,
// and the audience that AWS's action asks for.
//
// https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
const (
	gitHubIssuer = "token.actions.githubusercontent.com"
	audience     = "sts.amazonaws.com"
)

// issuerName is the issuer as ARNs and condition keys have it, without the scheme. AWS
// documents the claims beside aud and sub for GitHub's own issuer; where it does not
// read them of an enterprise's, the roles take no token.
func (d Delivery) issuerName() string { return strings.TrimPrefix(d.Issuer, "https://") }

// deliveryStack is the name of an app's stack of roles. It stands beside the stages
// of the environments, so no environment may have its name.
func deliveryStack(app string) string { return app + "-delivery" }

// DeliveryProps say whose workflows may deploy what.
type DeliveryProps struct {
	Delivery     Delivery
	Environments []Environment
}

// NewDelivery creates GitHub's OIDC provider and two roles for each environment, in the
// account of the person who deploys it. An environment in another account trusts that
// one by cdk bootstrap --trust and --trust-for-lookup. AWS verifies GitHub's certificate
// itself, so there is no thumbprint here.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
func NewDelivery(scope constructs.Construct, id string, props *DeliveryProps) awscdk.Stack {
	d := props.Delivery
	stack := awscdk.NewStack(scope, &id, &awscdk.StackProps{
		Description: jsii.Sprintf("Roles for the workflows of %s", d.Repository),
	})
	provider := gitHubProvider(stack, d)
	for _, e := range props.Environments {
		scope := constructs.NewConstruct(stack, &e.Name)
		newDiffRole(scope, d, e, provider)
		newDeployRole(scope, d, e, provider)
	}
	return stack
}

// gitHubProvider is the ARN of the account's OIDC provider for GitHub.
func gitHubProvider(stack awscdk.Stack, d Delivery) *string {
	if d.ExistingProvider {
		return jsii.Sprintf("arn:%s:iam::%s:oidc-provider/%s", *stack.Partition(), *stack.Account(), d.issuerName())
	}
	return awsiam.NewOidcProviderNative(stack, jsii.String("GitHub"), &awsiam.OidcProviderNativeProps{
		Url:       &d.Issuer,
		ClientIds: jsii.Strings(audience),
	}).OidcProviderArn()
}

// newDiffRole lets a pull request's workflow read what is deployed: through the lookup
// role of the bootstrap or, where there is none, the templates and stacks alone, and what
// go run ./test/verdict counts.
func newDiffRole(scope constructs.Construct, d Delivery, e Environment, provider *string) {
	role := newGitHubRole(scope, "Diff", d, e, provider, d.claims("pull_request"))
	allow(role, "sts:AssumeRole", bootstrapRoles(scope, e, "lookup")...)
	account, partition := accountOf(scope, e)
	for _, action := range []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"} {
		allow(role, action, fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s-*/*", partition, e.Region, account, e.StageName()))
	}
	allow(role, "cloudwatch:DescribeAlarms", fmt.Sprintf("arn:%s:cloudwatch:%s:%s:alarm:*", partition, e.Region, account))
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:    jsii.Strings(verdictActions...),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:RequestedRegion": e.Region}},
	}))
}

// verdictActions are what a verdict reads beside stacks and alarms. They have no resource.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
var verdictActions = []string{
	"cloudwatch:GetMetricData", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetGroupAttributes",
	"elasticloadbalancing:DescribeTargetGroups",
}

// newDeployRole lets the branch's workflow deploy, once GitHub's environment of the same
// name admits it. The subject of its token does not name the branch; the claim ref does.
func newDeployRole(scope constructs.Construct, d Delivery, e Environment, provider *string) {
	claims := d.claims("environment:" + e.Name)
	claims["ref"] = "refs/heads/" + d.Branch
	role := newGitHubRole(scope, "Deploy", d, e, provider, claims)
	allow(role, "sts:AssumeRole", bootstrapRoles(scope, e, "deploy", "file-publishing", "image-publishing", "lookup")...)
}

// claims are the exact values that a token must carry. The subject has two forms: the
// one that GitHub gave every repository until July 2026, and the one since, which adds
// the numbers. The repository's number is a claim in both.
//
// https://docs.github.com/en/actions/reference/security/oidc
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
func (d Delivery) claims(context string) map[string]any {
	owner, name, _ := strings.Cut(d.Repository, "/")
	return map[string]any{
		"aud":           audience,
		"repository_id": d.RepositoryID,
		"sub": []string{
			fmt.Sprintf("repo:%s/%s:%s", owner, name, context),
			fmt.Sprintf("repo:%s@%s/%s@%s:%s", owner, d.OwnerID, name, d.RepositoryID, context),
		},
	}
}

func newGitHubRole(scope constructs.Construct, id string, d Delivery, e Environment, provider *string, claims map[string]any) awsiam.Role {
	equals := map[string]any{}
	for claim, value := range claims {
		equals[d.issuerName()+":"+claim] = value
	}
	role := awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		Description: jsii.Sprintf("%s of %s by GitHub", id, e.StageName()),
		AssumedBy:   awsiam.NewWebIdentityPrincipal(provider, &map[string]any{"StringEquals": equals}),
	})
	if e.PermissionsBoundary != "" {
		awsiam.PermissionsBoundary_Of(role).
			Apply(awsiam.ManagedPolicy_FromManagedPolicyName(scope, jsii.String(id+"Boundary"), &e.PermissionsBoundary))
	}
	awscdk.NewCfnOutput(scope, jsii.String(id+"RoleArn"), &awscdk.CfnOutputProps{Value: role.RoleArn()})
	return role
}

func allow(role awsiam.Role, action string, resources ...string) {
	role.AddToPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   jsii.Strings(action),
		Resources: jsii.Strings(resources...),
	}))
}

// bootstrapRoles are the ARNs of the roles that cdk bootstrap makes for an
// environment's account and region, with its default qualifier.
//
// https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html#bootstrapping-env-roles
func bootstrapRoles(scope constructs.Construct, e Environment, kinds ...string) []string {
	account, partition := accountOf(scope, e)
	var arns []string
	for _, kind := range kinds {
		arns = append(arns, fmt.Sprintf("arn:%[1]s:iam::%[2]s:role/cdk-%[3]s-%[4]s-role-%[2]s-%[5]s",
			partition, account, *awscdk.DefaultStackSynthesizer_DEFAULT_QUALIFIER(), kind, e.Region))
	}
	return arns
}

// accountOf is the environment's account, or that of the person who deploys, and its
// partition.
func accountOf(scope constructs.Construct, e Environment) (account, partition string) {
	stack := awscdk.Stack_Of(scope)
	if e.Account != "" {
		return e.Account, *stack.Partition()
	}
	return *stack.Account(), *stack.Partition()
}
