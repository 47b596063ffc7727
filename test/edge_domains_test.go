package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

const ownCertificate = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"

// withDomains is an environment of several names; an empty zone or certificate is left out.
func withDomains(zone, certificate string, names ...string) change {
	return func(app *synth.App) {
		environment("domains", names)(app)
		for key, value := range map[string]string{"hostedZoneId": zone, "certificate": certificate} {
			if value != "" {
				environment(key, value)(app)
			}
		}
	}
}

// All names are on one certificate, and each has a record; another name changes the load
// balancer's stack alone.
func TestDomainsOnOneCertificate(t *testing.T) {
	one := assemble(t, withDomains("Z0123456789ABC", "", "www.example.com"))
	three := assemble(t, withDomains("Z0123456789ABC", "", "www.example.com", "example.com", "api.example.com"))
	assert.Equal(t, []string{"Edge"}, changed(one, three))
	certificate := only(three, "Edge", "AWS::CertificateManager::Certificate").Properties
	assert.Equal(t, "www.example.com", certificate["DomainName"])
	assert.Equal(t, []any{"example.com", "api.example.com"}, certificate["SubjectAlternativeNames"])
	assert.Len(t, certificate["DomainValidationOptions"], 3)
	assert.ElementsMatch(t, []string{"www.example.com.", "example.com.", "api.example.com."}, recordsOf(three))
}

// A domain with a wildcard is on the certificate and has a record like another.
func TestWildcardDomain(t *testing.T) {
	stage := assemble(t, withDomains("Z0123456789ABC", "", "example.com", "*.example.com"))
	certificate := only(stage, "Edge", "AWS::CertificateManager::Certificate").Properties
	assert.Equal(t, []any{"*.example.com"}, certificate["SubjectAlternativeNames"])
	assert.ElementsMatch(t, []string{"example.com.", "*.example.com."}, recordsOf(stage))
}

// A certificate that is there already is used as it is, and without a zone a person points the
// names to what the stack prints.
func TestExistingCertificate(t *testing.T) {
	with := assemble(t, withDomains("Z0123456789ABC", ownCertificate, "www.example.com", "example.com"))
	without := assemble(t, withDomains("", ownCertificate, "www.example.com", "example.com"))
	for _, stage := range []*assembly.Stage{with, without} {
		for range stage.Resources("AWS::CertificateManager::Certificate") {
			assert.Fail(t, "another certificate")
		}
		for _, listener := range stage.Listeners {
			if listener.Port == 443 {
				assert.Equal(t, []any{map[string]any{"CertificateArn": ownCertificate}}, listener.Properties["Certificates"])
			}
		}
	}
	assert.Len(t, recordsOf(with), 2)
	assert.Empty(t, recordsOf(without))
	edge, _ := without.Stack("Edge")
	balancer := only(without, "Edge", "AWS::ElasticLoadBalancingV2::LoadBalancer")
	printed := map[string]string{}
	for _, output := range edge.Outputs {
		printed[output.ID] = output.Value
	}
	assert.Equal(t, "https://www.example.com", printed["Url"])
	for _, id := range []string{"Domain", "Domain2"} {
		assert.Equal(t, "${Edge."+balancer.LogicalID+".DNSName}", printed[id], id)
	}
}

func recordsOf(stage *assembly.Stage) []string {
	var names []string
	for record := range stage.Resources("AWS::Route53::RecordSet") {
		names = append(names, record.Properties["Name"].(string))
	}
	return names
}

// The load balancer waits as long as the environment says, and the programs of this module that
// are behind it for longer: so a change of it, which comes before any program's, changes none.
func TestIdleTimeoutOfTheLoadBalancer(t *testing.T) {
	ours := editService("alpha", func(s *services.Service) {
		s.Image = services.Image{Program: "test/internal/fixture/program/first"}
	})
	after := assemble(t, ours, built, environment("idleTimeout", 4000))
	assert.Equal(t, "4000", after.LoadBalancers[0].Attributes["idle_timeout.timeout_seconds"])
	assert.Equal(t, []string{"Edge"}, changed(assemble(t, ours, built), after))
	_, err := environments(neutral(t, environment("idleTimeout", server.IdleTimeout.Seconds()-9)))
	require.Error(t, err, "a load balancer that keeps connections for as long as programs do")

	// The check of the environment knows the programs' own times.
	_, err = environments(neutral(t, ours, environment("idleTimeout", server.WriteTimeout.Seconds())))
	assert.Error(t, err, "a load balancer that gives up with the program")
	_, err = environments(neutral(t, ours, environment("idleTimeout", server.WriteTimeout.Seconds()+1)))
	assert.NoError(t, err)
}

// built stages the images of a catalog that has programs of this module.
func built(app *synth.App) { app.Images = nil }
