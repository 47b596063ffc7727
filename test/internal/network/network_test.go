package network

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// stageWith is a VPC with a load balancer and one service, orders, whose group admits the
// load balancer on port 8080, after an edit.
func stageWith(edit func(*assembly.Stage)) *assembly.Stage {
	in := func(id string) assembly.Resource { return assembly.Resource{Stack: "S", LogicalID: id} }
	group := func(id string) assembly.SecurityGroup { return assembly.SecurityGroup{Resource: in(id)} }
	balancer, tasks := group("Balancer"), group("Tasks")
	balancer.Egress = []assembly.GroupRule{{Protocol: "tcp", From: 0, To: 65535, Range: netip.MustParsePrefix("10.0.0.0/16")}}
	tasks.Ingress = []assembly.GroupRule{{Protocol: "tcp", From: 8080, To: 8080, Group: balancer.Identity()}}
	tasks.Egress = []assembly.GroupRule{{Protocol: "tcp", From: 443, To: 443, Range: netip.MustParsePrefix("0.0.0.0/0")}}
	vpc := assembly.Resource{Stack: "S", LogicalID: "Vpc", Type: "AWS::EC2::VPC", Properties: map[string]any{"CidrBlock": "10.0.0.0/16"}}
	stage := &assembly.Stage{
		Stacks:         []*assembly.Stack{{ID: "S", Resources: []assembly.Resource{vpc}}},
		SecurityGroups: []assembly.SecurityGroup{balancer, tasks},
		Subnets: []assembly.Subnet{
			{Resource: in("A"), Range: netip.MustParsePrefix("10.0.0.0/20")},
			{Resource: in("B"), Range: netip.MustParsePrefix("10.0.16.0/20")},
		},
		LoadBalancers: []assembly.LoadBalancer{{
			Resource: in("LoadBalancer"), Subnets: []string{"${S.A}"}, SecurityGroups: []string{balancer.Identity()},
		}},
		Services: []assembly.Service{{
			Resource: in("Service"), Attachments: []assembly.Attachment{{Container: "orders"}},
			Subnets: []string{"${S.A}", "${S.B}"}, SecurityGroups: []string{tasks.Identity()},
		}},
	}
	edit(stage)
	return stage
}

func TestConnects(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*assembly.Stage)
		from string
		to   string
		port int
		want bool
	}{
		"the port that is open":    {func(*assembly.Stage) {}, LoadBalancer, "orders", 8080, true},
		"another port":             {func(*assembly.Stage) {}, LoadBalancer, "orders", 8081, false},
		"the other way":            {func(*assembly.Stage) {}, "orders", LoadBalancer, 8080, false},
		"a program that is none":   {func(*assembly.Stage) {}, LoadBalancer, "payments", 8080, false},
		"nothing admits it":        {func(s *assembly.Stage) { s.SecurityGroups[1].Ingress = nil }, LoadBalancer, "orders", 8080, false},
		"any protocol is admitted": {func(s *assembly.Stage) { s.SecurityGroups[1].Ingress[0].Protocol = "-1" }, LoadBalancer, "orders", 9, true},
		"another protocol": {
			func(s *assembly.Stage) { s.SecurityGroups[1].Ingress[0].Protocol = "udp" }, LoadBalancer, "orders", 8080, false,
		},
		"it may send to one subnet of two": {func(s *assembly.Stage) {
			s.SecurityGroups[0].Egress[0].Range = netip.MustParsePrefix("10.0.0.0/20")
		}, LoadBalancer, "orders", 8080, false},
	} {
		n, err := Of(stageWith(test.edit))
		require.NoError(t, err, name)
		assert.Equal(t, test.want, n.Connects(test.from, test.to, test.port), name)
	}
}

func TestLinks(t *testing.T) {
	n, err := Of(stageWith(func(*assembly.Stage) {}))
	require.NoError(t, err)
	assert.Equal(t, map[Link]string{{LoadBalancer, "orders"}: "tcp 8080"}, n.Links())
}

// A stage with two VPCs is none that this knows, nor is one whose subnets are in no template.
func TestStageThatIsNone(t *testing.T) {
	_, err := Of(stageWith(func(s *assembly.Stage) {
		s.Stacks[0].Resources = append(s.Stacks[0].Resources, assembly.Resource{Stack: "S", LogicalID: "Another", Type: "AWS::EC2::VPC"})
	}))
	require.ErrorContains(t, err, "2 VPCs, want 1 at most")
	_, err = Of(stageWith(func(s *assembly.Stage) { s.Subnets = nil }))
	require.ErrorContains(t, err, "of which 0 are declared")
}

// In a VPC that was there already the security groups alone decide, and the load balancer is the
// group of others that programs admit.
func TestExistingVPC(t *testing.T) {
	existing := func(edit func(*assembly.Stage)) Network {
		n, err := Of(stageWith(func(s *assembly.Stage) {
			s.Stacks[0].Resources, s.Subnets = nil, nil
			s.Services[0].Subnets = []string{"subnet-0a1b2c3d"}
			s.LoadBalancers, s.SecurityGroups = nil, s.SecurityGroups[1:]
			s.SecurityGroups[0].Ingress[0].Group = "sg-0a1b2c3d"
			edit(s)
		}))
		require.NoError(t, err)
		return n
	}
	n := existing(func(*assembly.Stage) {})
	assert.True(t, n.Existing)
	assert.Equal(t, map[Link]string{{LoadBalancer, "orders"}: "tcp 8080", {"orders", Internet}: "tcp 443"}, n.Links())
	assert.True(t, n.Connects(LoadBalancer, "orders", 8080))
	assert.False(t, n.Connects(LoadBalancer, "orders", 8081))
	assert.False(t, n.Connects(Internet, "orders", 8080))

	n = existing(func(s *assembly.Stage) { s.SecurityGroups[0].Ingress = nil })
	assert.False(t, n.Connects(LoadBalancer, "orders", 8080), "nothing admits it")
	n = existing(func(s *assembly.Stage) { s.SecurityGroups[0].Egress = s.SecurityGroups[0].Egress[:0] })
	assert.NotContains(t, n.Links(), Link{"orders", Internet})

	owned := existing(func(s *assembly.Stage) {
		balancer := assembly.SecurityGroup{Resource: assembly.Resource{Stack: "S", LogicalID: "Balancer"}}
		balancer.Ingress = []assembly.GroupRule{{Protocol: "tcp", From: 443, To: 443, Range: everywhere}}
		balancer.Egress = []assembly.GroupRule{{Protocol: "tcp", From: 8080, To: 8080, Group: s.SecurityGroups[0].Identity()}}
		s.SecurityGroups[0].Ingress[0].Group = balancer.Identity()
		s.SecurityGroups = append(s.SecurityGroups, balancer)
		s.LoadBalancers = []assembly.LoadBalancer{{
			Scheme: "internet-facing", Subnets: []string{"subnet-0a1b2c3e"}, SecurityGroups: []string{balancer.Identity()},
		}}
	})
	assert.Equal(t, map[Link]string{
		{Internet, LoadBalancer}: "tcp 443", {LoadBalancer, "orders"}: "tcp 8080", {"orders", Internet}: "tcp 443",
		{"orders", LoadBalancer}: "tcp 443",
	}, owned.Links(), "a load balancer of its own")
}

// An address range that a program has a rule for is a node of its own, as is a group of
// others, which must admit the program.
func TestForeign(t *testing.T) {
	const database = "sg-0a1b2c3d4e5f60718"
	var tasks assembly.SecurityGroup
	stage := stageWith(func(s *assembly.Stage) {
		tasks = s.SecurityGroups[1]
		s.SecurityGroups[1].Egress = append(s.SecurityGroups[1].Egress,
			assembly.GroupRule{Protocol: "tcp", From: 25, To: 25, Range: netip.MustParsePrefix("192.168.0.0/24")},
			assembly.GroupRule{Protocol: "tcp", From: 5432, To: 5432, Group: database})
		s.ForeignGroups = []assembly.SecurityGroup{{ID: database, Ingress: []assembly.GroupRule{
			{Protocol: "tcp", From: 5432, To: 5432, Group: tasks.Identity()},
		}}}
	})
	links := func() map[Link]string {
		n, err := Of(stage)
		require.NoError(t, err)
		return n.Links()
	}
	balancer := map[Link]string{{LoadBalancer, "orders"}: "tcp 8080"}
	want := map[Link]string{{"orders", "192.168.0.0/24"}: "tcp 25", {"orders", database}: "tcp 5432"}
	maps.Copy(want, balancer)
	assert.Equal(t, want, links())
	assert.Equal(t, []WayOut{{Link{"orders", "192.168.0.0/24"}, "tcp 25"}, {Link{"orders", database}, "tcp 5432"}}, WaysOut(stage))

	stage.ForeignGroups[0].Ingress[0].To, stage.ForeignGroups[0].Ingress[0].From = 5431, 5431
	delete(want, Link{"orders", database})
	assert.Equal(t, want, links(), "another port is admitted")
	stage.ForeignGroups = nil
	assert.Equal(t, want, links(), "nothing is admitted")
	stage.SecurityGroups[1].Egress = tasks.Egress
	assert.Equal(t, balancer, links(), "nothing is let out")
	assert.Empty(t, WaysOut(stage), "but HTTPS")
	anywhere := assembly.GroupRule{Protocol: "tcp", From: 25, To: 25, Range: netip.MustParsePrefix("0.0.0.0/0")}
	stage.SecurityGroups[1].Egress = append(slices.Clone(tasks.Egress), anywhere)
	assert.Equal(t, []WayOut{{Link{"orders", Internet}, "tcp 25"}}, WaysOut(stage))
}
