package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const keptARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1B2c3"

// A secret is named as ECS and IAM want it.
func TestSecret(t *testing.T) {
	const manager = "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:"
	const parameters = "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/"
	place := Place{"aws-cn", "cn-north-1", "111122223333"}
	for _, test := range []struct {
		secret              Secret
		valueFrom, resource string
	}{
		{Secret{Secret: "shop/db"}, manager + "shop/db", manager + "shop/db-??????"},
		{Secret{Secret: "shop/db", Key: "url"}, manager + "shop/db:url::", manager + "shop/db-??????"},
		{Secret{Secret: keptARN, Key: "url"}, keptARN + ":url::", keptARN},
		{
			Secret{Secret: "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:x-a1B2c3"},
			manager + "x-a1B2c3", manager + "x-a1B2c3",
		},
		{Secret{Parameter: "/shop/db"}, parameters + "shop/db", parameters + "shop/db"},
		{Secret{Parameter: "db"}, parameters + "db", parameters + "db"},
		{
			Secret{Parameter: "arn:aws:ssm:eu-west-1:123456789012:parameter/db"},
			"arn:aws:ssm:eu-west-1:123456789012:parameter/db", "arn:aws:ssm:eu-west-1:123456789012:parameter/db",
		},
	} {
		assert.NoError(t, test.secret.check(), "%+v", test.secret)
		assert.Equal(t, test.valueFrom, test.secret.ValueFrom(place))
		assert.Equal(t, test.resource, test.secret.Resource(place))
	}
}

// A secret that ECS could not find, or a variable that is set twice, is one line.
func TestSecretsRefused(t *testing.T) {
	const in = `services: "beta": `
	with := func(name string, secret Secret) Service {
		return Service{Needs: Needs{Secrets: map[string]Secret{name: secret}}}
	}
	twice := with("LEVEL", Secret{Parameter: "level"})
	twice.Environment = map[string]string{"LEVEL": "debug"}
	callee := with("ALPHA_URL", Secret{Parameter: "url"})
	callee.Calls = []string{"alpha"}
	collected := with(CollectorVariable, Secret{Parameter: "url"})
	collected.Collector = "collector:1"
	for want, service := range map[string]Service{
		`variable X: want exactly one of Secret and Parameter`:                          with("X", Secret{}),
		`variable Y: want exactly one of Secret and Parameter`:                          with("Y", Secret{Secret: "a", Parameter: "b"}),
		`variable X: a parameter has no keys: leave Key empty`:                          with("X", Secret{Parameter: "a", Key: "k"}),
		`variable X: key "a:b": want a key of a JSON object, without colons and spaces`: with("X", Secret{Secret: "a", Key: "a:b"}),
		`variable X: secret "shop-secret" ends as the ARN of another secret may: want the complete ARN, which ends in a hyphen and six more ` +
			`characters`: with("X", Secret{Secret: "shop-secret"}),
		`variable X: secret "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db": want the complete ARN, which ends in a hyphen and six ` +
			`characters`: with("X", Secret{Secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"}),
		`variable X: secret "a b": want a name or the ARN of a secret of Secrets Manager`:             with("X", Secret{Secret: "a b"}),
		`variable X: parameter "a//b": want a name or the ARN of a parameter of Systems Manager`:      with("X", Secret{Parameter: "a//b"}),
		`variable X: parameter "arn:aws:x": want a name or the ARN of a parameter of Systems Manager`: with("X", Secret{Parameter: "arn:aws:x"}),
		`variable X: encryption key "alias/shop": want the ARN of a KMS key, or nothing for a key that AWS manages`: with("X",
			Secret{Secret: "a", EncryptionKey: "alias/shop"}),
		`environment variable "A=B": want a name without spaces and equals signs`: with("A=B", Secret{Secret: "a"}),
		`environment variable PORT is set from the catalog: remove it`:            with("PORT", Secret{Secret: "a"}),
		`variable LEVEL is in Environment and in Secrets: remove one`:             twice,
		`environment variable ALPHA_URL is the URL of "alpha": remove it`:         callee,
		`environment variable OTEL_EXPORTER_OTLP_ENDPOINT is the collector's URL: remove it, or leave ` +
			`Collector empty`: collected,
	} {
		c := sample()
		beta := &c.Services[1]
		beta.Needs, beta.Environment, beta.Calls, beta.Collector = service.Needs, service.Environment, service.Calls, service.Collector
		_, err := c.Complete()
		assert.EqualError(t, err, in+want)
	}
}
