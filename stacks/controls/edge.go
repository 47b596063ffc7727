package controls

import (
	"slices"
	"strings"

	"example.com/strangler/stacks/template"
)

const (
	loadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listener     = "AWS::ElasticLoadBalancingV2::Listener"
	bucket       = "AWS::S3::Bucket"
)

func edge() []Control {
	return []Control{
		{"ELB.4", loadBalancer, "The load balancer drops invalid headers",
			"set routing.http.drop_invalid_header_fields.enabled to true",
			attribute("routing.http.drop_invalid_header_fields.enabled", "true")},
		{"ELB.12", loadBalancer, "The load balancer refuses ambiguous requests",
			"set routing.http.desync_mitigation_mode to strictest",
			attribute("routing.http.desync_mitigation_mode", "strictest")},
		{"ELB.5", loadBalancer, "The load balancer writes access logs",
			"log access to a bucket",
			attribute("access_logs.s3.enabled", "true")},
		{"ELB.6", loadBalancer, "The load balancer is protected from deletion",
			"set protected for the environment",
			attribute("deletion_protection.enabled", "true")},
		{"ELB.1", listener, "HTTP is redirected to HTTPS",
			"give the environment a domain",
			properties(func(p any) bool {
				return at(p, "Protocol") != "HTTP" || every(list(at(p, "DefaultActions")), func(a any) bool {
					return at(a, "Type") == "redirect" && at(a, "RedirectConfig", "Protocol") == "HTTPS"
				})
			})},
		{"ELB.16", loadBalancer, "A web application firewall protects the load balancer",
			"set waf for the environment",
			referredToBy("AWS::WAFv2::WebACLAssociation", "ResourceArn", nil)},
		{"ELB.17", listener, "HTTPS is TLS 1.2 or 1.3 with a post-quantum key exchange",
			"choose a post-quantum policy",
			properties(func(p any) bool {
				policy, _ := at(p, "SslPolicy").(string)
				return at(p, "Protocol") != "HTTPS" || strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-") && strings.Contains(policy, "-PQ-")
			})},
		{"S3.8", bucket, "Buckets block public access",
			"block it in all four ways",
			properties(func(p any) bool {
				for _, way := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
					if at(p, "PublicAccessBlockConfiguration", way) != true {
						return false
					}
				}
				return true
			})},
		{"S3.5", bucket, "Buckets require TLS",
			"deny requests without TLS in the bucket's policy",
			referredToBy("AWS::S3::BucketPolicy", "Bucket", func(p any) bool {
				return slices.ContainsFunc(statements(at(p, "PolicyDocument")), func(s any) bool {
					return at(s, "Effect") == "Deny" && at(s, "Condition", "Bool", "aws:SecureTransport") == "false"
				})
			})},
		{"CT.S3.PR.7", bucket, "Buckets are encrypted",
			"set BucketEncryption",
			properties(func(p any) bool { return at(p, "BucketEncryption") != nil })},
		{"S3.13", bucket, "Objects in buckets expire",
			"set ExpirationInDays in each lifecycle rule",
			properties(func(p any) bool {
				return every(list(at(p, "LifecycleConfiguration", "Rules")), func(rule any) bool { return at(rule, "ExpirationInDays") != nil })
			})},
	}
}

// attribute makes a control hold when an attribute of a load balancer has a value.
func attribute(key, want string) check {
	return func(r template.Resource, _ template.Template) bool {
		for _, a := range list(r.Properties["LoadBalancerAttributes"]) {
			if at(a, "Key") == key {
				return at(a, "Value") == want
			}
		}
		return false
	}
}
