// Package stacks says what deploys together.
package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// VPCRange is the address range of a VPC that an environment gets.
const VPCRange = "10.0.0.0/16"

// Environment is one deployment of the whole catalog: an entry of
// "environments" in cdk.json, with every default filled in.
type Environment struct {
	// App is the catalog's name, Name the key in cdk.json.
	App  string `json:"-"`
	Name string `json:"-"`
	// Region is required: the shape of some resources depends on it.
	Region string `json:"region"`
	// Account is 12 digits. Empty means the account of the person who deploys.
	Account string `json:"account"`
	// AZs is the number of availability zones, at most those of the region. Zero means 2,
	// the load balancer's minimum.
	AZs int `json:"azs"`
	// NATGateways is the number of NAT gateways, through which tasks reach the internet.
	// Zero means that tasks reach AWS alone, through VPC endpoints.
	NATGateways int `json:"natGateways"`
	// VPC is a network that is there already. Nil means that the environment gets one.
	VPC *VPC `json:"vpc"`
	// Listener is one that is there already, in the environment's VPC. Nil means that the
	// environment gets a load balancer.
	Listener *Listener `json:"listener"`
	// PreviewFrom are the CIDR blocks from which the X-Route-To header works,
	// two at most. Empty means those of the VPC.
	PreviewFrom []string `json:"previewFrom"`
	// Domains are the names that the load balancer answers to, over HTTPS, on one
	// certificate. The first is its address, others may begin with a wildcard for one label,
	// "*.example.com". Every host of a route is on one. Empty means none, and plain HTTP.
	Domains []string `json:"domains"`
	// Certificate is the ARN of a certificate for them in the region. Empty means that the
	// environment gets one, which HostedZoneID validates.
	Certificate string `json:"certificate"`
	// HostedZoneID is the public zone of Route 53 that holds the domains, and gets their
	// address records. Empty means none, beside a certificate: a person points the names to
	// the load balancer.
	HostedZoneID string `json:"hostedZoneId"`
	// IdleTimeout is the time in seconds after which the load balancer closes a connection that
	// nothing comes over, 1 to 4000. Zero means 60.
	IdleTimeout int `json:"idleTimeout"`
	// Protected turns on deletion protection of the load balancer and termination
	// protection of every stack, and retains the load balancer's log. Nil means true.
	Protected *bool `json:"protected"`
	// WAF puts a web application firewall before the load balancer. Nil means true.
	WAF *bool `json:"waf"`
	// FreeText are the beginnings of paths that take prose, code or markup. There the
	// firewall's rules on bodies count what they would block.
	FreeText []string `json:"freeText"`
	// Budgets gives each service a monthly budget. Nil means true. Some regions have
	// no such resource.
	Budgets *bool `json:"budgets"`
	// PermissionsBoundary is the name of a managed policy in the account that bounds
	// every role of the app. Empty means none.
	PermissionsBoundary string `json:"permissionsBoundary"`
	// AlarmEmail gets a mail when an alarm rings or a budget is spent, once its reader
	// has confirmed the first. Empty means that no mail is sent.
	AlarmEmail string `json:"alarmEmail"`
	// Traces lets collectors reach X-Ray where there is no NAT gateway, through an
	// endpoint of its own.
	Traces bool `json:"traces"`
	// Endpoints are further services of AWS that tasks reach without a NAT gateway, by
	// the words that begin their actions, such as "secretsmanager". With "s3" and
	// "dynamodb" they reach more there than the images' layers and the app's tables.
	Endpoints []string `json:"endpoints"`
	// SecurityGroups has the ids of the groups to which the catalog opens ways by their names.
	SecurityGroups map[string]string `json:"securityGroups"`
	// Phases has one word for each service, each route with a name and the monolith.
	Phases map[string]string `json:"migration"`
	// Migration is what the phases say.
	Migration services.Migration `json:"-"`
}

// StageName is the prefix of the names of the environment's stacks, such as "shop-dev".
func (e Environment) StageName() string { return e.App + "-" + e.Name }

// readEnvironments reads the environments from the app's context. A context key
// named like a service overrides its phase everywhere ("-c users=25%"), the key
// "environment" picks one environment.
func readEnvironments(context map[string]any, catalog services.Catalog) ([]Environment, error) {
	overrides, err := phaseOverrides(context, catalog)
	if err != nil {
		return nil, err
	}
	all, err := decodeEnvironments(context["environments"])
	if err != nil {
		return nil, err
	}
	chosen, err := choose(all, context["environment"])
	if err != nil {
		return nil, err
	}
	var environments []Environment
	for _, name := range chosen {
		e := all[name]
		if err = e.checkTogether(); err == nil {
			e = e.complete(catalog.Name, name)
			e.Migration, err = e.migration(catalog, overrides)
		}
		if err == nil {
			err = e.check(catalog)
		}
		if err != nil {
			return nil, fmt.Errorf("environment %q: %w", name, err)
		}
		environments = append(environments, e)
	}
	return environments, nil
}

// complete fills in the names and the defaults.
func (e Environment) complete(app, name string) Environment {
	e.App, e.Name = app, name
	e.IdleTimeout = cmp.Or(e.IdleTimeout, 60)
	e.AZs = cmp.Or(e.AZs, 2)
	if e.VPC != nil {
		e.AZs = len(e.VPC.Zones)
	}
	e.Protected = cmp.Or(e.Protected, new(true))
	e.WAF = cmp.Or(e.WAF, new(e.Listener == nil))
	e.Budgets = cmp.Or(e.Budgets, new(true))
	if len(e.PreviewFrom) == 0 {
		e.PreviewFrom = e.ranges()
	}
	return e
}

// external is the ARN of the target group of a monolith that runs outside the
// environment, or "".
func (e Environment) external() string {
	if e.Listener == nil {
		return ""
	}
	return e.Listener.Monolith
}

// runs are the programs that the environment runs, in any phase.
func (e Environment) runs(catalog services.Catalog) []services.Service {
	all := catalog.All()
	if e.external() != "" {
		return all[:len(all)-1] // the monolith is the last
	}
	return all
}

// ranges are the address ranges of the VPC.
func (e Environment) ranges() []string {
	if e.VPC != nil {
		return e.VPC.CIDR
	}
	return []string{VPCRange}
}

// internet is whether tasks have a way to the internet.
func (e Environment) internet() bool {
	if e.VPC != nil {
		return e.VPC.Internet
	}
	return e.NATGateways > 0
}

// toInternet is what to set so that tasks have a way to the internet.
func (e Environment) toInternet() string {
	if e.VPC != nil {
		return "vpc.internet to true if they have a way there"
	}
	return "natGateways to 1"
}

// migration parses the phases after the overrides are applied.
func (e Environment) migration(catalog services.Catalog, overrides map[string]string) (services.Migration, error) {
	words := map[string]string{}
	maps.Copy(words, e.Phases)
	maps.Copy(words, overrides)
	return services.ParseMigration(catalog, words)
}

func decodeEnvironments(context any) (map[string]Environment, error) {
	if context == nil {
		return nil, fmt.Errorf(`cdk.json: no "environments" in the context: check its spelling, and run the app through the CDK CLI in the ` +
			`folder of cdk.json`)
	}
	var entries map[string]any
	if err := decode(context, &entries); err != nil {
		return nil, fmt.Errorf("cdk.json: environments: %w", err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("cdk.json: environments is empty: name at least one")
	}
	all := map[string]Environment{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		var e Environment
		if err := decode(entries[name], &e); err != nil {
			return nil, fmt.Errorf("environment %q: %w", name, err)
		}
		all[name] = e
	}
	return all, nil
}

// choose lists the environments to build, in the order of their names.
func choose(all map[string]Environment, wanted any) ([]string, error) {
	names := slices.Sorted(maps.Keys(all))
	if wanted == nil {
		return names, nil
	}
	var name string
	if err := decode(wanted, &name); err != nil {
		return nil, fmt.Errorf("cdk.json: environment: %w", err)
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("environment %q is not in cdk.json: want one of %s", name, strings.Join(names, ", "))
	}
	return []string{name}, nil
}

// phaseOverrides are the context keys that name a service or a route. What the command line sets is
// always text under a plain word, so a plain word that names nothing is a mistake there.
// ReadContext has dealt with the words of files.
func phaseOverrides(context map[string]any, catalog services.Catalog) (map[string]string, error) {
	overrides := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(context)) {
		word, isText := context[key].(string)
		if !isText || key == "environment" || !isPlain(key) {
			continue
		}
		if !hasKey(catalog, key) {
			return nil, fmt.Errorf("-c %s=%s: %w", key, word, noService(catalog))
		}
		overrides[key] = word
	}
	return overrides, nil
}
