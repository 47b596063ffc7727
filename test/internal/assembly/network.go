package assembly

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// SecurityGroup is an AWS::EC2::SecurityGroup with the rules in it and those of
// AWS::EC2::SecurityGroupIngress and Egress resources that name it.
type SecurityGroup struct {
	Resource
	// Ingress and Egress are the rules for inbound and outbound traffic. A group
	// without egress rules lets out everything.
	//
	// https://docs.aws.amazon.com/vpc/latest/userguide/default-custom-security-groups.html
	Ingress, Egress []GroupRule
	// ID is that of a group that no stack has, and empty for others.
	ID string
}

// GroupRule allows traffic to or from either an address range or a security group.
type GroupRule struct {
	Description string
	// Protocol is a name such as "tcp"; "-1" means every protocol on every port.
	Protocol string
	// From and To are the first and the last port.
	From, To int
	// Range is invalid where Group is set, which is a reference to a security group.
	Range netip.Prefix
	Group string
}

// Is reports whether a reference, by Ref, by the attribute GroupId or by the id, is to this
// group.
func (g SecurityGroup) Is(reference string) bool {
	if g.ID != "" {
		return reference == g.ID
	}
	// Each pair of programs asks, so the two identities are compared in parts and not composed.
	name, ofStack := strings.CutPrefix(reference, "${"+g.Stack+".")
	attribute, ofGroup := strings.CutPrefix(name, g.LogicalID)
	return ofStack && ofGroup && (attribute == "}" || attribute == ".GroupId}")
}

// Subnet is an AWS::EC2::Subnet with the routes that lead out of its VPC.
type Subnet struct {
	Resource
	// Range is the subnet's CIDR block.
	Range netip.Prefix
	// RouteTable is the identity of its route table, and empty for the VPC's own.
	RouteTable string
	Routes     []Route
}

// Route sends traffic for a range through a gateway.
type Route struct {
	// Range is the destination's CIDR block.
	Range netip.Prefix
	// Gateway is the type of the gateway, such as "AWS::EC2::NatGateway".
	Gateway string
}

// VPCEndpoint is an AWS::EC2::VPCEndpoint.
type VPCEndpoint struct {
	Resource
	// Kind is "Gateway" or "Interface".
	Kind string
	// Service is a name such as "com.amazonaws.eu-west-1.s3".
	Service string
	// RouteTables are the route tables of a gateway endpoint, Subnets and
	// SecurityGroups those of an interface endpoint. All are references.
	RouteTables, Subnets, SecurityGroups []string
	// PrivateDNS is whether the service's own name leads to an interface endpoint. A
	// template that leaves it out means false.
	//
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html
	PrivateDNS bool
}

type groupRule struct {
	Description, CidrIP, CidrIpv6, IPProtocol         string
	SourceSecurityGroupID, DestinationSecurityGroupID string
	GroupID                                           string
	FromPort, ToPort                                  int
}

// read fails on a rule whose peer is neither a range nor a group, such as a prefix list.
func (r groupRule) read() (GroupRule, error) {
	rule := GroupRule{
		Description: r.Description,
		Protocol:    r.IPProtocol,
		From:        r.FromPort,
		To:          r.ToPort,
		Group:       cmp.Or(r.SourceSecurityGroupID, r.DestinationSecurityGroupID),
	}
	if rule.Group != "" {
		return rule, nil
	}
	var err error
	rule.Range, err = netip.ParsePrefix(cmp.Or(r.CidrIP, r.CidrIpv6))
	return rule, err
}

func (s *Stage) readSecurityGroup(r Resource) (SecurityGroup, error) {
	var properties struct{ SecurityGroupIngress, SecurityGroupEgress []groupRule }
	if err := decode(r.Properties, &properties); err != nil {
		return SecurityGroup{}, err
	}
	group := SecurityGroup{Resource: r}
	var errIn, errOut error
	group.Ingress, errIn = s.groupRules(group, properties.SecurityGroupIngress, "AWS::EC2::SecurityGroupIngress")
	group.Egress, errOut = s.groupRules(group, properties.SecurityGroupEgress, "AWS::EC2::SecurityGroupEgress")
	if len(group.Egress) == 0 {
		group.Egress = []GroupRule{{Description: "the rule that EC2 adds", Protocol: "-1", Range: netip.MustParsePrefix("0.0.0.0/0")}}
	}
	return group, errors.Join(errIn, errOut)
}

// groupRules returns the rules declared in a group, and those of the resources of a
// type that name it.
func (s *Stage) groupRules(group SecurityGroup, declared []groupRule, kind string) ([]GroupRule, error) {
	for r := range s.Resources(kind) {
		var rule groupRule
		if err := decode(r.Properties, &rule); err != nil {
			return nil, err
		}
		if group.Is(rule.GroupID) {
			declared = append(declared, rule)
		}
	}
	var rules []GroupRule
	for _, d := range declared {
		rule, err := d.read()
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

// groupID is the id of a security group that is there already.
var groupID = regexp.MustCompile(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`)

// IsGroupID reports whether a reference is the id of a security group that is there already.
func IsGroupID(reference string) bool { return groupID.MatchString(reference) }

// readForeignGroups reads what rules of the stacks add to groups of others.
func (s *Stage) readForeignGroups() error {
	var errs []error
	for r := range s.Resources("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress") {
		id := fmt.Sprint(r.Properties["GroupId"])
		if !IsGroupID(id) || slices.ContainsFunc(s.ForeignGroups, func(g SecurityGroup) bool { return g.Is(id) }) {
			continue
		}
		group := SecurityGroup{ID: id}
		var errIn, errOut error
		group.Ingress, errIn = s.groupRules(group, nil, "AWS::EC2::SecurityGroupIngress")
		group.Egress, errOut = s.groupRules(group, nil, "AWS::EC2::SecurityGroupEgress")
		s.ForeignGroups = append(s.ForeignGroups, group)
		errs = append(errs, errIn, errOut)
	}
	return errors.Join(errs...)
}

// checkGroupRules refuses a rule resource for a group that no stack has and that is not
// named by its id, because no view would show what the rule allows.
func (s *Stage) checkGroupRules() error {
	var errs []error
	for r := range s.Resources("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress") {
		named := fmt.Sprint(r.Properties["GroupId"])
		is := func(g SecurityGroup) bool { return g.Is(named) }
		if !slices.ContainsFunc(s.SecurityGroups, is) && !slices.ContainsFunc(s.ForeignGroups, is) {
			errs = append(errs, fmt.Errorf("stack %s: resource %s: no stack has the group %s", r.Stack, r.LogicalID, named))
		}
	}
	return errors.Join(errs...)
}

func (s *Stage) readSubnet(r Resource) (Subnet, error) {
	var properties struct{ CidrBlock string }
	if err := decode(r.Properties, &properties); err != nil {
		return Subnet{}, err
	}
	subnet := Subnet{Resource: r}
	for association := range s.Resources("AWS::EC2::SubnetRouteTableAssociation") {
		if association.Properties["SubnetId"] == r.Identity() {
			subnet.RouteTable, _ = association.Properties["RouteTableId"].(string)
		}
	}
	var errRange, errRoutes error
	subnet.Range, errRange = netip.ParsePrefix(properties.CidrBlock)
	subnet.Routes, errRoutes = s.routesOf(subnet.RouteTable)
	return subnet, errors.Join(errRange, errRoutes)
}

func (s *Stage) routesOf(table string) ([]Route, error) {
	var routes []Route
	for r := range s.Resources("AWS::EC2::Route") {
		if r.Properties["RouteTableId"] != table {
			continue
		}
		route, err := s.readRoute(r)
		if err != nil {
			return nil, fmt.Errorf("route %s: %w", r.LogicalID, err)
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// readRoute fails on a route through anything but an internet gateway or a NAT
// gateway, because its destination is not known here.
func (s *Stage) readRoute(r Resource) (Route, error) {
	var properties struct{ DestinationCidrBlock, DestinationIpv6CidrBlock, GatewayID, NatGatewayID string }
	if err := decode(r.Properties, &properties); err != nil {
		return Route{}, err
	}
	gateway, _ := s.Resource(strings.Replace(cmp.Or(properties.GatewayID, properties.NatGatewayID), ".NatGatewayId}", "}", 1))
	if gateway.Type != "AWS::EC2::InternetGateway" && gateway.Type != "AWS::EC2::NatGateway" {
		return Route{}, fmt.Errorf("leads through %v, want a gateway to the internet", r.Properties)
	}
	block, err := netip.ParsePrefix(cmp.Or(properties.DestinationCidrBlock, properties.DestinationIpv6CidrBlock))
	return Route{Range: block, Gateway: gateway.Type}, err
}

func readVPCEndpoint(r Resource) (VPCEndpoint, error) {
	var properties struct {
		VpcEndpointType, ServiceName               string
		RouteTableIDs, SubnetIDs, SecurityGroupIDs []string
		PrivateDNSEnabled                          bool
	}
	err := decode(r.Properties, &properties)
	return VPCEndpoint{
		Resource:       r,
		Kind:           cmp.Or(properties.VpcEndpointType, "Gateway"),
		Service:        properties.ServiceName,
		RouteTables:    properties.RouteTableIDs,
		Subnets:        properties.SubnetIDs,
		SecurityGroups: properties.SecurityGroupIDs,
		PrivateDNS:     properties.PrivateDNSEnabled,
	}, err
}
