package iam

import (
	"strings"
	"testing"

	"example.com/strangler/test/internal/assembly"
)

const (
	role  = "arn:aws:iam::111122223333:role/users"
	table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Users"
)

type (
	statement  = assembly.Statement
	conditions = map[string]map[string]assembly.Strings
	list       = assembly.Strings
)

// edited is a statement that allows reading the table, with a change.
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

// Each line is a sentence of the documentation.
func TestDecide(t *testing.T) {
	for sentence, test := range map[string]struct {
		principal Principal
		want      Decision
	}{
		"by default, all requests are implicitly denied":        {with(), ImplicitDeny},
		"an explicit allow overrides the default":               {with(allow("dynamodb:GetItem", table)), Allow},
		"an explicit deny overrides any allow":                  {with(allow("*", "*"), deny("dynamodb:GetItem", table)), ExplicitDeny},
		"and does so before it":                                 {with(deny("dynamodb:GetItem", table), allow("*", "*")), ExplicitDeny},
		"and without any allow":                                 {with(deny("*", "*")), ExplicitDeny},
		"a deny of something else denies nothing":               {with(allow("*", "*"), deny("s3:*", "*")), Allow},
		"prefix and name of an action have no case":             {with(allow("DynamoDB:getitem", table)), Allow},
		"a resource has":                                        {with(allow("dynamodb:GetItem", strings.ToLower(table))), ImplicitDeny},
		"a * in an action, within a word":                       {with(allow("dynamodb:Get*", table)), Allow},
		"a * in an action, in the middle of one":                {with(allow("dynamodb:*Item", table)), Allow},
		"a * for nothing":                                       {with(allow("dynamodb:GetItem*", table)), Allow},
		"a ? for one character":                                 {with(allow("dynamodb:?etItem", table)), Allow},
		"a ? not for none":                                      {with(allow("dynamodb:GetItem?", table)), ImplicitDeny},
		"a pattern matches all of a name, not its beginning":    {with(allow("dynamodb:Get", table)), ImplicitDeny},
		"nor its end":                                           {with(allow("*:Get", table)), ImplicitDeny},
		"a * in a resource goes beyond colons":                  {with(allow("dynamodb:GetItem", "arn:aws:dynamodb:*")), Allow},
		"several * in a resource":                               {with(allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/U*")), Allow},
		"an index is not its table":                             {with(allow("dynamodb:GetItem", table+"/index/*")), ImplicitDeny},
		"NotAction matches everything except the actions":       {with(edited(func(s *statement) { s.Action, s.NotAction = nil, list{"iam:*"} })), Allow},
		"and not the actions":                                   {with(edited(func(s *statement) { s.Action, s.NotAction = nil, list{"iam:*", "DYNAMODB:Get*"} })), ImplicitDeny},
		"NotResource matches every resource except those":       {with(edited(func(s *statement) { s.Resource, s.NotResource = nil, list{"arn:aws:s3:::*"} })), Allow},
		"and not those":                                         {with(edited(func(s *statement) { s.Resource, s.NotResource = nil, list{table + "*"} })), ImplicitDeny},
		"StringEquals: exact matching":                          {with(when("StringEquals", "aws:PrincipalArn", role)), Allow},
		"case sensitive":                                        {with(when("StringEquals", "aws:PrincipalArn", strings.ToUpper(role))), ImplicitDeny},
		"without wildcards":                                     {with(when("StringEquals", "aws:PrincipalArn", "*")), ImplicitDeny},
		"condition keys have no case":                           {with(when("StringEquals", "AWS:principalarn", role)), Allow},
		"several values are an OR":                              {with(when("StringEquals", "aws:PrincipalArn", "another", role)), Allow},
		"StringLike: with a * anywhere":                         {with(when("StringLike", "aws:PrincipalArn", "*role*")), Allow},
		"ArnLike: each of the six parts is checked separately":  {with(when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/*")), Allow},
		"so a * does not go beyond a colon":                     {with(when("ArnLike", "aws:PrincipalArn", "arn:*:role/users")), ImplicitDeny},
		"ArnEquals behaves the same":                            {with(when("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/*")), Allow},
		"Bool: true or false":                                   {with(when("Bool", "aws:SecureTransport", "true")), Allow},
		"and not the other":                                     {with(when("Bool", "aws:SecureTransport", "false")), ImplicitDeny},
		"a key that is not present does not match":              {with(when("StringLike", "aws:SourceVpc", "*")), ImplicitDeny},
		"IfExists: if it is not present, the condition is true": {with(when("StringEqualsIfExists", "aws:SourceVpc", "vpc-1")), Allow},
		"if it is present, it is processed":                     {with(when("BoolIfExists", "aws:SecureTransport", "false")), ImplicitDeny},
		"a deny whose condition does not hold denies nothing": {with(allow("*", "*"), edited(func(s *statement) {
			s.Effect, s.Condition = "Deny", conditions{"Bool": {"aws:SecureTransport": {"false"}}}
		})), Allow},
		"several operators are an AND": {with(edited(func(s *statement) {
			s.Condition = conditions{"Bool": {"aws:SecureTransport": {"true"}}, "StringEquals": {"aws:PrincipalArn": {"x"}}}
		})), ImplicitDeny},
		"several keys are an AND": {with(edited(func(s *statement) {
			s.Condition = conditions{"StringLike": {"aws:SecureTransport": {"*"}, "aws:PrincipalArn": {"x"}}}
		})), ImplicitDeny},
		"a boundary gives nothing by itself":                              {bounded(with(), allow("*", "*")), ImplicitDeny},
		"what both allow is allowed":                                      {bounded(with(allow("*", "*")), allow("dynamodb:*", "*")), Allow},
		"what the boundary leaves out is not":                             {bounded(with(allow("*", "*")), allow("s3:*", "*")), ImplicitDeny},
		"a boundary that allows nothing allows nothing":                   {bounded(with(allow("*", "*"))), ImplicitDeny},
		"an explicit deny in the boundary overrides the allow":            {bounded(with(allow("*", "*")), allow("*", "*"), deny("dynamodb:*", "*")), ExplicitDeny},
		"an identity that CloudFormation will replace is a plain text":    {with(allow("*", "${Data.Users.Arn}")), ImplicitDeny},
		"an action that names no service does not match one of a service": {with(allow("GetItem", table)), ImplicitDeny},
	} {
		if got, err := test.principal.Decide(getItem); err != nil || got != test.want {
			t.Errorf("%s: %v, want %v (%v)", sentence, got, test.want, err)
		}
	}
}

// A resource's own policy adds to the role's, within the boundary.
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
		"it allows the role that it names":                     {with(), about(all, "AWS", role), Allow},
		"and no other":                                         {with(), about(all, "AWS", role+"2"), ImplicitDeny},
		"or anyone":                                            {with(), about(all, "*", "*"), Allow},
		"anyone in AWS":                                        {with(), about(all, "AWS", "*"), Allow},
		"a service is nobody's role":                           {with(), about(all, "Service", "*"), ImplicitDeny},
		"the account is left to decide":                        {with(), about(all, "AWS", "arn:aws:iam::111122223333:root"), ImplicitDeny},
		"a deny of the account is one of the role":             {with(all), about(none, "AWS", "arn:aws:iam::111122223333:root"), ExplicitDeny},
		"also by its number":                                   {with(all), about(none, "AWS", "111122223333"), ExplicitDeny},
		"and not one of another account":                       {with(all), about(none, "AWS", "444455556666"), Allow},
		"the boundary limits what it allows":                   {bounded(with()), about(all, "AWS", role), ImplicitDeny},
		"a deny of the role's is stronger":                     {with(none), about(all, "AWS", role), ExplicitDeny},
		"a principal without an account is named by its name":  {Principal{ARN: "x"}, about(all, "AWS", "x"), Allow},
		"a deny of an account is not about one without any":    {Principal{ARN: "x", Policies: with(all).Policies}, about(none, "AWS", "111122223333"), Allow},
		"a statement about nobody that is known says nothing":  {with(), []statement{all}, ImplicitDeny},
		"what it says of other actions is of no interest here": {with(), about(allow("s3:*", "*"), "AWS", role), ImplicitDeny},
	} {
		request := getItem
		request.Policy = test.policy
		if got, err := test.principal.Decide(request); err != nil || got != test.want {
			t.Errorf("%s: %v, want %v (%v)", sentence, got, test.want, err)
		}
	}
}

// What has no meaning here is never an allow, even where it would not matter.
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
			if got, err := p.Decide(getItem); err == nil || got == Allow || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, error %v, want one of %q", where, got, err, want)
			}
		}
	}
	request := getItem
	request.Policy = []statement{edited(func(s *statement) { s.NotPrincipal = assembly.Principal{"AWS": {role}} })}
	if got, err := with(allow("*", "*")).Decide(request); err == nil || got == Allow {
		t.Errorf("NotPrincipal: %v, error %v", got, err)
	}
}

func TestDecisionsHaveNames(t *testing.T) {
	if Allow.String() != "allow" || ImplicitDeny.String() != "implicit deny" || ExplicitDeny.String() != "explicit deny" {
		t.Error(Allow, ImplicitDeny, ExplicitDeny)
	}
}
