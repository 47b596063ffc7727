// Package stacks says what deploys together.
package stacks

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"example.com/forum/services"
)

// VPCRange is the address range of every environment's VPC.
const VPCRange = "10.0.0.0/16"

// Environment is one deployment of the whole catalog: an entry of
// "environments" in cdk.json, with every default filled in.
type Environment struct {
	Name string
	// Region is required: the shape of some resources depends on it.
	Region string `json:"region"`
	// Account is 12 digits. Empty means the account of whoever deploys.
	Account string `json:"account"`
	// AZs is the number of availability zones. Zero means 2, the load balancer's minimum.
	AZs int `json:"azs"`
	// NATGateways gives tasks a way out to the internet. Zero means none:
	// tasks reach AWS through VPC endpoints and nothing else.
	NATGateways int `json:"natGateways"`
	// PreviewFrom are the CIDR blocks from which the X-Route-To header works,
	// two at most. Empty means the VPC's own range.
	PreviewFrom []string `json:"previewFrom"`
	// Domain is the name that the load balancer answers to, over HTTPS. Empty means
	// none, and plain HTTP.
	Domain string `json:"domain"`
	// HostedZoneID is the public zone of Route 53 that holds the domain.
	HostedZoneID string `json:"hostedZoneId"`
	// Protected keeps what holds data, or an address that others know, from being
	// deleted with its stack. Nil means true, but in dev.
	Protected *bool `json:"protected"`
	// WAF puts a web application firewall before the load balancer. Nil means true,
	// but in dev.
	WAF *bool `json:"waf"`
	// PermissionsBoundary is the name of a managed policy in the account that bounds
	// every role of the app. Empty means none.
	PermissionsBoundary string `json:"permissionsBoundary"`
	// AlarmEmail gets a mail when an alarm rings or a budget is spent, once whoever
	// reads it has confirmed the first. Empty means that nobody does.
	AlarmEmail string `json:"alarmEmail"`
	// Traces lets collectors reach X-Ray where there is no NAT gateway, through an
	// endpoint of its own.
	Traces bool `json:"traces"`
	// Phases has one word for each service and for the monolith.
	Phases map[string]string `json:"migration"`
	// Migration is what the phases say.
	Migration services.Migration `json:"-"`
}

// ReadEnvironments completes the catalog, reads the environments from the app's
// context, and checks all that can be known before anything is built. A context
// key named like a service overrides its phase everywhere ("-c users=25%"), the
// key "environment" picks one environment. Every error says where and what to do.
func ReadEnvironments(context map[string]any, raw services.Catalog) (services.Catalog, []Environment, error) {
	catalog, err := raw.Complete()
	if err != nil {
		return catalog, nil, err
	}
	overrides, err := phaseOverrides(context, catalog)
	if err != nil {
		return catalog, nil, err
	}
	all, err := decodeEnvironments(context["environments"])
	if err != nil {
		return catalog, nil, err
	}
	chosen, err := choose(all, context["environment"])
	if err != nil {
		return catalog, nil, err
	}
	var environments []Environment
	for _, name := range chosen {
		e := all[name]
		e.Name = name
		if err := e.complete(catalog, overrides); err != nil {
			return catalog, nil, fmt.Errorf("environment %q: %w", name, err)
		}
		environments = append(environments, e)
	}
	return catalog, environments, nil
}

func decodeEnvironments(context any) (map[string]Environment, error) {
	if context == nil {
		return nil, fmt.Errorf(`cdk.json: no "environments" in the context: check its spelling, and run the app through the CDK CLI in the folder of cdk.json`)
	}
	encoded, err := json.Marshal(context)
	if err != nil {
		return nil, fmt.Errorf("cdk.json: environments: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	var all map[string]Environment
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("cdk.json: environments: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("cdk.json: environments is empty: name at least one")
	}
	return all, nil
}

// choose lists the environments to build, in the order of their names.
func choose(all map[string]Environment, wanted any) ([]string, error) {
	names := slices.Sorted(maps.Keys(all))
	if wanted == nil {
		return names, nil
	}
	if name, ok := wanted.(string); ok && slices.Contains(names, name) {
		return []string{name}, nil
	}
	return nil, fmt.Errorf("environment %q is not in cdk.json: want one of %s", wanted, strings.Join(names, ", "))
}

// phaseOverrides are the context keys that name a service. What the command
// line sets is always text under a plain word, while the CDK's own keys carry
// a colon or a slash; so a plain word that names nothing is a mistake.
func phaseOverrides(context map[string]any, catalog services.Catalog) (map[string]string, error) {
	overrides := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(context)) {
		word, isText := context[key].(string)
		if !isText || key == "environment" || strings.ContainsAny(key, ":/") {
			continue
		}
		if catalog.Find(key) == nil {
			return nil, fmt.Errorf("-c %s=%s: no service has that name: want one of %s", key, word, strings.Join(catalog.Names(), ", "))
		}
		overrides[key] = word
	}
	return overrides, nil
}

var (
	environmentName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,19}$`)
	regionName      = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	accountID       = regexp.MustCompile(`^\d{12}$`)
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
	policyName   = regexp.MustCompile(`^[\w+=,.@-]{1,128}$`)
	domainName   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	emailAddress = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	hostedZoneID = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
)

// longestDomain is the room for a name in a certificate.
//
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html#ACM-RequestCertificate-request-DomainName
const longestDomain = 64

func isDomain(name string) bool { return len(name) <= longestDomain && domainName.MatchString(name) }

// complete fills in the defaults and refuses what could not be deployed.
func (e *Environment) complete(catalog services.Catalog, overrides map[string]string) error {
	e.AZs = cmp.Or(e.AZs, 2)
	e.Protected = cmp.Or(e.Protected, new(e.Name != "dev"))
	e.WAF = cmp.Or(e.WAF, new(e.Name != "dev"))
	if len(e.PreviewFrom) == 0 {
		e.PreviewFrom = []string{VPCRange}
	}
	switch {
	case !environmentName.MatchString(e.Name):
		return fmt.Errorf("a name is at most 20 lower-case letters, digits and dashes, starting with a letter")
	case deliveryStack == "forum-"+e.Name:
		return fmt.Errorf("%s is the stack that delivers the environments: choose another name", deliveryStack)
	case e.Region == "":
		return fmt.Errorf(`no region: add "region": "eu-west-1" or another`)
	case !regionName.MatchString(e.Region):
		return fmt.Errorf("region %q: want a name such as eu-west-1", e.Region)
	case e.Account != "" && !accountID.MatchString(e.Account):
		return fmt.Errorf("account %q: want 12 digits, as text", e.Account)
	case e.AZs < 2 || e.AZs > 6:
		return fmt.Errorf("azs %d: want 2 to 6, a load balancer needs two", e.AZs)
	case e.NATGateways < 0 || e.NATGateways > e.AZs:
		return fmt.Errorf("natGateways %d: want 0 to %d, one for each zone at most", e.NATGateways, e.AZs)
	case (e.Domain == "") != (e.HostedZoneID == ""):
		return fmt.Errorf("domain %q and hostedZoneId %q: want both, or neither for plain HTTP", e.Domain, e.HostedZoneID)
	case e.Domain != "" && !isDomain(e.Domain):
		return fmt.Errorf("domain %q: want a name such as forum.example.com, in lower case, of at most %d characters", e.Domain, longestDomain)
	case e.HostedZoneID != "" && !hostedZoneID.MatchString(e.HostedZoneID):
		return fmt.Errorf("hostedZoneId %q: want an id such as Z0123456789ABCDEFGHIJ", e.HostedZoneID)
	case e.PermissionsBoundary != "" && !policyName.MatchString(e.PermissionsBoundary):
		return fmt.Errorf("permissionsBoundary %q: want the name of a managed policy, not its ARN", e.PermissionsBoundary)
	case e.AlarmEmail != "" && !emailAddress.MatchString(e.AlarmEmail):
		return fmt.Errorf("alarmEmail %q: want an address such as oncall@example.com", e.AlarmEmail)
	case len(e.PreviewFrom) > 2:
		return fmt.Errorf("previewFrom has %d CIDR blocks: a listener rule has room for two", len(e.PreviewFrom))
	}
	for _, block := range e.PreviewFrom {
		if prefix, err := netip.ParsePrefix(block); err != nil || prefix != prefix.Masked() {
			return fmt.Errorf("previewFrom %q: want a CIDR block such as 203.0.113.0/24", block)
		}
	}
	if err := e.readPhases(catalog, overrides); err != nil {
		return err
	}
	if err := services.Lint(catalog, e.PreviewFrom); err != nil {
		return err
	}
	return e.checkImages(catalog)
}

func (e *Environment) readPhases(catalog services.Catalog, overrides map[string]string) error {
	words := maps.Clone(e.Phases)
	if words == nil {
		words = map[string]string{}
	}
	maps.Copy(words, overrides)
	var err error
	e.Migration, err = services.ParseMigration(catalog, words)
	return err
}

// checkImages refuses an image that no task could pull, and a collector that could
// not get rid of what it collects.
func (e *Environment) checkImages(catalog services.Catalog) error {
	if e.NATGateways > 0 {
		return nil
	}
	for _, s := range catalog.All() {
		for _, image := range []services.Image{s.Image, {Registry: s.Collector}} {
			if image.Registry != "" && !e.reaches(image) {
				return fmt.Errorf("%q runs %s, which tasks cannot pull without a NAT gateway: push it to ECR in the environment's account and region, or set natGateways to 1",
					s.Name, image.Registry)
			}
		}
		if s.Collector != "" && !e.Traces {
			return fmt.Errorf("%q has a collector, which cannot reach X-Ray without a NAT gateway: set traces to true, or natGateways to 1", s.Name)
		}
	}
	return nil
}

// reaches reports whether the VPC's ECR endpoints serve the image.
func (e *Environment) reaches(source services.Image) bool {
	image, ok := source.ECR()
	return ok && image.Region == e.Region && (e.Account == "" || image.Account == e.Account)
}
