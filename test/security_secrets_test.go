package test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// secrets are what keys and passwords look like. Whoever may read a template or
// describe a task reads them; a task gets a secret by the name of its place.
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

// texts yields every text in a value with its name: a field's, or that of a pair
// such as a variable of a container or a tag.
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

// checkSecrets looks at the templates as they are written, and at what is left of
// the resources when their pieces are put together.
func checkSecrets(stage *assembly.Stage) error {
	var errs []error
	for _, stack := range stage.Stacks {
		// The secret itself does not belong into the log of a test.
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
		if err := checkSecrets(stage.Stage); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The mutants are put together here, or a scanner of this repository would find them.
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
		"an access key":              {"an access key", variable("KEY", "AKIA"+strings.Repeat("A2", 8))},
		"one that expires":           {"an access key", description("ASIA" + strings.Repeat("A2", 8))},
		"one in two pieces":          {"an access key", variable("KEY", map[string]any{"Fn::Join": []any{"", []any{"AKIA", strings.Repeat("A2", 8)}}})},
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
		err := checkSecrets(mutated(t, situation{"live", services.Serving}, "Alpha", mutant.edit))
		if err == nil || !strings.Contains(err.Error(), mutant.what) {
			t.Errorf("%s: nobody notices %s: %v", name, mutant.what, err)
		}
		if err != nil && (strings.Contains(err.Error(), forty) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: repeated in the error", name)
		}
	}
}

// What only sounds like a secret is none.
func TestNoFalseAlarm(t *testing.T) {
	for _, text := range []string{
		"password={{resolve:secretsmanager:db}}", "password=${Secret}", "PasswordPolicy=strict", "the bearer of this",
		"secret=" + strings.Repeat("0", 64), "image=" + strings.Repeat("wJalrXUt/+", 4), "AKIA", "-----BEGIN PUBLIC KEY-----",
	} {
		for _, what := range slices.Sorted(maps.Keys(secrets)) {
			if secrets[what].MatchString(text) {
				t.Errorf("%q is taken for %s", text, what)
			}
		}
	}
}
