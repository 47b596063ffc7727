package test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// secretsOf are the secrets of each program, and of its collector.
func secretsOf(stage *assembly.Stage) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, task := range stage.TaskDefinitions {
		for _, container := range task.Containers {
			if len(container.Secrets) > 0 {
				all[container.Name] = container.Secrets
			}
		}
	}
	return all
}

// The program has the secrets that the catalog names, from where they are kept, and no
// other container has any. No parameter of a template holds one.
func TestSecretsAreTheCatalogs(t *testing.T) {
	const manager = "arn:aws:secretsmanager:eu-west-1:${AWS::AccountId}:secret:"
	const parameters = "arn:aws:ssm:eu-west-1:${AWS::AccountId}:parameter/"
	for _, s := range situations {
		stage := at(t, s)
		want := map[string]map[string]string{"gamma": {
			"DATABASE_URL": manager + "gamma/database:url::",
			"SIGNING_KEY":  manager + "gamma/signing-a1B2c3",
			"MAIL_TOKEN":   parameters + "gamma/mail",
		}}
		if s.phase != "strangled" {
			want["legacy"] = map[string]string{"GAMMA_KEY": manager + "legacy/gamma"}
		}
		assert.Equal(t, want, secretsOf(stage), "%v", s)
		for _, stack := range stage.Stacks {
			for name := range stack.Parameters {
				assert.Equal(t, "BootstrapVersion", name, stack.ID)
			}
		}
	}
	elsewhere := assemble(t, environment("natGateways", 1), editService("alpha", func(s *services.Service) {
		s.Needs.Secrets = map[string]services.Secret{
			"A": {Parameter: "plain"}, "B": {Secret: "arn:aws:secretsmanager:us-east-1:444455556666:secret:other-a1B2c3", Key: "k"},
		}
	}))
	assert.Equal(t, map[string]string{
		"A": parameters + "plain", "B": "arn:aws:secretsmanager:us-east-1:444455556666:secret:other-a1B2c3:k::",
	}, secretsOf(elsewhere)["alpha"])
}
