package test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/iam"
	"example.com/strangler/test/internal/synth"
)

// withDelivery sets a field of "delivery" in cdk.json.
func withDelivery(field string, value any) change {
	return func(app *synth.App) {
		delivered(app)
		app.Context["delivery"].(map[string]any)[field] = value
	}
}

// checkDeliveryField wants a value to be taken, or to be refused with its own text.
func checkDeliveryField(t *testing.T, field, value string, taken bool) {
	t.Helper()
	app := neutral(t, withDelivery(field, value))
	_, err := stacks.Read(app.Context, app.Catalog)
	if taken {
		assert.NoError(t, err)
		return
	}
	assert.ErrorContains(t, err, "cdk.json: delivery: "+field+` "`+value+`": want `)
}

// The names of owners, repositories and branches are those that GitHub has.
func TestDeliveryNames(t *testing.T) {
	for _, test := range []struct {
		field          string
		taken, refused []string
	}{
		{
			"repository",
			[]string{
				"octo/shop", "octo-org/shop", "octo_acme/shop", "Octo-Cat_acme/.github", "a/shop.github.io", "octo/shop_2", "octo/git",
				"octo/shop.gitops",
			},
			[]string{
				"octo", "octo/", "/shop", "octo/shop.git", "octo/shop.GIT", "octo/.git", "octo/.", "octo/..", "octo/shop/main", "_acme/shop",
				"octo_/shop", "octo_acme_x/shop", "octo.acme/shop", "octo/*", "octo/sh op", "https://github.com/octo/shop",
			},
		},
		{
			"branch",
			[]string{"main", "release/1.2", "feature_1", "_main", "fix#12", "user@work", "a+b", "heads/main", "refs"},
			[]string{
				"", "refs/heads/main", "refs/heads/*", "refs/tags/v1", "*", "a b", "/main", "main/", "a//b", "a..b", "a/.b", ".a", "a.",
				"a.lock", "a.lock/b", "-a",
			},
		},
		{
			"issuer",
			[]string{
				"https://token.actions.githubusercontent.com", "https://token.actions.githubusercontent.com/octo-corp",
				"https://token.actions.octocorp.ghe.com", "https://token.actions.octo-corp1.ghe.com",
			},
			[]string{
				"token.actions.githubusercontent.com", "http://token.actions.githubusercontent.com",
				"https://token.actions.githubusercontent.com/", "https://token.actions.githubusercontent.com/a/b",
				"https://token.actions.githubusercontent.com.example.com", "https://token.actions.ghe.com", "https://token.actions..ghe.com",
				"https://token.actions.a.b.ghe.com", "https://token.actions.octocorp.ghe.com/x", "https://octocorp.ghe.com",
				"https://example.com", "https://token.actions.*.ghe.com",
			},
		},
	} {
		for taken, values := range map[bool][]string{true: test.taken, false: test.refused} {
			for _, value := range values {
				t.Run(test.field+" "+value, func(t *testing.T) { checkDeliveryField(t, test.field, value, taken) })
			}
		}
	}
}

// takes asks IAM whether a role's trust lets in a token whose claims are those of an issuer.
func takes(t *testing.T, role assembly.Role, issuer string, k claims) bool {
	t.Helper()
	require.Len(t, role.Trust, 1)
	statement := role.Trust[0]
	statement.Principal, statement.Resource = nil, assembly.Strings{"*"}
	context := map[string]string{}
	for claim, value := range k {
		context[issuer+":"+claim] = value
	}
	principal := iam.Principal{ARN: "issuer", Policies: []assembly.Policy{{Statements: []assembly.Statement{statement}}}}
	decision, err := principal.Decide(iam.Request{Action: "sts:AssumeRoleWithWebIdentity", Resource: "*", Context: context})
	require.NoError(t, err)
	return decision == iam.Allow
}

// The roles trust the issuer of the enterprise, and its claims alone.
func TestDeliveryIssuers(t *testing.T) {
	issuers := []string{
		"token.actions.githubusercontent.com",
		"token.actions.githubusercontent.com/octo-corp",
		"token.actions.octocorp.ghe.com",
	}
	for _, issuer := range issuers {
		t.Run(issuer, func(t *testing.T) {
			created := besideEnvironments(t, withDelivery("issuer", "https://"+issuer))
			var providers []string
			for provider := range created.Resources("AWS::IAM::OIDCProvider") {
				providers = append(providers, provider.Identity())
				assert.Equal(t, "https://"+issuer, provider.Properties["Url"])
				assert.Equal(t, []any{"sts.amazonaws.com"}, provider.Properties["ClientIdList"])
			}
			require.Len(t, providers, 1)
			existing := besideEnvironments(t, withDelivery("issuer", "https://"+issuer), func(app *synth.App) {
				app.Context["delivery"].(map[string]any)["existingProvider"] = true
			})
			require.Len(t, created.Roles, 4)
			for i, role := range created.Roles {
				require.Len(t, role.Trust[0].Principal["Federated"], 1)
				assert.True(t, strings.HasPrefix(role.Trust[0].Principal["Federated"][0], strings.TrimSuffix(providers[0], "}")), role.LogicalID)
				assert.Equal(
					t,
					assembly.Strings{"arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/" + issuer},
					existing.Roles[i].Trust[0].Principal["Federated"],
				)
				checkIssuer(t, role, issuer, issuers)
				checkIssuer(t, existing.Roles[i], issuer, issuers)
			}
		})
	}
}

// checkIssuer wants a role to take the tokens of its issuer and of no other.
func checkIssuer(t *testing.T, role assembly.Role, own string, issuers []string) {
	t.Helper()
	k := pullRequestToken
	if strings.Contains(role.LogicalID, "Deploy") {
		k = deploymentToken
	}
	if strings.HasPrefix(role.LogicalID, "prodDeploy") {
		k = deploymentToken.with("sub", strings.Replace(deploymentToken["sub"], ":dev", ":prod", 1))
	}
	for _, issuer := range issuers {
		assert.Equal(t, issuer == own, takes(t, role, issuer, k), "%s takes the token of %s", role.LogicalID, issuer)
	}
}
