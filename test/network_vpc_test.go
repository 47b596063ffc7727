package test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cost"
	"example.com/strangler/test/internal/synth"
)

// existingVPC has two zones and two blocks, and no resource of the environment's. The
// changes are keys of "vpc"; nil removes one.
func existingVPC(changes map[string]any) change {
	vpc := map[string]any{
		"id":           "vpc-0123456789abcdef0",
		"cidr":         []string{"10.1.0.0/16", "10.2.0.0/16"},
		"zones":        []string{"eu-west-1a", "eu-west-1c"},
		"tasks":        []string{"subnet-0a000000000000001", "subnet-0a000000000000002", "subnet-0a000000000000003", "subnet-0a000000000000004"},
		"loadBalancer": []string{"subnet-0b000000000000001", "subnet-0b000000000000002"},
	}
	maps.Copy(vpc, changes)
	maps.DeleteFunc(vpc, func(_ string, value any) bool { return value == nil })
	return func(app *synth.App) {
		environment("vpc", vpc)(app)
		// A preview rule has room for two blocks and two paths.
		editService("gamma", func(s *services.Service) { s.Paths = s.Paths[:2] })(app)
	}
}

var taskRouteTables = []string{"rtb-0c000000000000001", "rtb-0c000000000000002", "rtb-0c000000000000001", "rtb-0c000000000000002"}

// unlessAsked are the types of resources that an existing VPC gets only where the
// environment says so, and those that it never gets.
var unlessAsked = map[string]bool{
	"AWS::EC2::VPCEndpoint": true, "AWS::EC2::FlowLog": true,
	"AWS::EC2::VPC": false, "AWS::EC2::Subnet": false, "AWS::EC2::RouteTable": false, "AWS::EC2::Route": false,
	"AWS::EC2::SubnetRouteTableAssociation": false, "AWS::EC2::InternetGateway": false, "AWS::EC2::VPCGatewayAttachment": false,
	"AWS::EC2::NatGateway": false, "AWS::EC2::EIP": false, "Custom::VpcRestrictDefaultSG": false, "AWS::Lambda::Function": false,
}

// In an existing VPC nothing of the network is created, every program runs in the subnets
// of tasks and the load balancer in its own, and only the VPC's blocks are admitted.
func TestExistingVPC(t *testing.T) {
	all := map[string]any{"endpoints": true, "flowLog": true, "routeTables": taskRouteTables}
	for name, test := range map[string]struct {
		vpc   map[string]any
		asked []string
	}{
		"with what it has":     {nil, nil},
		"with a way out":       {map[string]any{"internet": true}, nil},
		"with a flow log":      {map[string]any{"flowLog": true}, []string{"AWS::EC2::FlowLog"}},
		"with ours":            {all, []string{"AWS::EC2::FlowLog", "AWS::EC2::VPCEndpoint"}},
		"with ours, a way out": {with(all, "internet", true), []string{"AWS::EC2::FlowLog", "AWS::EC2::VPCEndpoint"}},
	} {
		stage := assemble(t, existingVPC(test.vpc))
		assert.NoError(t, checkNetworkIsThere(stage, test.asked), name)
		assert.NoError(t, checkPlaces(stage), name)
		assert.NoError(t, checkSecurityGroups(stage), name)
		assert.NoError(t, checkBlocks(stage), name)
		assert.Empty(t, warnings(t, stage, "Platform"), name)
		_, err := cost.Of(stage)
		assert.NoError(t, err, name)
	}
}

// with is a copy of a mapping with another value.
func with(all map[string]any, key string, value any) map[string]any {
	all = maps.Clone(all)
	all[key] = value
	return all
}

func TestExistingVPCMutants(t *testing.T) {
	stage := assemble(t, existingVPC(nil))
	for name, mutant := range map[string]struct {
		stack, kind string
		edit        func(properties map[string]any)
		check       func(*assembly.Stage) error
	}{
		"a service in the load balancer's subnets": {"Alpha", "AWS::ECS::Service", func(p map[string]any) {
			p["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)["Subnets"] = []any{"subnet-0b000000000000001"}
		}, checkPlaces},
		"a load balancer in one zone": {"Edge", "AWS::ElasticLoadBalancingV2::LoadBalancer", func(p map[string]any) {
			p["Subnets"] = p["Subnets"].([]any)[:1]
		}, checkPlaces},
		"a target group of another VPC": {"Alpha", "AWS::ElasticLoadBalancingV2::TargetGroup", func(p map[string]any) {
			p["VpcId"] = "vpc-1"
		}, checkPlaces},
		"a preview from one block": {"Alpha", listenerRule, func(p map[string]any) {
			for _, c := range p["Conditions"].([]any) {
				if source, ok := c.(map[string]any)["SourceIpConfig"].(map[string]any); ok {
					source["Values"] = source["Values"].([]any)[:1]
				}
			}
		}, checkBlocks},
		"a load balancer that reaches one block": {"Edge", "AWS::EC2::SecurityGroup", func(p map[string]any) {
			p["SecurityGroupEgress"] = p["SecurityGroupEgress"].([]any)[:1]
		}, checkBlocks},
	} {
		edited := mutate(t, stage, mutant.stack, func(resources map[string]any) {
			for _, properties := range ofType(resources, mutant.kind) {
				mutant.edit(properties)
			}
		})
		assert.Error(t, mutant.check(edited), "%s: mutant passed the check", name)
	}
	assert.Error(t, checkNetworkIsThere(at(t, allLive), nil), "a VPC of its own: mutant passed the check")
}

// checkNetworkIsThere wants no resource of the network but those that were asked for.
func checkNetworkIsThere(stage *assembly.Stage, asked []string) error {
	var got []string
	for r := range stage.Resources() {
		onRequest, ofNetwork := unlessAsked[r.Type]
		if r.Type == "AWS::Lambda::Function" && r.Stack == "Edge" || !ofNetwork {
			continue
		}
		if !onRequest {
			return fmt.Errorf("%s: %s %s, want none in a network that is there", r.Stack, r.Type, r.LogicalID)
		}
		got = append(got, r.Type)
		if r.Type == "AWS::EC2::FlowLog" && r.Properties["ResourceId"] != "vpc-0123456789abcdef0" {
			return fmt.Errorf("a flow log of %v", r.Properties["ResourceId"])
		}
	}
	slices.Sort(got)
	return equal("what was asked for", asked, slices.Compact(got))
}

// checkPlaces wants tasks, load balancer and endpoints in the subnets that the
// environment names, and everything in its VPC.
func checkPlaces(stage *assembly.Stage) error {
	tasks := []string{"subnet-0a000000000000001", "subnet-0a000000000000002", "subnet-0a000000000000003", "subnet-0a000000000000004"}
	var errs []error
	for _, s := range stage.Services {
		errs = append(errs, equal("subnets of "+s.Stack, tasks, s.Subnets))
	}
	for _, b := range stage.LoadBalancers {
		errs = append(errs, equal("subnets of the load balancer", []string{"subnet-0b000000000000001", "subnet-0b000000000000002"}, b.Subnets))
	}
	for _, e := range stage.VPCEndpoints {
		if e.Kind == "Gateway" {
			errs = append(errs, equal("route tables", taskRouteTables[:2], e.RouteTables))
		} else {
			errs = append(errs, equal("subnets of an endpoint, one in each zone", tasks[:2], e.Subnets))
		}
	}
	for r := range stage.Resources() {
		if id, has := r.Properties["VpcId"]; has {
			errs = append(errs, equal("VPC of "+r.LogicalID, any("vpc-0123456789abcdef0"), id))
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkBlocks wants the VPC's blocks wherever the range of a VPC of the environment's own would be.
func checkBlocks(stage *assembly.Stage) error {
	blocks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("10.2.0.0/16")}
	for _, stack := range stage.Stacks {
		if strings.Contains(string(stack.Text), stacks.VPCRange) {
			return fmt.Errorf("%s names %s", stack.ID, stacks.VPCRange)
		}
	}
	for _, name := range []string{"alpha", "beta", "legacy"} {
		preview, _ := rulesOf(stage, name)
		if err := equal("sources of the preview of "+name, blocks, sourcesOf(preview)); err != nil {
			return err
		}
	}
	for _, group := range stage.SecurityGroups {
		rules := group.Egress
		if strings.HasPrefix(group.LogicalID, "Endpoints") {
			rules = group.Ingress
		} else if group.Stack != "Edge" {
			continue
		}
		var ranges []netip.Prefix
		for _, rule := range rules {
			ranges = append(ranges, rule.Range)
		}
		if err := equal("ranges of "+group.LogicalID, blocks, ranges); err != nil {
			return err
		}
	}
	return nil
}

// sourcesOf are the blocks from which a rule takes requests.
func sourcesOf(rule *assembly.ListenerRule) []netip.Prefix {
	for _, c := range rule.Rule.Conditions {
		if source, ok := c.(alb.SourceIP); ok {
			return source
		}
	}
	return nil
}

// Another VPC changes no stack of tables or alarms, and what an existing one gets of ours
// changes Platform alone.
func TestExistingVPCChangesTheseStacks(t *testing.T) {
	own, there := assemble(t, existingVPC(nil), environment("vpc", nil)), assemble(t, existingVPC(nil))
	assert.NotContains(t, changed(own, there), "Data")
	assert.NotContains(t, changed(own, there), "Watch")
	for name, vpc := range map[string]map[string]any{
		"flow log":  {"flowLog": true},
		"endpoints": {"endpoints": true, "routeTables": taskRouteTables},
	} {
		assert.Equal(t, []string{"Platform"}, changed(there, assemble(t, existingVPC(vpc))), name)
	}
	assert.Empty(t, changed(there, assemble(t, existingVPC(map[string]any{"internet": true}))), "internet, without endpoints of ours")
}

// A VPC with a way to the internet takes images from everywhere; one without says how.
func TestExistingVPCAndImages(t *testing.T) {
	_, err := environments(neutral(t, existingVPC(nil), monolithImage("nginx:1.29")))
	require.ErrorContains(t, err, "or set vpc.internet to true if they have a way there")
	_, err = environments(neutral(t, existingVPC(map[string]any{"internet": true}), monolithImage("nginx:1.29")))
	require.NoError(t, err)
	_, err = environments(neutral(t, existingVPC(nil), environment("traces", nil)))
	require.ErrorContains(t, err, "set traces to true, or vpc.internet to true")
}

func TestBadVPC(t *testing.T) {
	vpc := func(key string, value any) change { return existingVPC(map[string]any{key: value}) }
	both := func(key string, value any) change {
		return func(app *synth.App) { existingVPC(nil)(app); environment(key, value)(app) }
	}
	const beside = `azs and natGateways are for a VPC that the environment gets: remove them beside vpc, which has zones and internet`
	const aBlock = `want an IPv4 block of /16 to /28 such as 10.1.0.0/16`
	const aZone = `want different zones such as eu-west-1a`
	const aSubnet = `want an id such as subnet-0123456789abcdef0`
	for name, test := range map[string]mistake{
		"zones beside it":          {both("azs", 2), beside},
		"gateways beside it":       {both("natGateways", 1), beside},
		"no id":                    {vpc("id", nil), `vpc.id "": want an id such as vpc-0123456789abcdef0`},
		"a name as id":             {vpc("id", "main"), `vpc.id "main": want an id such as vpc-0123456789abcdef0`},
		"no blocks":                {vpc("cidr", nil), `vpc.cidr is empty: name the IPv4 blocks of vpc-0123456789abcdef0`},
		"a host as block":          {vpc("cidr", []string{"10.1.2.3/16"}), `vpc.cidr "10.1.2.3/16": ` + aBlock},
		"a block of IPv6":          {vpc("cidr", []string{"2001:db8::/32"}), `vpc.cidr "2001:db8::/32": ` + aBlock},
		"a large block":            {vpc("cidr", []string{"10.0.0.0/8"}), `vpc.cidr "10.0.0.0/8": ` + aBlock},
		"a small block":            {vpc("cidr", []string{"10.0.0.0/29"}), `vpc.cidr "10.0.0.0/29": ` + aBlock},
		"one zone":                 {vpc("zones", []string{"eu-west-1a"}), `vpc.zones has 1: want two at least, a load balancer needs them`},
		"a zone of another region": {vpc("zones", []string{"eu-west-1a", "eu-west-2a"}), `vpc.zones "eu-west-2a": ` + aZone},
		"a zone twice":             {vpc("zones", []string{"eu-west-1a", "eu-west-1a"}), `vpc.zones "eu-west-1a": ` + aZone},
		"three subnets of tasks": {
			vpc("tasks", []string{"subnet-0a000001", "subnet-0a000002", "subnet-0a000003"}),
			`vpc.tasks has 3 subnets: want one in each of the 2 zones, in their order, or as many more in each`,
		},
		"no subnets of the load balancer": {
			vpc("loadBalancer", nil), `vpc.loadBalancer has 0 subnets: want one in each of the 2 zones, in their order`,
		},
		"a subnet for both": {
			vpc("loadBalancer", []string{"subnet-0b000001", "subnet-0a000000000000001"}),
			`vpc: subnet "subnet-0a000000000000001" is there twice: tasks and load balancer have subnets of their own`,
		},
		"a name as subnet": {vpc("tasks", []string{"private-a", "private-b"}), `vpc: subnet "private-a": ` + aSubnet},
		"endpoints without routes": {
			vpc("endpoints", true), `vpc.routeTables has 0: want that of each of the 4 subnets in vpc.tasks, which endpoints need`,
		},
		"a subnet as route table": {
			vpc("routeTables", []string{"subnet-0a000001", "rtb-0a000001", "rtb-0a000001", "rtb-0a000001"}),
			`vpc.routeTables "subnet-0a000001": want an id such as rtb-0123456789abcdef0`,
		},
		"three blocks": {
			vpc("cidr", []string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"}),
			`the VPC has 3 CIDR blocks: name two at most in previewFrom, a listener rule has no room for more`,
		},
	} {
		_, err := environments(neutral(t, test.change))
		assert.EqualError(t, err, `environment "dev": `+test.want, name)
	}
	_, err := environments(neutral(t, vpc("cidr", []string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"}),
		environment("previewFrom", []string{"10.1.0.0/16"})))
	assert.NoError(t, err, "three blocks, with a preview from one")
}
