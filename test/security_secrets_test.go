package test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
)

// secrets are patterns of keys and passwords. Everyone who may read a template or
// describe a task would read them; a task gets a secret by the ARN of where it is kept.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
var secrets = map[string]*regexp.Regexp{
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
	"an access key":          regexp.MustCompile(`\b(AKIA|ASIA)[A-Z2-7]{16}\b`),
	"a private key":          regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`),
	"a key by its name":      regexp.MustCompile(`(?i)aws_?(secret|session_?token)`),
	"a password":             regexp.MustCompile(`(?i)(password|passwd|passphrase)["']?\s*[=:]\s*["']?[^\s"'{$]`),
	"a bearer token":         regexp.MustCompile(`(?i)\bbearer\s+[\w.~+/-]{16,}`),
	"a key after \"secret\"": regexp.MustCompile(`(?i)secret.{0,40}?[^a-z0-9+/][a-z0-9+/]{40}([^a-z0-9+/]|$)`),
}

// texts yields every text in a value with its name: that of a field, or of a pair such
// as a container's variable or a tag.
func texts(name string, value any, yield func(name, text string)) {
	switch v := value.(type) {
	case string:
		yield(name, v)
	case []any:
		for _, element := range v {
			texts(name, element, yield)
		}
	case map[string]any:
		for key, element := range v {
			yield(key, "")
			texts(key, element, yield)
		}
		for _, key := range []string{"Name", "Key"} {
			if pair, ok := v[key].(string); ok {
				texts(pair, v["Value"], yield)
			}
		}
	}
}

// checkSecrets searches the templates as they are written, and the properties of the
// resources once their intrinsic functions are resolved.
func checkSecrets(stage *assembly.Stage) error {
	var errs []error
	for _, stack := range stage.Stacks {
		// The error leaves the secret out, because the log of a test is public.
		look := func(name, text string) {
			for what, pattern := range secrets {
				if pattern.MatchString(name + "=" + text) {
					errs = append(errs, fmt.Errorf("%s: %s holds %s", stack.ID, name, what))
				}
			}
		}
		texts("", stack.Document, look)
		for _, r := range stack.Resources {
			texts("", r.Properties, look)
		}
	}
	return errors.Join(errs...)
}

// No template holds a secret, and no variable of a container.
func TestNoSecrets(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkSecrets(stage.Stage), name)
	}
}

// The secrets are put together here, or a scanner of this repository would find them.
func TestSecretMutants(t *testing.T) {
	forty := strings.Repeat("wJalrXUt/+", 4)
	variable := func(name string, value any) func(map[string]any) {
		return func(resources map[string]any) {
			container := ofType(resources, "AWS::ECS::TaskDefinition")[0]["ContainerDefinitions"].([]any)[0].(map[string]any)
			container["Environment"] = append(container["Environment"].([]any), map[string]any{"Name": name, "Value": value})
		}
	}
	description := func(text string) func(map[string]any) {
		return func(resources map[string]any) {
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["GroupDescription"] = text
		}
	}
	for name, mutant := range map[string]struct {
		what string
		edit func(resources map[string]any)
	}{
		"an access key":    {"an access key", variable("KEY", "AKIA"+strings.Repeat("A2", 8))},
		"one that expires": {"an access key", description("ASIA" + strings.Repeat("A2", 8))},
		"one in two pieces": {"an access key", variable("KEY", map[string]any{
			"Fn::Join": []any{"", []any{"AKIA", strings.Repeat("A2", 8)}},
		})},
		"a private key":              {"a private key", variable("KEY", "-----BEGIN RSA "+"PRIVATE KEY-----\nMII")},
		"a key by its name":          {"a key by its name", variable("AWS_"+"SECRET_ACCESS_KEY", "x")},
		"a token by its name":        {"a key by its name", variable("AWS_"+"SESSION_TOKEN", "x")},
		"a variable with a password": {"a password", variable("DB_PASSWORD", "hunter2")},
		"a password in a text":       {"a password", variable("DSN", "host=db password"+"=hunter2")},
		"a password in JSON":         {"a password", variable("CONFIG", `{"password"`+`: "hunter2"}`)},
		"a field with a password": {"a password", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["MasterUserPassword"] = "hunter2"
		}},
		"a tag with a password": {"a password", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["Tags"] = []any{map[string]any{"Key": "password", "Value": "hunter2"}}
		}},
		"a password beside the properties": {"a password", func(resources map[string]any) {
			for _, r := range resources {
				r.(map[string]any)["Metadata"] = map[string]any{"password": "hunter2"}
			}
		}},
		"a bearer token":            {"a bearer token", variable("AUTHORIZATION", "Bearer "+strings.Repeat("eyJ.", 5))},
		"a key of forty characters": {"a key after \"secret\"", variable("SECRET", forty)},
		"the same in a sentence":    {"a key after \"secret\"", description("the secret is " + forty)},
	} {
		err := checkSecrets(mutated(t, allLive, "Alpha", mutant.edit))
		if assert.ErrorContains(t, err, mutant.what, "%s: mutant passed the check", name) {
			assert.NotContains(t, err.Error(), forty, name)
			assert.NotContains(t, err.Error(), "hunter2", name)
		}
	}
}

// A text that only resembles a secret is none.
func TestNoFalseAlarm(t *testing.T) {
	for _, text := range []string{
		"password={{resolve:secretsmanager:db}}", "password=${Secret}", "PasswordPolicy=strict", "the bearer of this",
		"secret=" + strings.Repeat("0", 64), "image=" + strings.Repeat("wJalrXUt/+", 4), "AKIA", "-----BEGIN PUBLIC KEY-----",
	} {
		for _, what := range slices.Sorted(maps.Keys(secrets)) {
			assert.NotRegexp(t, secrets[what], text, what)
		}
	}
}
