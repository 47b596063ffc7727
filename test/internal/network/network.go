// Package network says which parts of a stage can open a connection to which, by the
// subnets, routes, endpoints and security groups that its templates declare.
package network

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
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
	// foreign is whether no template declares it: an address range or a security group that
	// programs have a rule for by its own name.
	foreign bool
}

// Network is the nodes of a stage, the range of its VPC, and the security groups.
type Network struct {
	// Existing is whether the VPC was there already. Its subnets, routes and endpoints are then
	// in no template: each packet that the security groups let pass is taken to have a way.
	Existing bool
	vpc      netip.Prefix
	groups   []assembly.SecurityGroup
	nodes    []node
}

// Link is a pair of nodes of which one can open a connection to the other.
type Link struct{ From, To string }

// The names of nodes beside programs, which have the names of their containers,
// endpoints, which have that of their service, "s3", and what no template declares, which
// is called by its address range or its security group's id.
const (
	Internet     = "internet"
	LoadBalancer = "load balancer"
)

// Of returns the network of a stage with one VPC, or in one that was there already. With its
// own it fails on a subnet that no template declares.
func Of(stage *assembly.Stage) (Network, error) {
	vpcs := slices.Collect(stage.Resources("AWS::EC2::VPC"))
	if len(vpcs) > 1 {
		return Network{}, fmt.Errorf("stage %s has %d VPCs, want 1 at most", stage.Name, len(vpcs))
	}
	n := Network{Existing: len(vpcs) == 0, groups: stage.SecurityGroups, nodes: []node{{name: Internet, public: true}}}
	var errs []error
	if !n.Existing {
		var err error
		n.vpc, err = netip.ParsePrefix(fmt.Sprint(vpcs[0].Properties["CidrBlock"]))
		errs = append(errs, err)
	}
	for _, b := range stage.LoadBalancers {
		errs = append(errs, n.add(stage, b.Subnets, node{
			name: LoadBalancer, groups: b.SecurityGroups, public: b.Scheme == "internet-facing",
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
		case endpoint.PrivateDNS && (n.Existing || resolvesPrivately(vpcs[0])):
			errs = append(errs, n.add(stage, endpoint.Subnets, node{name: name, groups: endpoint.SecurityGroups}))
		}
	}
	n.addForeign(stage)
	if len(stage.LoadBalancers) == 0 {
		n.addBalancers(stage)
	}
	return n, errors.Join(errs...)
}

// addBalancers adds the load balancer of a listener that was there already: the groups of others
// that programs admit. What these let out is not known here.
func (n *Network) addBalancers(stage *assembly.Stage) {
	balancer := node{name: LoadBalancer, ranges: []netip.Prefix{}}
	for _, service := range stage.Services {
		for _, rule := range n.rulesOf(service, ingress) {
			if assembly.IsGroupID(rule.Group) && !slices.Contains(balancer.groups, rule.Group) {
				balancer.groups = append(balancer.groups, rule.Group)
				n.groups = append(n.groups, assembly.SecurityGroup{ID: rule.Group, Egress: []assembly.GroupRule{{Protocol: "-1", Range: everywhere}}})
			}
		}
	}
	if len(balancer.groups) > 0 {
		n.nodes = append(n.nodes, balancer)
	}
}

var everywhere = netip.MustParsePrefix("0.0.0.0/0")

// addForeign adds the address ranges and the groups of others that rules of programs let
// out to. Where a route leads to them is not known here. A range of every address is the
// internet's and the endpoints', and a rule for ICMP the CDK's, for a group that lets
// nothing out.
func (n *Network) addForeign(stage *assembly.Stage) {
	n.groups = slices.Concat(n.groups, stage.ForeignGroups)
	for _, service := range stage.Services {
		for _, rule := range n.rulesOf(service, egress) {
			name := rule.Group
			if rule.Range.IsValid() && rule.Range.Bits() > 0 && rule.Protocol != "icmp" {
				name = rule.Range.String()
			}
			isOwn := slices.ContainsFunc(stage.SecurityGroups, func(g assembly.SecurityGroup) bool { return g.Is(name) })
			if name != "" && !isOwn && n.placed(name) == nil {
				n.nodes = append(n.nodes, node{name: name, groups: []string{name}, ranges: []netip.Prefix{}, foreign: true})
			}
		}
	}
}

// rulesOf are the rules for one direction of a service's groups.
func (n *Network) rulesOf(service assembly.Service, direction func(assembly.SecurityGroup) []assembly.GroupRule) []assembly.GroupRule {
	var all []assembly.GroupRule
	for _, group := range n.groups {
		if slices.ContainsFunc(service.SecurityGroups, group.Is) {
			all = append(all, direction(group)...)
		}
	}
	return all
}

// WayOut lets a program connect to an address range or a security group that no template
// declares.
type WayOut struct {
	Link
	// Ports are such as "tcp 5432".
	Ports string
}

// WaysOut returns the ways out of the programs of a stage, by its security groups. It leaves
// out what every program may, HTTPS to any address.
func WaysOut(stage *assembly.Stage) []WayOut {
	n := Network{groups: stage.SecurityGroups}
	n.addForeign(stage)
	n.nodes = append(n.nodes, node{name: Internet})
	var all []WayOut
	for _, service := range stage.Services {
		from := node{name: service.Program(), groups: service.SecurityGroups, ranges: []netip.Prefix{}}
		for _, to := range n.nodes {
			ports := slices.DeleteFunc(n.ports(from, to), func(p string) bool { return to.name == Internet && p == "tcp 443" })
			if len(ports) > 0 {
				all = append(all, WayOut{Link{from.name, to.name}, strings.Join(ports, ", ")})
			}
		}
	}
	return all
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
func (n *Network) add(stage *assembly.Stage, subnets []string, new node) error {
	if n.Existing {
		new.ranges = []netip.Prefix{everywhere}
		n.nodes = append(n.nodes, new)
		return nil
	}
	new = new.in(stage, subnets)
	n.nodes = append(n.nodes, new)
	if len(subnets) == 0 || len(new.subnets) != len(subnets) {
		return fmt.Errorf("%s is in the subnets %v, of which %d are declared", new.name, subnets, len(new.subnets))
	}
	return nil
}

// in puts a node into those of the subnets that a template declares.
func (n node) in(stage *assembly.Stage, subnets []string) node {
	n.ranges = []netip.Prefix{}
	for _, subnet := range stage.Subnets {
		if slices.Contains(subnets, subnet.Identity()) {
			n.subnets = append(n.subnets, subnet)
			n.ranges = append(n.ranges, subnet.Range)
		}
	}
	return n
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

// Connects reports whether a node can open a TCP connection to a port of another, in
// every subnet that the two may be in.
func (n Network) Connects(from, to string, port int) bool {
	sources, targets := n.placed(from), n.placed(to)
	for _, source := range sources {
		for _, target := range targets {
			if !n.routed(source, target) || !n.passes(source, target, port) {
				return false
			}
		}
	}
	return len(sources) > 0 && len(targets) > 0
}

// placed are a node by its name in each of its subnets.
func (n Network) placed(name string) []node {
	for _, node := range n.nodes {
		if node.name == name {
			return node.inEach()
		}
	}
	return nil
}

func (n Network) passes(from, to node, port int) bool {
	holds := func(r assembly.GroupRule) bool {
		return r.Protocol == "-1" || r.Protocol == "tcp" && r.From <= port && port <= r.To
	}
	return slices.ContainsFunc(n.rules(from, to, egress), holds) && slices.ContainsFunc(n.rules(to, from, ingress), holds)
}

func egress(g assembly.SecurityGroup) []assembly.GroupRule { return g.Egress }

func ingress(g assembly.SecurityGroup) []assembly.GroupRule { return g.Ingress }

// Links are the protocols and ports of each pair that can connect. Where they depend on the
// subnets that the two are in, the text has all of them.
func (n Network) Links() map[Link]string {
	all := map[Link]string{}
	for _, from := range n.nodes {
		for _, to := range n.nodes {
			if from.name == to.name || from.foreign {
				continue
			}
			if texts := n.portsInEach(from, to); len(texts) > 1 || texts[0] != "" {
				all[Link{from.name, to.name}] = strings.Join(texts, " or ")
			}
		}
	}
	return all
}

// portsInEach are the different ports between two nodes in all of their subnets, "" for
// none.
func (n Network) portsInEach(from, to node) []string {
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
func (n Network) routed(from, to node) bool {
	switch {
	case n.Existing && from.name == Internet:
		return to.public
	case n.Existing:
		return from.behind == nil && (from.name != LoadBalancer || to.name != Internet)
	case to.foreign:
		return len(from.subnets) > 0
	case to.behind != nil:
		return slices.ContainsFunc(from.subnets, func(s assembly.Subnet) bool { return slices.Contains(to.behind, s.RouteTable) })
	case to.name == Internet:
		return n.leads(from, "AWS::EC2::NatGateway") || from.public && n.leads(from, "AWS::EC2::InternetGateway")
	case from.name == Internet:
		return to.public && n.leads(to, "AWS::EC2::InternetGateway")
	}
	return from.behind == nil
}

func (n Network) leads(from node, gateway string) bool {
	return slices.ContainsFunc(from.subnets, func(s assembly.Subnet) bool {
		return slices.ContainsFunc(s.Routes, func(r assembly.Route) bool { return r.Gateway == gateway })
	})
}

// ports are what the source's groups let out to the target and the target's let
// in from the source. Security groups track connections, so that answers pass.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
func (n Network) ports(from, to node) []string {
	var both []string
	for _, out := range n.rules(from, to, egress) {
		for _, in := range n.rules(to, from, ingress) {
			if text, ok := overlap(out, in); ok {
				both = append(both, text)
			}
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}

// rules are those of a node's groups that are about a peer.
func (n Network) rules(of, peer node, direction func(assembly.SecurityGroup) []assembly.GroupRule) []assembly.GroupRule {
	if isRange := of.foreign && strings.Contains(of.name, "/"); isRange || of.ranges == nil {
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
// the VPC does not hold is one of the internet, unless it is private.
func (n Network) about(r assembly.GroupRule, peer node) bool {
	switch {
	case peer.foreign:
		return r.Group == peer.name || r.Group == "" && r.Range.String() == peer.name
	case r.Group != "":
		return slices.ContainsFunc(n.groups, func(g assembly.SecurityGroup) bool {
			return g.Is(r.Group) && slices.ContainsFunc(peer.groups, g.Is)
		})
	case peer.ranges == nil:
		return !n.vpc.Contains(r.Range.Addr()) && !r.Range.Addr().IsPrivate() || r.Range.Bits() < n.vpc.Bits()
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
