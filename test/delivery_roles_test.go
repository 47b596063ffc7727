package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks"
	"example.com/strangler/stacks/controls"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/iam"
	"example.com/strangler/test/internal/synth"
)

// delivered is a repository that delivers dev, in the account of the person who
// deploys, and prod, in one of its own and with a gateway to the images of the first.
func delivered(app *synth.App) {
	all := app.Context["environments"].(map[string]any)
	prod := maps.Clone(all["dev"].(map[string]any))
	prod["region"], prod["account"], prod["natGateways"] = "us-east-1", "444455556666", 1
	all["prod"] = prod
	app.Context["delivery"] = deliveryContext()
}

// deliveryContext is "delivery" in cdk.json.
func deliveryContext() map[string]any {
	return map[string]any{"repository": "example/fixture", "ownerId": "12", "repositoryId": "345", "branch": "main"}
}

// deliveryStage holds the stack beside the environments, synthesized once. Its
// resources must not be changed.
func deliveryStage(t *testing.T) *assembly.Stage {
	t.Helper()
	if deliveryAssembled == nil {
		var err error
		deliveryAssembled, err = synthesized(t, neutral(t, delivered)).Stage("")
		require.NoError(t, err)
	}
	return deliveryAssembled
}

var deliveryAssembled *assembly.Stage

// besideEnvironments holds the stack beside the environments of the fixture with changes. It
// is synthesized alone: deliveryStage is the one that stands beside them.
func besideEnvironments(t *testing.T, changes ...change) *assembly.Stage {
	t.Helper()
	app := neutral(t, changes...)
	read, err := stacks.Read(app.Context, app.Catalog)
	require.NoError(t, err)
	a, err := app.Compose(t.TempDir(), func(cdk awscdk.App) {
		stacks.NewDelivery(cdk, "fixture-delivery", &stacks.DeliveryProps{Delivery: *read.Delivery, Environments: read.Environments})
	})
	require.NoError(t, err)
	return onlyStage(t, a)
}

// deliveryRole is a role of the stack: "devDiff".
func deliveryRole(t *testing.T, name string) assembly.Role {
	t.Helper()
	i := slices.IndexFunc(deliveryStage(t).Roles, func(r assembly.Role) bool { return strings.HasPrefix(r.LogicalID, name) })
	require.GreaterOrEqual(t, i, 0, "no role %s", name)
	return deliveryStage(t).Roles[i]
}

// claims are what a GitHub token says of a workflow's run.
type claims map[string]string

func (k claims) with(claim, value string) claims {
	other := maps.Clone(k)
	other[claim] = value
	return other
}

// A pull request's token and a deployment's, in both forms of the subject.
//
// https://docs.github.com/en/actions/reference/security/oidc
var (
	pullRequestToken = claims{
		"aud": "sts.amazonaws.com", "repository_id": "345", "ref": "refs/pull/7/merge", "sub": "repo:example/fixture:pull_request",
	}
	deploymentToken = claims{
		"aud": "sts.amazonaws.com", "repository_id": "345", "ref": "refs/heads/main", "sub": "repo:example/fixture:environment:dev",
	}

	immutable = strings.NewReplacer("example/fixture", "example@12/fixture@345")
)

// federated is the one principal that a GitHub token stands for.
var federated = "${" + fixture.Catalog().Name + "-delivery.GitHub}"

// accepts asks IAM whether a role's trust lets a token in. IAM's language for who
// may assume a role is that of who may call an API.
func accepts(role assembly.Role, k claims) (bool, error) {
	var trust []assembly.Statement
	for _, s := range role.Trust {
		providers := s.Principal["Federated"]
		if len(s.Principal) != 1 || len(providers) != 1 || !strings.HasPrefix(providers[0], strings.TrimSuffix(federated, "}")) {
			return false, fmt.Errorf("%s trusts %v", role.LogicalID, s.Principal)
		}
		s.Principal, s.Resource = nil, assembly.Strings{"*"}
		trust = append(trust, s)
	}
	context := map[string]string{}
	for claim, value := range k {
		context["token.actions.githubusercontent.com:"+claim] = value
	}
	gitHub := iam.Principal{ARN: federated, Policies: []assembly.Policy{{Statements: trust}}}
	decision, err := gitHub.Decide(iam.Request{Action: "sts:AssumeRoleWithWebIdentity", Resource: "*", Context: context})
	return decision == iam.Allow, err
}

// checkDeliveryTrust wants a role to take its own claims, in both forms, and no other.
func checkDeliveryTrust(role assembly.Role, own claims) error {
	var errs []error
	expect := func(what string, k claims, want bool) {
		if got, err := accepts(role, k); got != want || err != nil {
			errs = append(errs, errors.Join(fmt.Errorf("%s: %s is taken: %v, want %v", role.LogicalID, what, got, want), err))
		}
	}
	expect("its own", own, true)
	expect("its own in the immutable form", own.with("sub", immutable.Replace(own["sub"])), true)
	expect("one for another audience", own.with("aud", "https://github.com/example"), false)
	expect("one of a repository that took over the name", own.with("repository_id", "346"), false)
	context := strings.TrimPrefix(own["sub"], "repo:example/fixture:")
	for _, subject := range []string{
		"repo:example/blog:" + context,
		"repo:example/fixture-2:" + context,
		"repo:mallory/fixture:" + context,
		"repo:example@13/fixture@345:" + context,
		"repo:example@12/fixture@346:" + context,
		"repo:example/fixture:" + context + "-2",
		"repo:example/fixture:ref:refs/heads/main",
		"repo:example/fixture:environment:production",
		"*",
	} {
		expect(subject, own.with("sub", subject), false)
	}
	return errors.Join(errs...)
}

func TestDeliveryTrust(t *testing.T) {
	prod := deploymentToken.with("sub", "repo:example/fixture:environment:prod")
	for name, own := range map[string]claims{
		"devDiff": pullRequestToken, "prodDiff": pullRequestToken, "devDeploy": deploymentToken, "prodDeploy": prod,
	} {
		role := deliveryRole(t, name)
		require.NoError(t, checkDeliveryTrust(role, own))
		for what, other := range map[string]claims{
			"a pull request": pullRequestToken, "dev": deploymentToken, "prod": prod, "another branch": own.with("ref", "refs/heads/topic"),
		} {
			want := other["sub"] == own["sub"] && (what != "another branch" || strings.HasSuffix(name, "Diff"))
			got, err := accepts(role, other)
			require.NoError(t, err, "%s: the token of %s", name, what)
			assert.Equal(t, want, got, "%s takes the token of %s", name, what)
		}
	}
}

func TestDeliveryTrustMutants(t *testing.T) {
	const claim = "token.actions.githubusercontent.com:"
	for name, edit := range map[string]func(statement *assembly.Statement, equals map[string]assembly.Strings){
		"any audience": func(_ *assembly.Statement, equals map[string]assembly.Strings) { delete(equals, claim+"aud") },
		"any subject":  func(_ *assembly.Statement, equals map[string]assembly.Strings) { delete(equals, claim+"sub") },
		"any number":   func(_ *assembly.Statement, equals map[string]assembly.Strings) { delete(equals, claim+"repository_id") },
		"the old form alone": func(_ *assembly.Statement, equals map[string]assembly.Strings) {
			equals[claim+"sub"] = equals[claim+"sub"][:1]
		},
		"the new form alone": func(_ *assembly.Statement, equals map[string]assembly.Strings) {
			equals[claim+"sub"] = equals[claim+"sub"][1:]
		},
		"a denial": func(s *assembly.Statement, _ map[string]assembly.Strings) { s.Effect = "Deny" },
		"another provider": func(s *assembly.Statement, _ map[string]assembly.Strings) {
			s.Principal = assembly.Principal{"Federated": {"accounts.google.com"}}
		},
		"any principal": func(s *assembly.Statement, _ map[string]assembly.Strings) {
			s.Principal = assembly.Principal{"*": {"*"}}
		},
		"the repository's name": func(s *assembly.Statement, equals map[string]assembly.Strings) {
			s.Condition["StringLike"] = map[string]assembly.Strings{claim + "sub": {"repo:example*"}}
			delete(equals, claim+"sub")
		},
	} {
		for id, own := range map[string]claims{"devDiff": pullRequestToken, "devDeploy": deploymentToken} {
			role := editTrust(deliveryRole(t, id), edit)
			require.Error(t, checkDeliveryTrust(role, own), "%s: %s: mutant passed the check", id, name)
		}
	}
	anyBranch := editTrust(deliveryRole(t, "devDeploy"), func(_ *assembly.Statement, equals map[string]assembly.Strings) {
		delete(equals, claim+"ref")
	})
	got, err := accepts(anyBranch, deploymentToken.with("ref", "refs/heads/topic"))
	require.NoError(t, err)
	assert.True(t, got, "the claim of the branch is not what refuses another branch")
}

func editTrust(role assembly.Role, edit func(*assembly.Statement, map[string]assembly.Strings)) assembly.Role {
	statement := role.Trust[0]
	equals := maps.Clone(statement.Condition["StringEquals"])
	statement.Condition = map[string]map[string]assembly.Strings{"StringEquals": equals}
	edit(&statement, equals)
	role.Trust = []assembly.Statement{statement}
	return role
}

// deliveryRights are all that a role of the stack is for: action and resource.
func deliveryRights(name, environment, account, region string) map[grant]bool {
	kinds := map[string][]string{"Diff": {"lookup"}, "Deploy": {"deploy", "file-publishing", "image-publishing", "lookup"}}[name]
	rights := map[grant]bool{}
	for _, kind := range kinds {
		rights[grant{action: "sts:AssumeRole", resource: bootstrapRole(kind, account, region)}] = true
	}
	if name == "Diff" {
		for _, action := range []string{"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources"} {
			rights[grant{action: action, resource: alphaStack(environment, account, region)}] = true
		}
	}
	return rights
}

// verdictReads are what a verdict reads of a whole region, by action: the resource is that of
// the call.
func verdictReads(account, region string) map[string]string {
	return map[string]string{
		"cloudwatch:GetMetricData": "*", "elasticloadbalancing:DescribeRules": "*", "elasticloadbalancing:DescribeTargetGroups": "*",
		"elasticloadbalancing:DescribeTargetGroupAttributes": "*",
		"cloudwatch:DescribeAlarms":                          "arn:${AWS::Partition}:cloudwatch:" + region + ":" + account + ":alarm:*",
	}
}

// checkVerdictRights wants a role to read the figures of one region, or of none, and no more
// of the services that have them.
func checkVerdictRights(role assembly.Role, account, of string) error {
	principal := iam.Principal{ARN: "arn:aws:iam::" + accountID + ":role/" + role.LogicalID, Policies: role.Policies}
	var errs []error
	expect := func(action, resource, region string, want bool) {
		decision, err := principal.Decide(iam.Request{
			Action: action, Resource: resource, Context: map[string]string{"aws:RequestedRegion": region},
		})
		if got := decision == iam.Allow; err != nil || got != want {
			errs = append(errs, errors.Join(fmt.Errorf("%s may %s in %s: %v", role.LogicalID, action, region, got), err))
		}
	}
	for _, region := range []string{"eu-west-1", "us-east-1"} {
		for action, resource := range verdictReads(account, region) {
			expect(action, resource, region, region == of)
		}
		for _, action := range []string{
			"cloudwatch:PutMetricData", "cloudwatch:GetMetricStatistics", "elasticloadbalancing:ModifyRule",
			"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:SetRulePriorities",
		} {
			expect(action, "*", region, false)
		}
		expect("cloudwatch:DeleteAlarms", verdictReads(account, region)["cloudwatch:DescribeAlarms"], region, false)
	}
	return errors.Join(errs...)
}

// The diff role reads what a verdict needs, in its environment's region; the other role not.
func TestVerdictRights(t *testing.T) {
	require.NoError(t, checkVerdictRights(deliveryRole(t, "devDiff"), deployersAccount, "eu-west-1"))
	require.NoError(t, checkVerdictRights(deliveryRole(t, "prodDiff"), "444455556666", "us-east-1"))
	require.NoError(t, checkVerdictRights(deliveryRole(t, "devDeploy"), deployersAccount, ""))
	for name, statement := range map[string]assembly.Statement{
		"any region": {Effect: "Allow", Action: assembly.Strings{"cloudwatch:GetMetricData"}, Resource: assembly.Strings{"*"}},
		"a change":   {Effect: "Allow", Action: assembly.Strings{"elasticloadbalancing:*"}, Resource: assembly.Strings{"*"}},
		"all alarms": {Effect: "Allow", Action: assembly.Strings{"cloudwatch:*Alarms"}, Resource: assembly.Strings{"*"}},
	} {
		role := deliveryRole(t, "devDiff")
		role.Policies = append(slices.Clone(role.Policies), assembly.Policy{Statements: []assembly.Statement{statement}})
		require.Error(t, checkVerdictRights(role, deployersAccount, "eu-west-1"), "%s: mutant passed the check", name)
	}
	role := deliveryRole(t, "devDiff")
	role.Policies = nil
	require.Error(t, checkVerdictRights(role, deployersAccount, "eu-west-1"))
}

func bootstrapRole(kind, account, region string) string {
	return "arn:${AWS::Partition}:iam::" + account + ":role/cdk-hnb659fds-" + kind + "-role-" + account + "-" + region
}

func alphaStack(environment, account, region string) string {
	name := fixture.Catalog().Name + "-" + environment + "-Alpha"
	return "arn:${AWS::Partition}:cloudformation:" + region + ":" + account + ":stack/" + name + "/0123"
}

// trustAccount is the trust policy of every role here: the account of the deployers, as the
// CDK's bootstrap gives its roles. It leaves the decision to their own policies.
//
// https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
var trustAccount = []assembly.Statement{{
	Effect: "Allow", Action: assembly.Strings{"sts:AssumeRole"}, Principal: assembly.Principal{"AWS": {accountID}},
}}

const deployersAccount = "${AWS::AccountId}"

// checkDeliveryRights asks of every action and resource that could matter.
func checkDeliveryRights(role assembly.Role, want map[grant]bool) error {
	var errs []error
	resources := []string{"*", "arn:${AWS::Partition}:iam::" + deployersAccount + ":role/Admin"}
	for _, account := range []string{deployersAccount, "444455556666", "777788889999"} {
		for _, region := range []string{"eu-west-1", "us-east-1", "ap-south-1"} {
			for _, kind := range []string{"deploy", "file-publishing", "image-publishing", "lookup", "cfn-exec"} {
				resources = append(resources, bootstrapRole(kind, account, region))
			}
			for _, environment := range []string{"dev", "prod", "test"} {
				resources = append(resources, alphaStack(environment, account, region))
			}
		}
	}
	principal := iam.Principal{ARN: "arn:aws:iam::" + accountID + ":role/" + role.LogicalID, Policies: role.Policies}
	for _, action := range []string{
		"sts:AssumeRole", "sts:TagSession", "iam:PassRole", "iam:PutRolePolicy", "s3:GetObject", "dynamodb:GetItem", "ssm:GetParameter",
		"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources",
		"cloudformation:CreateChangeSet", "cloudformation:UpdateStack", "cloudformation:DeleteStack",
	} {
		for _, resource := range resources {
			decision, err := principal.Decide(iam.Request{Action: action, Resource: resource, Policy: iam.TrustPolicy(resource, trustAccount)})
			if got := decision == iam.Allow; err != nil || got != want[grant{action: action, resource: resource}] {
				errs = append(errs, errors.Join(fmt.Errorf("%s may %s on %s: %v", role.LogicalID, action, resource, got), err))
			}
		}
	}
	if len(role.ManagedPolicies) > 0 {
		errs = append(errs, fmt.Errorf("%s has %v", role.LogicalID, role.ManagedPolicies))
	}
	return errors.Join(errs...)
}

func TestDeliveryRights(t *testing.T) {
	for _, kind := range []string{"Diff", "Deploy"} {
		dev, prod := deliveryRole(t, "dev"+kind), deliveryRole(t, "prod"+kind)
		require.NoError(t, checkDeliveryRights(dev, deliveryRights(kind, "dev", deployersAccount, "eu-west-1")))
		require.NoError(t, checkDeliveryRights(prod, deliveryRights(kind, "prod", "444455556666", "us-east-1")))
	}
}

func TestDeliveryRightsMutants(t *testing.T) {
	allows := func(action, resource string) assembly.Statement {
		return assembly.Statement{Effect: "Allow", Action: assembly.Strings{action}, Resource: assembly.Strings{resource}}
	}
	for name, extra := range map[string]assembly.Statement{
		"any role":           allows("sts:AssumeRole", "*"),
		"any bootstrap role": allows("sts:AssumeRole", "arn:*:iam::*:role/cdk-hnb659fds-*"),
		"any region":         allows("sts:AssumeRole", bootstrapRole("lookup", deployersAccount, "*")),
		"CloudFormation's":   allows("sts:AssumeRole", bootstrapRole("cfn-exec", deployersAccount, "eu-west-1")),
		"any template":       allows("cloudformation:GetTemplate", "*"),
		"a change":           allows("cloudformation:*", alphaStack("dev", deployersAccount, "eu-west-1")),
		"the tables":         allows("dynamodb:GetItem", "*"),
	} {
		for _, kind := range []string{"Diff", "Deploy"} {
			role, want := deliveryRole(t, "dev"+kind), deliveryRights(kind, "dev", deployersAccount, "eu-west-1")
			role.Policies = append(slices.Clone(role.Policies), assembly.Policy{Statements: []assembly.Statement{extra}})
			require.Error(t, checkDeliveryRights(role, want), "%s: %s: mutant passed the check", kind, name)
			role.Policies = nil
			require.Error(t, checkDeliveryRights(role, want), "%s: a role without policies passed the check", kind)
		}
	}
}

// The provider is CloudFormation's own: a function in the account would be one more
// thing that may change who is trusted.
func TestDeliveryIsRolesAndAProvider(t *testing.T) {
	stage := deliveryStage(t)
	count := map[string]int{}
	for r := range stage.Resources() {
		count[r.Type]++
	}
	delete(count, "AWS::CDK::Metadata")
	assert.Equal(t, map[string]int{"AWS::IAM::OIDCProvider": 1, "AWS::IAM::Role": 4, "AWS::IAM::Policy": 4}, count)
	findings, err := controls.Check(templatesOf(t, stage), nil, nil)
	require.NoError(t, err)
	assert.Empty(t, findings)
}

// An account that trusts GitHub already, for another app, has room for no second
// provider.
func TestDeliveryWithAnExistingProvider(t *testing.T) {
	stage := besideEnvironments(t, delivered, func(app *synth.App) {
		app.Context["delivery"].(map[string]any)["existingProvider"] = true
	})
	assert.Empty(t, slices.Collect(stage.Resources("AWS::IAM::OIDCProvider")))
	require.Len(t, stage.Roles, 4)
	want := assembly.Principal{"Federated": {"arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"}}
	for _, role := range stage.Roles {
		assert.Equal(t, want, role.Trust[0].Principal, role.LogicalID)
	}
}

// Delivery changes nothing in an environment. One that is chosen alone has no stack
// beside it that would lack the others' roles.
func TestDeliveryLeavesTheEnvironmentsAlone(t *testing.T) {
	deliver := contextKey("delivery", deliveryContext())
	without := assemble(t)
	a := synthesized(t, neutral(t, deliver))
	require.Len(t, a.Stages, 2, "want the environment and the stack beside it")
	with, err := a.Stage(without.Name)
	require.NoError(t, err)
	for _, stack := range without.Stacks {
		other, ok := with.Stack(stack.ID)
		require.True(t, ok, "%s is gone", stack.ID)
		assert.Equal(t, string(stack.Text), string(other.Text), stack.ID)
	}
	assemble(t, deliver, contextKey("environment", "dev"))
}

// Names that differ in a dash alone are two environments, with roles of their own.
func TestDeliveryTellsEnvironmentsApart(t *testing.T) {
	stage := besideEnvironments(t, delivered, func(app *synth.App) {
		all := app.Context["environments"].(map[string]any)
		all["dev-2"], all["dev2"] = all["dev"], all["dev"]
	})
	assert.Len(t, stage.Roles, 8, "want two roles for each of four environments")
}

func TestDeliveryRolesAreBounded(t *testing.T) {
	stage := besideEnvironments(t, environment("permissionsBoundary", "teams"), delivered)
	require.Len(t, stage.Roles, 4)
	for _, role := range stage.Roles {
		assert.Equal(t, "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/teams", role.PermissionsBoundary, role.LogicalID)
	}
}

func TestBadDelivery(t *testing.T) {
	const look = "want digits, as text: gh api repos/OWNER/NAME --jq '.owner.id, .id' prints both"
	for want, field := range map[string]struct {
		name  string
		value any
	}{
		`repository "fixture": want owner/name`:                                                                  {"repository", "fixture"},
		`repository "example/*": want owner/name`:                                                                {"repository", "example/*"},
		`repositoryId "fixture": ` + look:                                                                        {"repositoryId", "fixture"},
		`branch "refs/heads/*": want the name of one, such as main`:                                              {"branch", "refs/heads/*"},
		`repositoryId: want text, in quotes, and not a number`:                                                   {"repositoryId", 345},
		`unknown field "owner": want one of branch, existingProvider, issuer, ownerId, repository, repositoryId`: {"owner", "example"},
	} {
		app := neutral(t, delivered)
		app.Context["delivery"].(map[string]any)[field.name] = field.value
		_, err := stacks.Read(app.Context, app.Catalog)
		require.EqualError(t, err, "cdk.json: delivery: "+want)
	}
	app := neutral(t, delivered)
	delete(app.Context["delivery"].(map[string]any), "ownerId")
	_, err := stacks.Read(app.Context, app.Catalog)
	assert.EqualError(t, err, `cdk.json: delivery: ownerId "": `+look)
}
