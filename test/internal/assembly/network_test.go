package assembly

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// network is a stage of one stack, with its views.
func network(t *testing.T, resources string) (*Stage, error) {
	t.Helper()
	var stack Stack
	all := parse(t, resources).(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(all)) { // as in a template that is read
		properties := all[id].(map[string]any)
		kind := "AWS::EC2::" + properties["Type"].(string)
		stack.Resources = append(stack.Resources, Resource{Stack: "Net", LogicalID: id, Type: kind, Properties: properties})
	}
	stage := &Stage{Stacks: []*Stack{&stack}}
	return stage, stage.readViews()
}

func TestSecurityGroup(t *testing.T) {
	stage, err := network(t, `{
		"Group": {"Type": "SecurityGroup", "SecurityGroupIngress": [
			{"CidrIp": "10.0.0.0/16", "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "Description": "d"}]},
		"In":  {"Type": "SecurityGroupIngress", "GroupId": "${Net.Group.GroupId}", "SourceSecurityGroupId": "sg-1", "IpProtocol": "-1"},
		"Out": {"Type": "SecurityGroupEgress", "GroupId": "${Net.Group}", "CidrIpv6": "::/0", "IpProtocol": "udp", "FromPort": 3, "ToPort": 3}
	}`)
	require.NoError(t, err)
	assert.Equal(t, []GroupRule{
		{Description: "d", Protocol: "tcp", From: 1, To: 2, Range: netip.MustParsePrefix("10.0.0.0/16")},
		{Protocol: "-1", Group: "sg-1"},
	}, stage.SecurityGroups[0].Ingress)
	assert.Equal(t, []GroupRule{{Protocol: "udp", From: 3, To: 3, Range: netip.MustParsePrefix("::/0")}}, stage.SecurityGroups[0].Egress)
}

// A rule in the group of a database is seen, once for all rules of the group.
func TestForeignGroup(t *testing.T) {
	stage, err := network(t, `{
		"Group": {"Type": "SecurityGroup"},
		"In": {"Type": "SecurityGroupIngress", "GroupId": "sg-0a1b2c3d4e5f60718", "SourceSecurityGroupId": "${Net.Group}", "IpProtocol": "tcp",
			"FromPort": 5432, "ToPort": 5432},
		"Too": {"Type": "SecurityGroupIngress", "GroupId": "sg-0a1b2c3d4e5f60718", "CidrIp": "10.0.0.0/16", "IpProtocol": "-1"}
	}`)
	require.NoError(t, err)
	require.Len(t, stage.ForeignGroups, 1)
	assert.True(t, stage.ForeignGroups[0].Is("sg-0a1b2c3d4e5f60718"))
	assert.False(t, stage.ForeignGroups[0].Is("sg-0a1b2c3d4e5f60719"))
	assert.Equal(t, []GroupRule{
		{Protocol: "tcp", From: 5432, To: 5432, Group: "${Net.Group}"}, {Protocol: "-1", Range: netip.MustParsePrefix("10.0.0.0/16")},
	}, stage.ForeignGroups[0].Ingress)
	assert.Len(t, stage.SecurityGroups, 1)
}

// A group is its stack's, and no other whose name begins as its own.
func TestGroupIs(t *testing.T) {
	g := SecurityGroup{Resource: Resource{Stack: "Net", LogicalID: "Group"}}
	for reference, want := range map[string]bool{
		"${Net.Group}": true, "${Net.Group.GroupId}": true,
		"${Net.Group2}": false, "${Net.Group2.GroupId}": false, "${Net.Group.VpcId}": false, "${Net2.Group}": false, "Group}": false, "": false,
	} {
		assert.Equal(t, want, g.Is(reference), reference)
	}
}

// EC2 adds a rule that lets out everything to a group without rules.
func TestSecurityGroupWithoutRules(t *testing.T) {
	stage, err := network(t, `{"Group": {"Type": "SecurityGroup"}}`)
	require.NoError(t, err)
	out := stage.SecurityGroups[0].Egress
	require.Len(t, out, 1)
	assert.Equal(t, "-1", out[0].Protocol)
	assert.Equal(t, netip.MustParsePrefix("0.0.0.0/0"), out[0].Range)
}

func TestSubnet(t *testing.T) {
	stage, err := network(t, `{
		"Subnet": {"Type": "Subnet", "CidrBlock": "10.0.1.0/24"},
		"Association": {"Type": "SubnetRouteTableAssociation", "SubnetId": "${Net.Subnet}", "RouteTableId": "${Net.Table}"},
		"Out": {"Type": "Route", "RouteTableId": "${Net.Table}", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "${Net.Nat.NatGatewayId}"},
		"Other": {"Type": "Route", "RouteTableId": "another", "GatewayId": "unknown"},
		"Nat": {"Type": "NatGateway"}
	}`)
	require.NoError(t, err)
	got := stage.Subnets[0]
	got.Resource = Resource{}
	assert.Equal(t, Subnet{
		Range:      netip.MustParsePrefix("10.0.1.0/24"),
		RouteTable: "${Net.Table}",
		Routes:     []Route{{netip.MustParsePrefix("0.0.0.0/0"), "AWS::EC2::NatGateway"}},
	}, got)
}

func TestVPCEndpoint(t *testing.T) {
	stage, err := network(t,
		`{"Endpoint": {"Type": "VPCEndpoint", "ServiceName": "s3", "RouteTableIds": ["r"], "SubnetIds": ["s"], "SecurityGroupIds": ["g"],
			"PrivateDnsEnabled": true}}`)
	require.NoError(t, err)
	got := stage.VPCEndpoints[0]
	got.Resource = Resource{}
	assert.Equal(t, VPCEndpoint{
		Kind: "Gateway", Service: "s3", RouteTables: []string{"r"}, Subnets: []string{"s"}, SecurityGroups: []string{"g"}, PrivateDNS: true,
	}, got)
}

// A rule or route that cannot be read is an error: it could open a way into the network.
func TestNetworkErrors(t *testing.T) {
	for want, resources := range map[string]string{
		"resource Group": `{"Group": {"Type": "SecurityGroup", "SecurityGroupIngress": [{"SourcePrefixListId": "pl-1"}]}}`,
		"resource Out":   `{"Out": {"Type": "SecurityGroup", "SecurityGroupEgress": [{"DestinationPrefixListId": "pl-1"}]}}`,
		"netip":          `{"Group": {"Type": "SecurityGroup"}, "In": {"Type": "SecurityGroupIngress", "GroupId": "${Net.Group}"}}`,
		"ParsePrefix":    `{"Group": {"Type": "SecurityGroup"}, "Out": {"Type": "SecurityGroupEgress", "GroupId": "${Net.Group}"}}`,
		"the group sg-1": `{"In": {"Type": "SecurityGroupIngress", "GroupId": "sg-1", "CidrIp": "10.0.0.0/16"}}`,
		"resource Net":   `{"Net": {"Type": "Subnet", "CidrBlock": "10"}}`,
		"leads through": `{
			"Subnet": {"Type": "Subnet", "CidrBlock": "10.0.1.0/24"},
			"Association": {"Type": "SubnetRouteTableAssociation", "SubnetId": "${Net.Subnet}", "RouteTableId": "t"},
			"Out": {"Type": "Route", "RouteTableId": "t", "DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "p"}}`,
	} {
		_, err := network(t, resources)
		assert.ErrorContains(t, err, want)
	}
}
