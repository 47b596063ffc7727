package test

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// node sends packets or receives them.
type node struct {
	name string
	// ranges are where its addresses are. Nil means anywhere outside the VPC.
	ranges []netip.Prefix
	// groups are its security groups. A node outside the VPC has none and lets
	// everything pass; EC2 puts any other without one into the default group, which is
	// empty.
	groups  []string
	subnets []assembly.Subnet
	// public is whether it has a public address.
	public bool
	// behind are the route tables that lead to a gateway endpoint. Nil for other nodes.
	behind []string
}

// network is the nodes of a stage, the range of the VPC, and the security groups.
type network struct {
	vpc    netip.Prefix
	groups []assembly.SecurityGroup
	nodes  []node
}

// link is a pair of nodes of which one can open a connection to the other.
type link struct{ from, to string }

const internet = "internet"

func networkOf(stage *assembly.Stage) (network, error) {
	vpc := only(stage, "Platform", "AWS::EC2::VPC")
	block, err := netip.ParsePrefix(fmt.Sprint(vpc.Properties["CidrBlock"]))
	errs := []error{err}
	n := network{vpc: block, groups: stage.SecurityGroups, nodes: []node{{name: internet, public: true}}}
	for _, b := range stage.LoadBalancers {
		errs = append(errs, n.add(stage, b.Subnets, node{
			name: "load balancer", groups: b.SecurityGroups, public: b.Scheme == "internet-facing",
		}))
	}
	for _, s := range stage.Services {
		errs = append(errs, n.add(stage, s.Subnets, node{name: s.Program(), groups: s.SecurityGroups, public: s.AssignPublicIP}))
	}
	for _, endpoint := range stage.VPCEndpoints {
		_, name, _ := strings.Cut(endpoint.Service, "eu-west-1.")
		switch {
		case endpoint.Kind == "Gateway":
			n.nodes = append(n.nodes, node{name: name, behind: endpoint.RouteTables})
		case endpoint.PrivateDNS && resolvesPrivately(vpc):
			errs = append(errs, n.add(stage, endpoint.Subnets, node{name: name, groups: endpoint.SecurityGroups}))
		}
	}
	return n, errors.Join(errs...)
}

// resolvesPrivately is whether a VPC resolves the names of private hosted zones. Without
// them, and without private DNS of its own, an endpoint does not count: programs use the
// name of the service, which leads to its public addresses.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html#enable-private-dns-names
func resolvesPrivately(vpc assembly.Resource) bool {
	return vpc.Properties["EnableDnsHostnames"] == true && vpc.Properties["EnableDnsSupport"] == true
}

// add puts a node into subnets, each of which a template must declare.
func (n *network) add(stage *assembly.Stage, subnets []string, new node) error {
	for _, subnet := range stage.Subnets {
		if slices.Contains(subnets, subnet.Identity()) {
			new.subnets = append(new.subnets, subnet)
			new.ranges = append(new.ranges, subnet.Range)
		}
	}
	n.nodes = append(n.nodes, new)
	if len(subnets) == 0 || len(new.subnets) != len(subnets) {
		return fmt.Errorf("%s is in the subnets %v, of which %d are declared", new.name, subnets, len(new.subnets))
	}
	return nil
}

// inEach returns the node once for each subnet that it may be in, or as it is without any.
func (n node) inEach() []node {
	if len(n.subnets) == 0 {
		return []node{n}
	}
	var placed []node
	for i := range n.subnets {
		in := n
		in.subnets, in.ranges = n.subnets[i:i+1], n.ranges[i:i+1]
		placed = append(placed, in)
	}
	return placed
}

// links are the protocols and ports of each pair that can connect. Where they depend on the
// subnets that the two are in, the text has all of them.
func (n network) links() map[link]string {
	all := map[link]string{}
	for _, from := range n.nodes {
		for _, to := range n.nodes {
			if from.name == to.name {
				continue
			}
			if texts := n.portsInEach(from, to); len(texts) > 1 || texts[0] != "" {
				all[link{from.name, to.name}] = strings.Join(texts, " or ")
			}
		}
	}
	return all
}

// portsInEach are the different ports between two nodes in all of their subnets, "" for
// none.
func (n network) portsInEach(from, to node) []string {
	var texts []string
	for _, source := range from.inEach() {
		for _, target := range to.inEach() {
			text := ""
			if n.routed(source, target) {
				text = strings.Join(n.ports(source, target), ", ")
			}
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// routed is whether packets have a route. Within the VPC they always have; to the
// internet a NAT gateway takes them from any address and the internet gateway from a
// public one, and only through the latter does a connection come in.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
func (n network) routed(from, to node) bool {
	switch {
	case to.behind != nil:
		return slices.ContainsFunc(from.subnets, func(s assembly.Subnet) bool { return slices.Contains(to.behind, s.RouteTable) })
	case to.name == internet:
		return n.leads(from, "AWS::EC2::NatGateway") || from.public && n.leads(from, "AWS::EC2::InternetGateway")
	case from.name == internet:
		return to.public && n.leads(to, "AWS::EC2::InternetGateway")
	}
	return from.behind == nil
}

func (n network) leads(from node, gateway string) bool {
	return slices.ContainsFunc(from.subnets, func(s assembly.Subnet) bool {
		return slices.ContainsFunc(s.Routes, func(r assembly.Route) bool { return r.Gateway == gateway })
	})
}

// ports are what the source's groups let out to the target and the target's let
// in from the source. Security groups track connections, so that answers pass.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
func (n network) ports(from, to node) []string {
	var both []string
	for _, out := range n.rules(from, to, func(g assembly.SecurityGroup) []assembly.GroupRule { return g.Egress }) {
		for _, in := range n.rules(to, from, func(g assembly.SecurityGroup) []assembly.GroupRule { return g.Ingress }) {
			if text, ok := overlap(out, in); ok {
				both = append(both, text)
			}
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}

// rules are those of a node's groups that are about a peer.
func (n network) rules(of, peer node, direction func(assembly.SecurityGroup) []assembly.GroupRule) []assembly.GroupRule {
	if of.ranges == nil {
		return []assembly.GroupRule{{Protocol: "-1"}}
	}
	var all []assembly.GroupRule
	for _, group := range n.groups {
		if slices.ContainsFunc(of.groups, group.Is) {
			all = append(all, direction(group)...)
		}
	}
	return slices.DeleteFunc(all, func(r assembly.GroupRule) bool { return !n.about(r, peer) })
}

// about is whether a rule is for a peer, or some of its addresses. A range that
// the VPC does not hold is one of the internet.
func (n network) about(r assembly.GroupRule, peer node) bool {
	switch {
	case r.Group != "":
		return slices.ContainsFunc(n.groups, func(g assembly.SecurityGroup) bool {
			return g.Is(r.Group) && slices.ContainsFunc(peer.groups, g.Is)
		})
	case peer.ranges == nil:
		return !n.vpc.Contains(r.Range.Addr()) || r.Range.Bits() < n.vpc.Bits()
	}
	return slices.ContainsFunc(peer.ranges, r.Range.Overlaps)
}

// overlap is what two rules both let pass.
func overlap(a, b assembly.GroupRule) (text string, ok bool) {
	if a.Protocol == "-1" {
		a, b = b, a
	}
	if b.Protocol == "-1" {
		b.Protocol, b.From, b.To = a.Protocol, a.From, a.To
	}
	from, to := max(a.From, b.From), min(a.To, b.To)
	switch {
	case a.Protocol != b.Protocol || from > to:
		return "", false
	case a.Protocol == "-1":
		return "anything", true
	case from == to:
		return fmt.Sprintf("%s %d", a.Protocol, from), true
	}
	return fmt.Sprintf("%s %d-%d", a.Protocol, from, to), true
}

// wantedLinks are all that the environment needs, and those from the load balancer to
// the endpoints: it may send to the whole VPC, but sends to target groups only.
func wantedLinks(stage *assembly.Stage, endpoints []string) map[link]string {
	want := map[link]string{{internet, "load balancer"}: "tcp 80"}
	outside := []string{"s3", "dynamodb"}
	if len(endpoints) == 0 {
		outside = append(outside, internet)
	}
	for _, name := range endpoints {
		want[link{"load balancer", name}] = "tcp 443"
	}
	for _, task := range stage.TaskDefinitions {
		container := task.Containers[0]
		want[link{"load balancer", container.Name}] = fmt.Sprintf("tcp %d", container.Ports[0])
		for _, name := range slices.Concat(endpoints, outside) {
			want[link{container.Name, name}] = "tcp 443"
		}
	}
	return want
}

// interfaces are the interface endpoints of an environment with traces.
var interfaces = []string{"ecr.api", "ecr.dkr", "logs", "xray"}

// checkLinks wants a stage with these interface endpoints, or with a NAT gateway and
// none, to have the wanted links, in every subnet, and no other, in any.
func checkLinks(stage *assembly.Stage, endpoints ...string) error {
	n, err := networkOf(stage)
	if err != nil {
		return err
	}
	got, want := n.links(), wantedLinks(stage, endpoints)
	var errs []error
	all := maps.Clone(want)
	maps.Copy(all, got)
	for l := range all {
		if got[l] != want[l] {
			errs = append(errs, fmt.Errorf("from %s to %s: %q, want %q", l.from, l.to, got[l], want[l]))
		}
	}
	return errors.Join(errs...)
}

// From the internet only the load balancer is reached, from it only the port of a
// task, and from a task only AWS, or the internet where there is a NAT gateway.
func TestReachability(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkLinks(stage.Stage, interfaces...), name)
	}
	withoutTraces := assemble(t, environment("traces", nil), editService("gamma", func(s *services.Service) { s.Collector = "" }))
	assert.NoError(t, checkLinks(withoutTraces, interfaces[:3]...), "without traces")
	assert.NoError(t, checkLinks(assemble(t, environment("natGateways", 1))), "with a gateway")
}

func TestReachabilityMutants(t *testing.T) {
	stage := at(t, allLive)
	internetGateway := only(stage, "Platform", "AWS::EC2::InternetGateway").LogicalID
	var tasksRouteTable string
	var taskSubnet assembly.Subnet
	for _, subnet := range stage.Subnets {
		if table, ok := stage.Resource(subnet.RouteTable); ok && slices.Contains(stage.Services[0].Subnets, subnet.Identity()) {
			tasksRouteTable, taskSubnet = table.LogicalID, subnet
		}
	}
	require.NotEmpty(t, tasksRouteTable)
	groupOf := func(name string) any {
		for _, service := range stage.Services {
			if service.Program() == name {
				return service.SecurityGroups[0]
			}
		}
		return nil
	}
	awsvpc := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::ECS::Service")[0]["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)
	}
	admit := func(rule map[string]any) func(resources map[string]any) {
		return func(resources map[string]any) {
			rule["Description"], rule["IpProtocol"] = "mutant", "-1"
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"] = []any{rule}
		}
	}
	egress := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupEgress"].([]any)[0].(map[string]any)
	}
	endpoints := func(resources map[string]any, with string) []map[string]any {
		return slices.DeleteFunc(ofType(resources, "AWS::EC2::VPCEndpoint"), func(p map[string]any) bool { return p[with] == nil })
	}
	defaultRoutes := func(resources map[string]any) []string {
		var ids []string
		for id, r := range resources {
			if r.(map[string]any)["Type"] == "AWS::EC2::Route" {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	}
	tasksRoute := func(gateway, id string) func(resources map[string]any) {
		return func(resources map[string]any) {
			resources["Nat"] = map[string]any{"Type": "AWS::EC2::NatGateway", "Properties": map[string]any{}}
			resources["Mutant"] = map[string]any{"Type": "AWS::EC2::Route", "Properties": map[string]any{
				"RouteTableId": map[string]any{"Ref": tasksRouteTable}, "DestinationCidrBlock": "0.0.0.0/0", gateway: map[string]any{"Ref": id},
			}}
		}
	}
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"a service that admits the VPC":             {"Alpha", admit(map[string]any{"CidrIp": "10.0.0.0/16"})},
		"a service that admits a neighbour's range": {"Alpha", admit(map[string]any{"CidrIp": "10.0.32.0/20"})},
		"a service that admits another group":       {"Alpha", admit(map[string]any{"SourceSecurityGroupId": groupOf("beta")})},
		"an egress to anywhere on all ports":        {"Alpha", func(resources map[string]any) { egress(resources)["IpProtocol"] = "-1" }},
		"an egress on one port more":                {"Alpha", func(resources map[string]any) { egress(resources)["FromPort"] = 442 }},
		"the egress that EC2 has by default": {"Alpha", func(resources map[string]any) {
			delete(ofType(resources, "AWS::EC2::SecurityGroup")[0], "SecurityGroupEgress")
		}},
		"a task without a group": {"Alpha", func(resources map[string]any) { delete(awsvpc(resources), "SecurityGroups") }},
		"a task in a public subnet": {"Alpha", func(resources map[string]any) {
			awsvpc(resources)["AssignPublicIp"] = "ENABLED"
			awsvpc(resources)["Subnets"] = stage.LoadBalancers[0].Subnets
		}},
		"a NAT gateway that the environment does not ask for": {"Platform", tasksRoute("NatGatewayId", "Nat")},
		"a load balancer open on another port": {"Edge", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"].([]any)[0].(map[string]any)["ToPort"] = 81
		}},
		"a load balancer that sends anywhere":       {"Edge", func(resources map[string]any) { egress(resources)["CidrIp"] = "0.0.0.0/0" }},
		"a load balancer that sends beyond the VPC": {"Edge", func(resources map[string]any) { egress(resources)["CidrIp"] = "10.0.0.0/8" }},
		"a load balancer without a public address": {"Edge", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::LoadBalancer")[0]["Scheme"] = "internal"
		}},
		"no route to the tables": {"Platform", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::VPCEndpoint")[0]["RouteTableIds"] = []any{}
		}},
		"no route to the tables from one subnet": {"Platform", func(resources map[string]any) {
			gateway := endpoints(resources, "RouteTableIds")[0]
			gateway["RouteTableIds"] = gateway["RouteTableIds"].([]any)[:1]
		}},
		"endpoints that admit one subnet": {"Platform", func(resources map[string]any) {
			for _, group := range ofType(resources, "AWS::EC2::SecurityGroup") {
				group["SecurityGroupIngress"].([]any)[0].(map[string]any)["CidrIp"] = taskSubnet.Range.String()
			}
		}},
		"no route to the internet from one subnet of the load balancer": {"Platform", func(resources map[string]any) {
			delete(resources, defaultRoutes(resources)[0])
		}},
		"a task in a subnet that no template declares": {"Alpha", func(resources map[string]any) {
			awsvpc(resources)["Subnets"] = []any{taskSubnet.Identity(), "subnet-1"}
		}},
		"an endpoint without private DNS": {"Platform", func(resources map[string]any) {
			endpoints(resources, "SubnetIds")[0]["PrivateDnsEnabled"] = false
		}},
		"an endpoint with the DNS that CloudFormation has by default": {"Platform", func(resources map[string]any) {
			delete(endpoints(resources, "SubnetIds")[0], "PrivateDnsEnabled")
		}},
		"a VPC that names no hosts": {"Platform", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::VPC")[0]["EnableDnsHostnames"] = false
		}},
	} {
		assert.Error(t, checkLinks(mutated(t, allLive, mutant.stack, mutant.edit), interfaces...), "%s: mutant passed the check", name)
	}
	// A route to the internet gateway is of no use to a task without a public address.
	assert.NoError(t, checkLinks(mutated(t, allLive, "Platform", tasksRoute("GatewayId", internetGateway)), interfaces...))
}
