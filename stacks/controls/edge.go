package controls

import (
	"slices"
	"strings"
)

const (
	loadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listener     = "AWS::ElasticLoadBalancingV2::Listener"
	bucket       = "AWS::S3::Bucket"
)

func edge() []Control {
	return []Control{
		{"ELB.4", loadBalancer, "Headers that are not valid are dropped",
			"set routing.http.drop_invalid_header_fields.enabled to true",
			attribute("routing.http.drop_invalid_header_fields.enabled", "true")},
		{"ELB.12", loadBalancer, "Requests that can be read in two ways are refused",
			"set routing.http.desync_mitigation_mode to strictest",
			attribute("routing.http.desync_mitigation_mode", "strictest")},
		{"ELB.5", loadBalancer, "Requests are on record",
			"log access to a bucket",
			attribute("access_logs.s3.enabled", "true")},
		{"ELB.6", loadBalancer, "Nobody deletes the load balancer by mistake",
			"set protected for the environment",
			attribute("deletion_protection.enabled", "true")},
		{"ELB.1", listener, "HTTP is redirected to HTTPS",
			"give the environment a domain",
			func(r Resource, _ Template) bool {
				return r.at("Protocol") != "HTTP" || every(list(r.at("DefaultActions")), func(a any) bool {
					return at(a, "Type") == "redirect" && at(a, "RedirectConfig", "Protocol") == "HTTPS"
				})
			}},
		{"ELB.16", loadBalancer, "A firewall stands before the load balancer",
			"set waf for the environment",
			func(r Resource, t Template) bool {
				return slices.ContainsFunc(t.of("AWS::WAFv2::WebACLAssociation"), func(a Resource) bool { return refersTo(a.at("ResourceArn"), r.LogicalID) })
			}},
		{"ELB.17", listener, "HTTPS is TLS 1.2 or 1.3 with an exchange of keys that outlives quantum computers",
			"choose a post-quantum policy",
			func(r Resource, _ Template) bool {
				policy, _ := r.at("SslPolicy").(string)
				return r.at("Protocol") != "HTTPS" || strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-") && strings.Contains(policy, "-PQ-")
			}},
		{"S3.8", bucket, "Buckets block public access",
			"block it in all four ways",
			func(r Resource, _ Template) bool {
				block, _ := r.at("PublicAccessBlockConfiguration").(map[string]any)
				for _, way := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
					if block[way] != true {
						return false
					}
				}
				return true
			}},
		{"S3.5", bucket, "Buckets want TLS",
			"deny what comes without in the bucket's policy",
			func(r Resource, t Template) bool {
				return slices.ContainsFunc(t.of("AWS::S3::BucketPolicy"), func(p Resource) bool {
					return refersTo(p.at("Bucket"), r.LogicalID) && slices.ContainsFunc(statements(p.at("PolicyDocument")), func(s any) bool {
						return at(s, "Effect") == "Deny" && at(s, "Condition", "Bool", "aws:SecureTransport") == "false"
					})
				})
			}},
		{"CT.S3.PR.7", bucket, "Buckets are encrypted",
			"set BucketEncryption",
			func(r Resource, _ Template) bool { return r.at("BucketEncryption") != nil }},
		{"S3.13", bucket, "No object is kept for ever",
			"let objects expire",
			func(r Resource, _ Template) bool {
				return every(list(r.at("LifecycleConfiguration", "Rules")), func(rule any) bool { return at(rule, "ExpirationInDays") != nil })
			}},
	}
}

// attribute wants an attribute of a load balancer to have a value.
func attribute(key, want string) func(Resource, Template) bool {
	return func(r Resource, _ Template) bool {
		for _, a := range list(r.at("LoadBalancerAttributes")) {
			if at(a, "Key") == key {
				return at(a, "Value") == want
			}
		}
		return false
	}
}
