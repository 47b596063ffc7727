package stacks

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/jsii-runtime-go"
)

// newListener creates the listeners and returns the one that takes the rules of
// services: HTTPS with a domain, HTTP without one, as there is no certificate for the
// load balancer's own name.
//
// The HTTP listener is exported even where it only redirects: rules that are in it
// leave it after the domain has come, not before.
func newListener(stack awscdk.Stack, e Environment, balancer elbv2.ApplicationLoadBalancer) elbv2.ApplicationListener {
	if len(e.Domains) > 0 {
		pin(stack, redirectHTTP(balancer).ListenerArn())
		listener := listenHTTPS(stack, e, balancer)
		pin(stack, listener.ListenerArn())
		return listener
	}
	listener := balancer.AddListener(jsii.String("Http"), &elbv2.BaseApplicationListenerProps{
		Port:          jsii.Number(80),
		Open:          jsii.Bool(false),
		DefaultAction: notFound(),
	})
	pin(stack, listener.ListenerArn())
	printURL(stack, "http://"+*balancer.LoadBalancerDnsName())
	warnOfHTTP(stack, fmt.Sprintf("%s has no domain", e.Name))
	return listener
}

// listenHTTPS accepts TLS 1.2 with forward secrecy and TLS 1.3, with a post-quantum key
// exchange: a quantum computer cannot decrypt later what is recorded today.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
func listenHTTPS(stack awscdk.Stack, e Environment, balancer elbv2.ApplicationLoadBalancer) elbv2.ApplicationListener {
	var zone awsroute53.IHostedZone
	if e.HostedZoneID != "" {
		zone = awsroute53.HostedZone_FromHostedZoneId(stack, jsii.String("Zone"), &e.HostedZoneID)
	}
	listener := balancer.AddListener(jsii.String("Https"), &elbv2.BaseApplicationListenerProps{
		Port:          jsii.Number(443),
		Open:          jsii.Bool(false),
		Certificates:  &[]elbv2.IListenerCertificate{certificateOf(stack, e, zone)},
		SslPolicy:     elbv2.SslPolicy_TLS13_12_RES_PQ,
		DefaultAction: notFound(),
	})
	for i, name := range e.Domains {
		point(stack, zone, name, i, balancer)
	}
	printURL(stack, "https://"+e.Domains[0])
	return listener
}

// certificateOf is the certificate that is there already, or one of the environment's own for
// all of its domains.
func certificateOf(stack awscdk.Stack, e Environment, zone awsroute53.IHostedZone) elbv2.IListenerCertificate {
	if e.Certificate != "" {
		return elbv2.ListenerCertificate_FromArn(&e.Certificate)
	}
	props := &awscertificatemanager.CertificateProps{
		DomainName: &e.Domains[0],
		Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
	}
	if others := e.Domains[1:]; len(others) > 0 {
		props.SubjectAlternativeNames = jsii.Strings(others...)
	}
	return awscertificatemanager.NewCertificate(stack, jsii.String("Certificate"), props)
}

// point gives a domain, the i-th, the load balancer's address: by a record in the zone, or
// without one in an output, for a person to point the name to.
func point(stack awscdk.Stack, zone awsroute53.IHostedZone, name string, i int, balancer elbv2.ApplicationLoadBalancer) {
	id := "Domain"
	if i > 0 {
		id += strconv.Itoa(i + 1)
	}
	if zone == nil {
		awscdk.NewCfnOutput(stack, &id, &awscdk.CfnOutputProps{
			Value: balancer.LoadBalancerDnsName(), Description: jsii.Sprintf("Point %s here", name),
		})
		return
	}
	awsroute53.NewARecord(stack, &id, &awsroute53.ARecordProps{
		Zone: zone,
		// A name with a dot at its end is whole: the zone's own is not known here.
		RecordName: jsii.String(name + "."),
		Target:     awsroute53.RecordTarget_FromAlias(awsroute53targets.NewLoadBalancerTarget(balancer, nil)),
	})
}

// redirectHTTP redirects HTTP to the same path over HTTPS.
func redirectHTTP(balancer elbv2.ApplicationLoadBalancer) elbv2.ApplicationListener {
	return balancer.AddListener(jsii.String("Http"), &elbv2.BaseApplicationListenerProps{
		Port: jsii.Number(80),
		Open: jsii.Bool(false),
		DefaultAction: elbv2.ListenerAction_Redirect(&elbv2.RedirectOptions{
			Protocol:  jsii.String("HTTPS"),
			Port:      jsii.String("443"),
			Permanent: jsii.Bool(true),
		}),
	})
}

// notFound is the default action, for a request that matches no rule.
func notFound() elbv2.ListenerAction {
	return elbv2.ListenerAction_FixedResponse(jsii.Number(404), &elbv2.FixedResponseOptions{
		ContentType: jsii.String("application/json"),
		MessageBody: jsii.String(`{"title":"Not Found","status":404,"detail":"no service has this path"}`),
	})
}

func warnOfHTTP(stack awscdk.Stack, reason string) {
	awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("strangler:http"),
		jsii.Sprintf("%s: the load balancer speaks HTTP only, so anyone on the way can read and change requests", reason))
}

func printURL(stack awscdk.Stack, url string) {
	awscdk.NewCfnOutput(stack, jsii.String("Url"), &awscdk.CfnOutputProps{Value: &url})
}
