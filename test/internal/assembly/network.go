package assembly

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// SecurityGroup is an AWS::EC2::SecurityGroup with the rules in it and those that
// stand alone and name it.
type SecurityGroup struct {
	Resource
	// Ingress and Egress are what it lets in and out. A group that says nothing of
	// what goes out lets out everything.
	//
	// https://docs.aws.amazon.com/vpc/latest/userguide/default-custom-security-groups.html
	Ingress, Egress []GroupRule
}

// GroupRule lets packets pass to or from either a range or a security group.
type GroupRule struct {
	Description string
	// Protocol is such as "tcp"; "-1" is any, with any ports.
	Protocol string
	From, To int
	// Range is invalid where Group is set, which is a reference to a group.
	Range netip.Prefix
	Group string
}

// Is reports whether a reference, to the group or to its id, is one to this group.
func (g SecurityGroup) Is(reference string) bool {
	return reference == g.Identity() || reference == identity(g.Stack, g.LogicalID+".GroupId")
}

// Subnet is an AWS::EC2::Subnet with the routes that lead out of its VPC.
type Subnet struct {
	Resource
	Range netip.Prefix
	// RouteTable is the identity of its route table, and empty for the VPC's own.
	RouteTable string
	Routes     []Route
}

// Route leads to what is in a range through a gateway.
type Route struct {
	Range netip.Prefix
	// Gateway is the type of the gateway, such as "AWS::EC2::NatGateway".
	Gateway string
}

// VPCEndpoint is an AWS::EC2::VPCEndpoint.
type VPCEndpoint struct {
	Resource
	// Kind is "Gateway" or "Interface".
	Kind string
	// Service is such as "com.amazonaws.eu-west-1.s3".
	Service string
	// RouteTables are those that lead to a gateway; Subnets are where an interface
	// is, behind SecurityGroups. All are references.
	RouteTables, Subnets, SecurityGroups []string
}

type groupRule struct {
	Description, CidrIP, CidrIpv6, IPProtocol         string
	SourceSecurityGroupID, DestinationSecurityGroupID string
	GroupID                                           string
	FromPort, ToPort                                  int
}

// read fails on a rule for a peer that is not known here, as a list of prefixes.
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
		group.Egress = []GroupRule{{Description: "what EC2 lets out by itself", Protocol: "-1", Range: netip.MustParsePrefix("0.0.0.0/0")}}
	}
	return group, errors.Join(errIn, errOut)
}

// groupRules are those declared in the group, and those of a type that stand alone
// and name it.
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

// checkGroupRules refuses a rule that stands alone for a group that no stack has:
// whom it lets in, nobody would see.
func (s *Stage) checkGroupRules() error {
	var errs []error
	for r := range s.Resources("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress") {
		named := fmt.Sprint(r.Properties["GroupId"])
		if !slices.ContainsFunc(s.SecurityGroups, func(g SecurityGroup) bool { return g.Is(named) }) {
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

// readRoute fails on a route through anything but the two gateways to the
// internet: where it leads is not known here.
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
	}
	err := decode(r.Properties, &properties)
	return VPCEndpoint{
		Resource:       r,
		Kind:           cmp.Or(properties.VpcEndpointType, "Gateway"),
		Service:        properties.ServiceName,
		RouteTables:    properties.RouteTableIDs,
		Subnets:        properties.SubnetIDs,
		SecurityGroups: properties.SecurityGroupIDs,
	}, err
}
