package test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
)

// needing edits what beta needs.
func needing(edit func(*services.Needs)) change {
	return editService("beta", func(s *services.Service) { edit(&s.Needs) })
}

// withoutNeeds leaves a service what it needs no further endpoint for.
func withoutNeeds(s *services.Service) { s.Needs, s.Takes = services.Needs{}, services.Needs{} }

func keeping(secret services.Secret) change {
	return needing(func(n *services.Needs) { n.Secrets = map[string]services.Secret{"KEY": secret} })
}

func opening(way services.Egress) change {
	return needing(func(n *services.Needs) { n.Egress = []services.Egress{way} })
}

func permitting(action, resource string) change {
	return needing(func(n *services.Needs) {
		n.Permissions = []services.Permission{{Actions: []string{action}, Resources: []string{resource}}}
	})
}

// A way to a security group by its name leads to the one that the environment says.
func TestNamedSecurityGroup(t *testing.T) {
	named := opening(services.Egress{To: "cache", Port: 6379, Reason: "sessions"})
	id := opening(services.Egress{To: "sg-0123456789abcdef0", Port: 6379, Reason: "sessions"})
	cache := environment("securityGroups", map[string]string{"cache": "sg-0123456789abcdef0"})
	assert.Empty(t, changed(assemble(t, id), assemble(t, named, cache)))
	for want, changes := range map[string][]change{
		`"beta" has egress to cache on port 6379, and no security group here has that name: add "cache" with its id to securityGroups`: {named},
		`securityGroups: "cache" is "cache-1": want an id such as sg-0a1b2c3d4e5f60718`: {
			named, environment("securityGroups", map[string]string{"cache": "cache-1"})},
	} {
		_, err := environments(neutral(t, changes...))
		assert.EqualError(t, err, `environment "dev": `+want)
	}
}

// What a task could not reach is one line that says what to do, and no mistake beside a
// NAT gateway.
func TestNeedsWithoutAWay(t *testing.T) {
	const unread, unused = "which ECS cannot read: ", "which tasks cannot use: "
	const add = ", or set natGateways to 1"
	const elsewhere = " is not of the environment's account and region, which is all that the endpoint passes"
	without := func(endpoints ...string) change { return environment("endpoints", endpoints) }
	for want, changes := range map[string][]change{
		`"gamma" has the secret DATABASE_URL, ` + unread + `there is no NAT gateway: add "secretsmanager" to endpoints` + add: {without("ssm")},
		`"gamma" has the secret MAIL_TOKEN, ` + unread + `there is no NAT gateway: add "ssm" to endpoints` + add: {
			without("secretsmanager")},
		`"beta" has the secret KEY, ` + unread + `arn:aws:ssm:us-east-1:123456789012:parameter/key` + elsewhere: {
			keeping(services.Secret{Parameter: "arn:aws:ssm:us-east-1:123456789012:parameter/key"})},
		`"beta" has the secret KEY, ` + unread + `arn:aws:ssm:eu-west-1:444455556666:parameter/key` + elsewhere: {
			environment("account", fixture.Account), keeping(services.Secret{Parameter: "arn:aws:ssm:eu-west-1:444455556666:parameter/key"})},
		`"gamma" has a permission for sqs:SendMessage sqs:GetQueueAttributes, ` + unused + `there is no NAT gateway: add "sqs" to endpoints` +
			add: {without("secretsmanager", "ssm")},
		`"gamma" has a permission for s3:GetObject s3:PutObject, ` + unused + `there is no NAT gateway: add "s3" to endpoints` + add: {
			without("secretsmanager", "ssm", "sqs")},
		`"beta" has a permission for athena:GetQueryResults, ` + unused + `athena has no endpoint here: set natGateways to 1`: {
			permitting("athena:GetQueryResults", "arn:aws:athena:eu-west-1:123456789012:workgroup/one")},
		`"beta" has a permission for sqs:SendMessage, ` + unused + `arn:aws:sqs:us-east-1:123456789012:orders` + elsewhere: {
			permitting("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:orders")},
		`"beta" has egress to internet on port 25, where no task comes without a NAT gateway: set natGateways to 1, or remove it`: {
			opening(services.Egress{To: services.Internet, Port: 25, Reason: "mail"})},
		`"legacy" has a permission for kms:Decrypt, ` + unused + `there is no NAT gateway: add "kms" to endpoints` + add: {
			editService("legacy", func(s *services.Service) {
				s.Needs.Permissions = []services.Permission{{
					Actions: []string{"kms:Decrypt"}, Resources: []string{"arn:aws:kms:eu-west-1:123456789012:key/" + fixture.Key},
				}}
			})},
	} {
		_, err := environments(neutral(t, changes...))
		assert.EqualError(t, err, `environment "dev": `+want)
		_, err = environments(neutral(t, append(changes, environment("natGateways", 1), environment("endpoints", []string{"dynamodb"}))...))
		assert.NoError(t, err, "beside a NAT gateway: %s", want)
	}
	dynamodb := `environment "dev": "gamma" has a permission for dynamodb:GetItem, which tasks cannot use: the endpoint of dynamodb passes ` +
		`the app's own tables alone: add "dynamodb" to endpoints`
	for _, changes := range [][]change{{without("secretsmanager", "ssm", "sqs", "s3")}, {without(), environment("natGateways", 1)}} {
		_, err := environments(neutral(t, changes...))
		assert.EqualError(t, err, dynamodb)
	}
	for name, changes := range map[string][]change{
		"an account that only the deployment knows": {
			keeping(services.Secret{Parameter: "arn:aws:ssm:eu-west-1:444455556666:parameter/key"})},
		"a database that asks IAM itself": {permitting("rds-db:connect", "arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-ABC/app")},
		"every endpoint": {
			without("dynamodb", "events", "kinesis", "kms", "lambda", "s3", "secretsmanager", "sns", "sqs", "ssm", "states")},
	} {
		_, err := environments(neutral(t, changes...))
		assert.NoError(t, err, name)
	}
	for want, named := range map[string][]string{
		`endpoints: "rds": want one of dynamodb, events, kinesis, kms, lambda, s3, secretsmanager, sns, sqs, ssm, states`: {"rds"},
		`endpoints: "ssm" is there twice: remove one`: {"ssm", "ssm"},
	} {
		_, err := environments(neutral(t, without(named...)))
		assert.EqualError(t, err, `environment "dev": `+want)
	}
}

// Each need changes the stack of its program alone: what it takes of Platform is in the
// environment already.
func TestNeedChangesOneStack(t *testing.T) {
	for name, need := range map[string]change{
		"a secret":     keeping(services.Secret{Secret: "beta/database"}),
		"a permission": permitting("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:orders"),
		"a way out":    opening(services.Egress{To: fixture.DatabaseGroup, Port: 5432, Reason: "database of beta"}),
	} {
		assert.Equal(t, []string{"Beta"}, changed(at(t, allLive), assemble(t, everyoneAt("live", services.Serving), need)), name)
	}
	without := editService("gamma", withoutNeeds)
	before := assemble(t, without, environment("endpoints", nil))
	assert.Equal(t, []string{"Platform"}, changed(before, assemble(t, without)), "stacks that endpoints change")
}

// The rules of a way out are the catalog's: from the program's own group, and where it leads
// to a group also in that, for the program's alone. The ECS service waits for all.
func TestEgressIsTheCatalogs(t *testing.T) {
	stage := assemble(t, environment("natGateways", 1), opening(services.Egress{To: services.Internet, Port: 25, Reason: "mail"}))
	for _, s := range fixture.Catalog().All() {
		if s.Name == "legacy" {
			s.Needs.Egress = fixture.Catalog().Find("gamma").Takes.Egress // its own are among those
		}
		if s.Name == "beta" {
			s.Needs.Egress = []services.Egress{{To: services.Internet, Port: 25, Reason: "mail"}}
		}
		stack := stackOf(t, stage, s.ID())
		service := only(stage, s.ID(), ecsService)
		tasks := service.Properties["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)["SecurityGroups"].([]any)[0]
		var got []any
		for r := range stage.Resources("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress") {
			if r.Stack == s.ID() && strings.HasPrefix(r.LogicalID, s.ID()+"Egress") {
				got = append(got, r.Properties)
				assert.True(t, stack.DependsOn(service.LogicalID, r.LogicalID), "%s waits for %s", s.Name, r.LogicalID)
			}
		}
		var want []any
		for _, way := range s.Needs.Egress {
			rule := func(more map[string]any) {
				maps.Copy(more, map[string]any{
					"IpProtocol": "tcp", "FromPort": float64(way.Port), "ToPort": float64(way.Port), "Description": way.Reason,
				})
				want = append(want, more)
			}
			switch {
			case way.Group():
				rule(map[string]any{"GroupId": tasks, "DestinationSecurityGroupId": way.To})
				rule(map[string]any{"GroupId": way.To, "SourceSecurityGroupId": tasks})
			case way.To == services.Internet:
				rule(map[string]any{"GroupId": tasks, "CidrIp": "0.0.0.0/0"})
			default:
				rule(map[string]any{"GroupId": tasks, "CidrIp": way.To})
			}
		}
		assert.ElementsMatch(t, want, got, s.Name)
	}
}
