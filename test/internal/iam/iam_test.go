package iam

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

const (
	role  = "arn:aws:iam::111122223333:role/alpha"
	table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Alpha"
)

type (
	statement  = assembly.Statement
	conditions = map[string]map[string]assembly.Strings
	list       = assembly.Strings
)

// edited returns a statement that allows reading the table, after a change.
func edited(change func(*statement)) statement {
	s := statement{Effect: "Allow", Action: list{"dynamodb:GetItem"}, Resource: list{table}}
	change(&s)
	return s
}

func allow(action, resource string) statement {
	return statement{Effect: "Allow", Action: list{action}, Resource: list{resource}}
}

func deny(action, resource string) statement {
	s := allow(action, resource)
	s.Effect = "Deny"
	return s
}

func when(operator, key string, values ...string) statement {
	return edited(func(s *statement) { s.Condition = conditions{operator: {key: values}} })
}

func with(statements ...statement) Principal {
	return Principal{ARN: role, Policies: []assembly.Policy{{Statements: statements}}}
}

func bounded(p Principal, boundary ...statement) Principal {
	p.Boundary = &assembly.Policy{Statements: boundary}
	return p
}

// getItem reads the table over TLS.
var getItem = Request{Action: "dynamodb:GetItem", Resource: table, Context: map[string]string{
	"aws:SecureTransport": "true",
	"aws:PrincipalArn":    role,
}}

// The names are sentences of the documentation.
func TestDecide(t *testing.T) {
	for sentence, test := range map[string]struct {
		principal Principal
		want      Decision
	}{
		"by default, all requests are implicitly denied":   {with(), ImplicitDeny},
		"an explicit allow overrides the default":          {with(allow("dynamodb:GetItem", table)), Allow},
		"an explicit deny overrides any allow":             {with(allow("*", "*"), deny("dynamodb:GetItem", table)), ExplicitDeny},
		"an explicit deny before the allow":                {with(deny("dynamodb:GetItem", table), allow("*", "*")), ExplicitDeny},
		"an explicit deny without any allow":               {with(deny("*", "*")), ExplicitDeny},
		"a deny of another action":                         {with(allow("*", "*"), deny("s3:*", "*")), Allow},
		"case does not matter in an action":                {with(allow("DynamoDB:getitem", table)), Allow},
		"case matters in a resource":                       {with(allow("dynamodb:GetItem", strings.ToLower(table))), ImplicitDeny},
		"a * in an action, within a word":                  {with(allow("dynamodb:Get*", table)), Allow},
		"a * in an action, in the middle of one":           {with(allow("dynamodb:*Item", table)), Allow},
		"a * matches the empty run":                        {with(allow("dynamodb:GetItem*", table)), Allow},
		"a ? matches one character":                        {with(allow("dynamodb:?etItem", table)), Allow},
		"a ? does not match none":                          {with(allow("dynamodb:GetItem?", table)), ImplicitDeny},
		"a pattern does not match the beginning of a name": {with(allow("dynamodb:Get", table)), ImplicitDeny},
		"a pattern does not match the end of a name":       {with(allow("*:Get", table)), ImplicitDeny},
		"a * in a resource matches colons":                 {with(allow("dynamodb:GetItem", "arn:aws:dynamodb:*")), Allow},
		"several * in a resource":                          {with(allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/A*")), Allow},
		"an index is not its table":                        {with(allow("dynamodb:GetItem", table+"/index/*")), ImplicitDeny},
		"NotAction matches everything except the actions": {
			with(edited(func(s *statement) { s.Action, s.NotAction = nil, list{"iam:*"} })), Allow,
		},
		"NotAction does not match the actions": {
			with(edited(func(s *statement) { s.Action, s.NotAction = nil, list{"iam:*", "DYNAMODB:Get*"} })), ImplicitDeny,
		},
		"NotResource matches every resource except those": {
			with(edited(func(s *statement) { s.Resource, s.NotResource = nil, list{"arn:aws:s3:::*"} })), Allow,
		},
		"NotResource does not match those": {
			with(edited(func(s *statement) { s.Resource, s.NotResource = nil, list{table + "*"} })), ImplicitDeny,
		},
		"StringEquals: exact matching": {with(when("StringEquals", "aws:PrincipalArn", role)), Allow},
		"StringEquals: case sensitive": {
			with(when("StringEquals", "aws:PrincipalArn", strings.ToUpper(role))), ImplicitDeny,
		},
		"StringEquals: without wildcards":                       {with(when("StringEquals", "aws:PrincipalArn", "*")), ImplicitDeny},
		"case does not matter in condition keys":                {with(when("StringEquals", "AWS:principalarn", role)), Allow},
		"several values are an OR":                              {with(when("StringEquals", "aws:PrincipalArn", "another", role)), Allow},
		"StringLike: with a * anywhere":                         {with(when("StringLike", "aws:PrincipalArn", "*role*")), Allow},
		"ArnLike: each of the six parts is checked separately":  {with(when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*")), Allow},
		"ArnLike: a * does not match a colon":                   {with(when("ArnLike", "aws:PrincipalArn", "arn:*:role/alpha")), ImplicitDeny},
		"ArnEquals behaves as ArnLike":                          {with(when("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/*")), Allow},
		"Bool: true or false":                                   {with(when("Bool", "aws:SecureTransport", "true")), Allow},
		"Bool: another value":                                   {with(when("Bool", "aws:SecureTransport", "false")), ImplicitDeny},
		"a key that is not present does not match":              {with(when("StringLike", "aws:SourceVpc", "*")), ImplicitDeny},
		"IfExists: if it is not present, the condition is true": {with(when("StringEqualsIfExists", "aws:SourceVpc", "vpc-1")), Allow},
		"IfExists: if it is present, it is compared":            {with(when("BoolIfExists", "aws:SecureTransport", "false")), ImplicitDeny},
		"a deny whose condition does not match": {with(allow("*", "*"), edited(func(s *statement) {
			s.Effect, s.Condition = "Deny", conditions{"Bool": {"aws:SecureTransport": {"false"}}}
		})), Allow},
		"several operators are an AND": {with(edited(func(s *statement) {
			s.Condition = conditions{"Bool": {"aws:SecureTransport": {"true"}}, "StringEquals": {"aws:PrincipalArn": {"x"}}}
		})), ImplicitDeny},
		"several keys are an AND": {with(edited(func(s *statement) {
			s.Condition = conditions{"StringLike": {"aws:SecureTransport": {"*"}, "aws:PrincipalArn": {"x"}}}
		})), ImplicitDeny},
		"a boundary allows nothing by itself":      {bounded(with(), allow("*", "*")), ImplicitDeny},
		"the policy and the boundary both allow":   {bounded(with(allow("*", "*")), allow("dynamodb:*", "*")), Allow},
		"the boundary allows another service only": {bounded(with(allow("*", "*")), allow("s3:*", "*")), ImplicitDeny},
		"an empty boundary":                        {bounded(with(allow("*", "*"))), ImplicitDeny},
		"an explicit deny in the boundary overrides the allow": {
			bounded(with(allow("*", "*")), allow("*", "*"), deny("dynamodb:*", "*")), ExplicitDeny,
		},
		"a reference that CloudFormation replaces is plain text": {with(allow("*", "${Data.Alpha.Arn}")), ImplicitDeny},
		"a pattern without a service prefix":                     {with(allow("GetItem", table)), ImplicitDeny},
	} {
		got, err := test.principal.Decide(getItem)
		require.NoError(t, err, sentence)
		assert.Equal(t, test.want, got, sentence)
	}
}

// A resource's policy adds to the role's policies, within the boundary.
func TestResourcePolicy(t *testing.T) {
	about := func(s statement, kind, name string) []statement {
		s.Principal = assembly.Principal{kind: {name}}
		return []statement{s}
	}
	all, none := allow("*", "*"), deny("*", "*")
	for sentence, test := range map[string]struct {
		principal Principal
		policy    []statement
		want      Decision
	}{
		"an allow of the role":                       {with(), about(all, "AWS", role), Allow},
		"an allow of another role":                   {with(), about(all, "AWS", role+"2"), ImplicitDeny},
		"an allow of every principal":                {with(), about(all, "*", "*"), Allow},
		"an allow of every AWS principal":            {with(), about(all, "AWS", "*"), Allow},
		"an allow of every service":                  {with(), about(all, "Service", "*"), ImplicitDeny},
		"an allow of the account":                    {with(), about(all, "AWS", "arn:aws:iam::111122223333:root"), ImplicitDeny},
		"a deny of the account's root":               {with(all), about(none, "AWS", "arn:aws:iam::111122223333:root"), ExplicitDeny},
		"a deny of the account's number":             {with(all), about(none, "AWS", "111122223333"), ExplicitDeny},
		"a deny of another account":                  {with(all), about(none, "AWS", "444455556666"), Allow},
		"an allow outside the boundary":              {bounded(with()), about(all, "AWS", role), ImplicitDeny},
		"a deny in the role's own policy":            {with(none), about(all, "AWS", role), ExplicitDeny},
		"an allow of a principal without an account": {Principal{ARN: "x"}, about(all, "AWS", "x"), Allow},
		"a deny of an account, for a principal without one": {
			Principal{ARN: "x", Policies: with(all).Policies}, about(none, "AWS", "111122223333"), Allow,
		},
		"a statement without a principal":       {with(), []statement{all}, ImplicitDeny},
		"an allow of another service's actions": {with(), about(allow("s3:*", "*"), "AWS", role), ImplicitDeny},
	} {
		request := getItem
		request.Policy = test.policy
		got, err := test.principal.Decide(request)
		require.NoError(t, err, sentence)
		assert.Equal(t, test.want, got, sentence)
	}
}

const (
	key     = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
	account = "arn:aws:iam::111122223333:root"
)

// about returns a statement of a resource's policy for principals of a kind.
func about(s statement, kind string, names ...string) statement {
	s.Principal = assembly.Principal{kind: names}
	return s
}

// The sentences are those of
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user.html
func TestResourcesThatMustHaveAPolicy(t *testing.T) {
	const other = "arn:aws:iam::111122223333:role/beta"
	allowed, all := with(allow("*", "*")), allow("*", "*")
	for _, ask := range []struct{ action, resource string }{{"kms:Decrypt", key}, {"KMS:decrypt", key}, {"sts:AssumeRole", other}} {
		for sentence, test := range map[string]struct {
			principal Principal
			policy    []statement
			want      Decision
		}{
			"no one has access without a statement": {allowed, nil, ImplicitDeny},
			"an allow of the account lets the role's own policy decide": {
				allowed, []statement{about(all, "AWS", account)}, Allow,
			},
			"an allow of the account's number":                 {allowed, []statement{about(all, "AWS", "111122223333")}, Allow},
			"an allow of the account grants nothing by itself": {with(), []statement{about(all, "AWS", account)}, ImplicitDeny},
			"an allow of the account for another action": {
				allowed, []statement{about(allow("kms:Encrypt", "*"), "AWS", account)}, ImplicitDeny,
			},
			"an allow of another account":     {allowed, []statement{about(all, "AWS", "444455556666")}, ImplicitDeny},
			"an allow of a service":           {allowed, []statement{about(all, "Service", "ecs-tasks.amazonaws.com")}, ImplicitDeny},
			"an allow of the role":            {with(), []statement{about(all, "AWS", role)}, Allow},
			"a boundary limits the account's": {bounded(allowed, allow("s3:*", "*")), []statement{about(all, "AWS", account)}, ImplicitDeny},
			"a deny in the role's own policy": {with(deny("*", "*")), []statement{about(all, "AWS", role)}, ExplicitDeny},
			"a deny of the account": {
				allowed, []statement{about(all, "AWS", role), about(deny("*", "*"), "AWS", account)}, ExplicitDeny,
			},
		} {
			got, err := test.principal.Decide(Request{Action: ask.action, Resource: ask.resource, Policy: test.policy})
			require.NoError(t, err, sentence)
			assert.Equal(t, test.want, got, "%s: %s", ask.action, sentence)
		}
	}
	// What concerns no key and no other role needs no such policy.
	for _, ask := range []struct{ action, resource string }{
		{"kms:ListKeys", "*"}, {"sts:GetCallerIdentity", "*"}, {"dynamodb:GetItem", table},
	} {
		got, err := allowed.Decide(Request{Action: ask.action, Resource: ask.resource})
		require.NoError(t, err)
		assert.Equal(t, Allow, got, ask.action)
	}
}

// A service has what the resource's policy gives it, and no more.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
func TestServicePrincipal(t *testing.T) {
	service := Principal{Service: "cloudwatch.amazonaws.com"}
	all := allow("*", "*")
	granted := about(all, "Service", service.Service)
	fromAccount := all
	fromAccount.Condition = conditions{"StringEquals": {"aws:SourceAccount": {"111122223333"}}}
	for sentence, test := range map[string]struct {
		policy []statement
		want   Decision
	}{
		"no policy":                                    {nil, ImplicitDeny},
		"an allow of the service":                      {[]statement{granted}, Allow},
		"an allow of several services":                 {[]statement{about(all, "Service", "budgets.amazonaws.com", service.Service)}, Allow},
		"an allow of another service":                  {[]statement{about(all, "Service", "budgets.amazonaws.com")}, ImplicitDeny},
		"an allow of the name as an AWS principal":     {[]statement{about(all, "AWS", service.Service)}, ImplicitDeny},
		"an allow of the account":                      {[]statement{about(all, "AWS", account)}, ImplicitDeny},
		"an allow of everyone, of which AWS is silent": {[]statement{about(all, "*", "*"), about(all, "AWS", "*")}, ImplicitDeny},
		"an allow on another resource":                 {[]statement{about(allow("*", table), "Service", service.Service)}, ImplicitDeny},
		"an allow for calls of an account":             {[]statement{about(fromAccount, "Service", service.Service)}, Allow},
		"a deny of the service":                        {[]statement{granted, about(deny("*", "*"), "Service", service.Service)}, ExplicitDeny},
		"a deny of everyone":                           {[]statement{granted, about(deny("*", "*"), "*", "*")}, ExplicitDeny},
		"a deny of every AWS principal, which is the same": {
			[]statement{granted, about(deny("*", "*"), "AWS", "*")}, ExplicitDeny,
		},
		"a deny of the account": {[]statement{granted, about(deny("*", "*"), "AWS", account)}, Allow},
	} {
		got, err := service.Decide(Request{
			Action: "kms:Decrypt", Resource: key, Policy: test.policy, Context: map[string]string{"aws:SourceAccount": "111122223333"},
		})
		require.NoError(t, err, sentence)
		assert.Equal(t, test.want, got, sentence)
	}
}

func TestTrustPolicy(t *testing.T) {
	trust := []statement{about(statement{Effect: "Allow", Action: list{"sts:AssumeRole"}}, "Service", "ecs-tasks.amazonaws.com")}
	for service, want := range map[string]Decision{"ecs-tasks.amazonaws.com": Allow, "lambda.amazonaws.com": ImplicitDeny} {
		got, err := Principal{Service: service}.Decide(Request{Action: "sts:AssumeRole", Resource: role, Policy: TrustPolicy(role, trust)})
		require.NoError(t, err)
		assert.Equal(t, want, got, service)
	}
	assert.Empty(t, trust[0].Resource, "the role's own statement changed")
}

// An unsupported statement is an error, even where it would not change the decision.
func TestErrors(t *testing.T) {
	for want, s := range map[string]statement{
		`effect "allow"`:                       edited(func(s *statement) { s.Effect = "allow" }),
		"either Action or NotAction":           edited(func(s *statement) { s.NotAction = list{"s3:*"} }),
		"want either Action":                   edited(func(s *statement) { s.Action = nil }),
		"either Resource or NotResource":       edited(func(s *statement) { s.NotResource = list{"x"} }),
		"want either Resource":                 edited(func(s *statement) { s.Resource = nil }),
		"operator NumericLessThan":             when("NumericLessThan", "aws:MultiFactorAuthAge", "3600"),
		"operator ForAllValues:StringEquals":   when("ForAllValues:StringEquals", "aws:TagKeys", "x"),
		"operator stringequals":                when("stringequals", "aws:PrincipalArn", role),
		"${aws:username}: policy variables":    edited(func(s *statement) { s.Resource = list{"${aws:username}"} }),
		"${*}: policy variables":               edited(func(s *statement) { s.Resource, s.NotResource = nil, list{"${*}"} }),
		"condition on aws:x: policy variables": when("StringEquals", "aws:x", "${aws:username}"),
	} {
		for where, p := range map[string]Principal{
			"after an allow": with(allow("*", "*"), s),
			"after a deny":   with(deny("*", "*"), s),
			"in a boundary":  bounded(with(allow("*", "*")), allow("*", "*"), s),
		} {
			got, err := p.Decide(getItem)
			require.ErrorContains(t, err, want, where)
			assert.NotEqual(t, Allow, got, "%s %s", want, where)
		}
		request := getItem
		for _, about := range []statement{s, allow("*", "*")} {
			about.Principal = assembly.Principal{"AWS": {role}}
			request.Policy = append(request.Policy, about)
		}
		got, err := with(allow("*", "*")).Decide(request)
		require.ErrorContains(t, err, want, "in the resource's policy, before an allow")
		assert.NotEqual(t, Allow, got, want)
	}
	request := getItem
	request.Policy = []statement{edited(func(s *statement) { s.NotPrincipal = assembly.Principal{"AWS": {role}} })}
	got, err := with(allow("*", "*")).Decide(request)
	require.ErrorContains(t, err, "NotPrincipal is not supported")
	assert.NotEqual(t, Allow, got)
}

func TestDecisionsHaveNames(t *testing.T) {
	assert.Equal(t, "allow", Allow.String())
	assert.Equal(t, "implicit deny", ImplicitDeny.String())
	assert.Equal(t, "explicit deny", ExplicitDeny.String())
}
