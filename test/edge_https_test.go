package test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// Under a domain every request is served over TLS as it would be without, and
// one that comes in the clear is told where to go, whatever it asks for.
func TestHTTPS(t *testing.T) {
	if err := checkHTTPS(atPublic(t), at(t, situation{"live", services.Serving})); err != nil {
		t.Error(err)
	}
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
		"keys that a quantum computer finds": func(resources map[string]any) {
			listener(resources, 443)["SslPolicy"] = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
		},
		"the old default policy": func(resources map[string]any) { delete(listener(resources, 443), "SslPolicy") },
		"another's certificate": func(resources map[string]any) {
			first(listener(resources, 443), "Certificates")["CertificateArn"] = "arn"
		},
		"another default": func(resources map[string]any) {
			listener(resources, 443)["DefaultActions"] = listener(resources, 80)["DefaultActions"]
		},
		"HTTP is served": func(resources map[string]any) {
			listener(resources, 80)["DefaultActions"] = listener(resources, 443)["DefaultActions"]
		},
		"a redirect for now":         func(resources map[string]any) { redirectOf(listener(resources, 80))["StatusCode"] = "HTTP_302" },
		"a redirect to one page":     func(resources map[string]any) { redirectOf(listener(resources, 80))["Path"] = "/" },
		"a redirect in the clear":    func(resources map[string]any) { redirectOf(listener(resources, 80))["Protocol"] = "HTTP" },
		"a certificate by mail":      func(resources map[string]any) { certificateOf(resources)["ValidationMethod"] = "EMAIL" },
		"a certificate never proven": func(resources map[string]any) { delete(certificateOf(resources), "DomainValidationOptions") },
		"a certificate of a parent":  func(resources map[string]any) { certificateOf(resources)["DomainName"] = "example.com" },
		"a record in another zone":   func(resources map[string]any) { recordOf(resources)["HostedZoneId"] = "Z1" },
		"a record of another name":   func(resources map[string]any) { recordOf(resources)["Name"] = "example.com." },
		"a record of IPv6":           func(resources map[string]any) { recordOf(resources)["Type"] = "AAAA" },
		"443 is shut": func(resources map[string]any) {
			group := ofType(resources, "AWS::EC2::SecurityGroup")[0]
			group["SecurityGroupIngress"] = group["SecurityGroupIngress"].([]any)[:1]
		},
	} {
		if checkHTTPS(mutated(t, public, "Edge", edit), at(t, situation{"live", services.Serving})) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
	mutant := mutated(t, public, "Alpha", func(resources map[string]any) {
		ofType(resources, listenerRule)[0]["ListenerArn"] = "elsewhere"
	})
	if checkHTTPS(mutant, at(t, situation{"live", services.Serving})) == nil {
		t.Error("a rule elsewhere: nobody notices")
	}
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

// checkRedirect wants the same host, path and query again, over TLS.
func checkRedirect(open assembly.Listener) error {
	if len(open.Routing.Rules) > 0 {
		return fmt.Errorf("%d rules serve requests in the clear", len(open.Routing.Rules))
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
	if got, want := secure.Routing.Default, plain.Listeners[0].Routing.Default; got != want || len(secure.Routing.Rules) != len(stage.ListenerRules) {
		return fmt.Errorf("%d of %d rules, and then %v, want %v", len(secure.Routing.Rules), len(stage.ListenerRules), got, want)
	}
	return nil
}

// checkTLS wants post-quantum keys, forward secrecy, and a certificate that the
// stack proves and renews by itself.
func checkTLS(stage *assembly.Stage, secure assembly.Listener) error {
	certificate := only(stage, "Edge", "AWS::CertificateManager::Certificate")
	listener, err := into[struct {
		SslPolicy    string
		Certificates []struct{ CertificateArn string }
	}](secure.Properties)
	if err != nil || listener.SslPolicy != "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09" ||
		len(listener.Certificates) != 1 || listener.Certificates[0].CertificateArn != certificate.Identity() {
		return fmt.Errorf("%+v (%v)", listener, err)
	}
	proof := []any{map[string]any{"DomainName": "fixture.example.com", "HostedZoneId": "Z0123456789ABC"}}
	if p := certificate.Properties; p["DomainName"] != "fixture.example.com" || p["ValidationMethod"] != "DNS" || fmt.Sprint(p["DomainValidationOptions"]) != fmt.Sprint(proof) {
		return fmt.Errorf("certificate %v", p)
	}
	return nil
}

// checkDomain wants the name to lead to the load balancer.
func checkDomain(stage *assembly.Stage) error {
	balancer := only(stage, "Edge", "AWS::ElasticLoadBalancingV2::LoadBalancer")
	attribute := func(name string) string { return fmt.Sprintf("${%s.%s.%s}", balancer.Stack, balancer.LogicalID, name) }
	record, err := into[struct {
		Name, Type, HostedZoneID string
		AliasTarget              struct{ DNSName, HostedZoneID string }
	}](only(stage, "Edge", "AWS::Route53::RecordSet").Properties)
	if err != nil || record.Name != "fixture.example.com." || record.Type != "A" || record.HostedZoneID != "Z0123456789ABC" ||
		!strings.HasSuffix(record.AliasTarget.DNSName, attribute("DNSName")) || record.AliasTarget.HostedZoneID != attribute("CanonicalHostedZoneID") {
		return fmt.Errorf("record %+v (%v)", record, err)
	}
	edge, _ := stage.Stack("Edge")
	if !slices.ContainsFunc(edge.Outputs, func(o *assembly.Output) bool { return o.ID == "Url" && o.Value == "https://fixture.example.com" }) {
		return fmt.Errorf("no output has the address")
	}
	return nil
}

// checkPorts wants the front door open on the ports of its listeners.
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

// A domain ends the warning that requests travel in the clear.
func TestHTTPSIsNoWarning(t *testing.T) {
	edge, _ := atPublic(t).Stack("Edge")
	metadata, err := os.ReadFile(strings.Replace(edge.File, ".template.json", ".metadata.json", 1))
	if err == nil && strings.Contains(string(metadata), `"aws:cdk:warning"`) {
		t.Errorf("a warning in %s", metadata)
	}
}
