package test

import (
	"testing"

	"github.com/stretchr/testify/assert"

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

// The load balancer keeps idle connections as long as the environment says, and changes no
// other stack for it.
func TestIdleTimeout(t *testing.T) {
	long := assemble(t, environment("idleTimeout", 3600))
	assert.Equal(t, "3600", long.LoadBalancers[0].Attributes["idle_timeout.timeout_seconds"])
	assert.Equal(t, "60", at(t, allLive).LoadBalancers[0].Attributes["idle_timeout.timeout_seconds"])
	assert.Equal(t, []string{"Edge"}, changed(at(t, allLive), long))
	assert.NoError(t, checkTimeouts(long))
}
