package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Under a domain the HTTPS listener routes every request as the HTTP listener does
// without one, and the HTTP listener redirects every request to it.
func TestHTTPS(t *testing.T) {
	require.NoError(t, checkHTTPS(atPublic(t), at(t, allLive)))
}

func TestHTTPSMutants(t *testing.T) {
	atPublic(t)
	listener := func(resources map[string]any, port int) map[string]any {
		for _, l := range ofType(resources, "AWS::ElasticLoadBalancingV2::Listener") {
			if l["Port"] == float64(port) {
				return l
			}
		}
		panic(port)
	}
	first := func(properties map[string]any, key string) map[string]any {
		return properties[key].([]any)[0].(map[string]any)
	}
	for name, edit := range map[string]func(resources map[string]any){
		"no post-quantum key exchange": func(resources map[string]any) {
			listener(resources, 443)["SslPolicy"] = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
		},
		"the old default policy": func(resources map[string]any) { delete(listener(resources, 443), "SslPolicy") },
		"the certificate of another name": func(resources map[string]any) {
			first(listener(resources, 443), "Certificates")["CertificateArn"] = "arn"
		},
		"another default action": func(resources map[string]any) {
			listener(resources, 443)["DefaultActions"] = listener(resources, 80)["DefaultActions"]
		},
		"HTTP is served": func(resources map[string]any) {
			listener(resources, 80)["DefaultActions"] = listener(resources, 443)["DefaultActions"]
		},
		"a temporary redirect":        func(resources map[string]any) { redirectOf(listener(resources, 80))["StatusCode"] = "HTTP_302" },
		"a redirect to one page":      func(resources map[string]any) { redirectOf(listener(resources, 80))["Path"] = "/" },
		"a redirect to plain HTTP":    func(resources map[string]any) { redirectOf(listener(resources, 80))["Protocol"] = "HTTP" },
		"a certificate by mail":       func(resources map[string]any) { certificateOf(resources)["ValidationMethod"] = "EMAIL" },
		"a certificate not validated": func(resources map[string]any) { delete(certificateOf(resources), "DomainValidationOptions") },
		"a certificate of a parent":   func(resources map[string]any) { certificateOf(resources)["DomainName"] = "example.com" },
		"a record in another zone":    func(resources map[string]any) { recordOf(resources)["HostedZoneId"] = "Z1" },
		"a record of another name":    func(resources map[string]any) { recordOf(resources)["Name"] = "example.com." },
		"a record of IPv6":            func(resources map[string]any) { recordOf(resources)["Type"] = "AAAA" },
		"port 443 is closed": func(resources map[string]any) {
			group := ofType(resources, "AWS::EC2::SecurityGroup")[0]
			group["SecurityGroupIngress"] = group["SecurityGroupIngress"].([]any)[:1]
		},
	} {
		assert.Error(t, checkHTTPS(mutated(t, public, "Edge", edit), at(t, allLive)), "%s: mutant passed the check", name)
	}
	elsewhere := mutated(t, public, "Alpha", func(resources map[string]any) {
		ofType(resources, listenerRule)[0]["ListenerArn"] = "elsewhere"
	})
	assert.Error(t, checkHTTPS(elsewhere, at(t, allLive)), "a rule of another listener: mutant passed the check")
}

func redirectOf(listener map[string]any) map[string]any {
	return listener["DefaultActions"].([]any)[0].(map[string]any)["RedirectConfig"].(map[string]any)
}

func certificateOf(resources map[string]any) map[string]any {
	return ofType(resources, "AWS::CertificateManager::Certificate")[0]
}

func recordOf(resources map[string]any) map[string]any {
	return ofType(resources, "AWS::Route53::RecordSet")[0]
}

func checkHTTPS(stage, plain *assembly.Stage) error {
	listeners := map[string]assembly.Listener{}
	for _, l := range stage.Listeners {
		listeners[fmt.Sprint(l.Protocol, " ", l.Port)] = l
	}
	secure, open := listeners["HTTPS 443"], listeners["HTTP 80"]
	if len(stage.Listeners) != 2 || open.Routing.Default == nil || secure.Routing.Default == nil {
		return fmt.Errorf("listeners %v, want HTTPS 443 and HTTP 80", slices.Sorted(maps.Keys(listeners)))
	}
	return errors.Join(
		checkRedirect(open),
		checkSameRouting(stage, secure, plain),
		checkTLS(stage, secure),
		checkDomain(stage),
		checkPorts(stage),
	)
}

// checkRedirect wants a permanent redirect to the same host, path and query over TLS.
func checkRedirect(open assembly.Listener) error {
	if len(open.Routing.Rules) > 0 {
		return fmt.Errorf("%d rules serve requests over plain HTTP", len(open.Routing.Rules))
	}
	balancer := &alb.LoadBalancer{Listener: open.Routing}
	for _, r := range requests {
		response := httptest.NewRecorder()
		balancer.ServeHTTP(response, httptest.NewRequest("GET", "http://fixture.example.com"+r.path, nil))
		want := "https://fixture.example.com:443" + r.path
		if got := response.Header().Get("Location"); response.Code != http.StatusMovedPermanently || got != want {
			return fmt.Errorf("%s is answered %d, to %q, want 301, to %q", r.path, response.Code, got, want)
		}
	}
	return nil
}

// checkSameRouting compares with an environment that has no domain.
func checkSameRouting(stage *assembly.Stage, secure assembly.Listener, plain *assembly.Stage) error {
	served := func(stage *assembly.Stage, listener alb.Listener, path string) (map[string]float64, alb.Action) {
		rule := listener.Route(httptest.NewRequest("GET", "https://fixture.example.com"+path, nil))
		if _, ok := rule.Action.(alb.Forward); !ok {
			return nil, rule.Action
		}
		return named(stage, rule).Shares(), nil
	}
	for _, r := range requests {
		got, answer := served(stage, secure.Routing, r.path)
		want, expected := served(plain, plain.Listeners[0].Routing, r.path)
		if !maps.Equal(got, want) || answer != expected {
			return fmt.Errorf("%s goes to %v %v, without a domain to %v %v", r.path, got, answer, want, expected)
		}
	}
	return errors.Join(
		equal("default action", plain.Listeners[0].Routing.Default, secure.Routing.Default),
		equal("rules of the HTTPS listener", len(stage.ListenerRules), len(secure.Routing.Rules)),
	)
}

// checkTLS wants a policy with post-quantum key exchange and forward secrecy, and a
// certificate that is validated and renewed through DNS.
func checkTLS(stage *assembly.Stage, secure assembly.Listener) error {
	certificate := only(stage, "Edge", "AWS::CertificateManager::Certificate")
	listener, err := into[struct {
		SslPolicy    string
		Certificates []struct{ CertificateArn string }
	}](secure.Properties)
	if err != nil || len(listener.Certificates) != 1 {
		return errors.Join(fmt.Errorf("%d certificates, want 1", len(listener.Certificates)), err)
	}
	proof := []any{map[string]any{"DomainName": "fixture.example.com", "HostedZoneId": "Z0123456789ABC"}}
	return errors.Join(
		equal("SslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", listener.SslPolicy),
		equal("CertificateArn", certificate.Identity(), listener.Certificates[0].CertificateArn),
		equal("the certificate's DomainName", "fixture.example.com", certificate.Properties["DomainName"]),
		equal("ValidationMethod", "DNS", certificate.Properties["ValidationMethod"]),
		equal("DomainValidationOptions", proof, certificate.Properties["DomainValidationOptions"]),
	)
}

// checkDomain wants an address record and an output with the domain's name.
func checkDomain(stage *assembly.Stage) error {
	balancer := only(stage, "Edge", "AWS::ElasticLoadBalancingV2::LoadBalancer")
	attribute := func(name string) string { return fmt.Sprintf("${%s.%s.%s}", balancer.Stack, balancer.LogicalID, name) }
	record, err := into[struct {
		Name, Type, HostedZoneID string
		AliasTarget              struct{ DNSName, HostedZoneID string }
	}](only(stage, "Edge", "AWS::Route53::RecordSet").Properties)
	edge, _ := stage.Stack("Edge")
	address := func(o *assembly.Output) bool { return o.ID == "Url" && o.Value == "https://fixture.example.com" }
	return errors.Join(err,
		equal("the record's Name", "fixture.example.com.", record.Name),
		equal("the record's Type", "A", record.Type),
		equal("the record's HostedZoneId", "Z0123456789ABC", record.HostedZoneID),
		equal("DNSName", attribute("DNSName"), strings.TrimPrefix(record.AliasTarget.DNSName, "dualstack.")),
		equal("the alias's HostedZoneId", attribute("CanonicalHostedZoneID"), record.AliasTarget.HostedZoneID),
		equal("an output with the address", true, slices.ContainsFunc(edge.Outputs, address)),
	)
}

// checkPorts wants the load balancer's security group open on the ports of its listeners.
func checkPorts(stage *assembly.Stage) error {
	for _, group := range stage.SecurityGroups {
		var ports []int
		for _, rule := range group.Ingress {
			ports = append(ports, rule.From)
		}
		if group.Stack == "Edge" && !slices.Equal(ports, []int{80, 443}) {
			return fmt.Errorf("open on %v, want 80 and 443", ports)
		}
	}
	return nil
}

// Synthesis warns of plain HTTP, and only without a domain.
func TestPlainHTTPIsAWarning(t *testing.T) {
	plain := warnings(t, at(t, allLive), "Edge")
	require.Len(t, plain, 1)
	assert.Contains(t, plain[0], "HTTP only")
	assert.Empty(t, warnings(t, atPublic(t), "Edge"), "under a domain")
}

// warnings are those that synthesis leaves in a stack's metadata.
func warnings(t *testing.T, stage *assembly.Stage, stack string) []string {
	t.Helper()
	s, ok := stage.Stack(stack)
	require.True(t, ok, "no stack %s", stack)
	text, err := os.ReadFile(strings.Replace(s.File, ".template.json", ".metadata.json", 1))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	var metadata map[string][]struct {
		Type string
		Data any
	}
	require.NoError(t, json.Unmarshal(text, &metadata))
	var all []string
	for _, entries := range metadata {
		for _, entry := range entries {
			if entry.Type == "aws:cdk:warning" {
				all = append(all, fmt.Sprint(entry.Data))
			}
		}
	}
	return all
}
