package region

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

// The load balancer reaches a task whose ports and security groups agree.
func TestWayToATask(t *testing.T) {
	type declared struct {
		admitted, sent, mapped, attached int
		variable                         string
	}
	agreed := declared{8080, 8080, 8080, 8080, "8080"}
	for name, test := range map[string]struct {
		edit func(*declared)
		want way
		err  string
	}{
		"all agree":                          {edit: func(*declared) {}, want: open},
		"the program listens elsewhere":      {edit: func(d *declared) { d.variable = "9090" }, want: closed},
		"the task admits another port":       {edit: func(d *declared) { d.admitted = 9090 }, want: dropped},
		"the load balancer sends to another": {edit: func(d *declared) { d.sent = 9090 }, want: dropped},
		"a port that the container does not map": {
			edit: func(d *declared) { d.attached = 9090 }, err: "the container orders did not have a container port 9090 defined",
		},
	} {
		d := agreed
		test.edit(&d)
		container := assembly.Container{Name: "orders", Ports: []int{d.mapped}, Environment: map[string]string{"PORT": d.variable}}
		attachment := assembly.Attachment{Container: "orders", Port: d.attached}
		stage := networkStage(d.admitted, d.sent)
		got, err := wayTo(stage, stage.Services[0], container, attachment)
		if test.err != "" {
			assert.EqualError(t, err, test.err, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, test.want, got, name)
	}
	two := &assembly.Stage{Stacks: []*assembly.Stack{{Resources: []assembly.Resource{{Type: "AWS::EC2::VPC"}, {Type: "AWS::EC2::VPC"}}}}}
	_, err := wayTo(two, assembly.Service{}, assembly.Container{Ports: []int{80}}, assembly.Attachment{Port: 80})
	assert.Error(t, err, "a stage with two VPCs")
}

// networkStage is a VPC in which the group of orders admits the load balancer on one port,
// and the load balancer's lets it send to one port.
func networkStage(admitted, sent int) *assembly.Stage {
	in := func(id string) assembly.Resource { return assembly.Resource{Stack: "Orders", LogicalID: id} }
	block := netip.MustParsePrefix("10.0.0.0/16")
	vpc := in("Vpc")
	vpc.Type, vpc.Properties = "AWS::EC2::VPC", map[string]any{"CidrBlock": block.String()}
	subnets := []string{in("Subnet").Identity()}
	return &assembly.Stage{
		Stacks:  []*assembly.Stack{{ID: "Orders", Resources: []assembly.Resource{vpc}}},
		Subnets: []assembly.Subnet{{Resource: in("Subnet"), Range: block}},
		SecurityGroups: []assembly.SecurityGroup{
			{Resource: in("Balancer"), Egress: []assembly.GroupRule{{Protocol: "tcp", From: sent, To: sent, Range: block}}},
			{Resource: in("Tasks"), Ingress: []assembly.GroupRule{
				{Protocol: "tcp", From: admitted, To: admitted, Group: in("Balancer").Identity()},
			}},
		},
		LoadBalancers: []assembly.LoadBalancer{{Subnets: subnets, SecurityGroups: []string{in("Balancer").Identity()}}},
		Services: []assembly.Service{{
			Subnets: subnets, SecurityGroups: []string{in("Tasks").Identity()}, Attachments: []assembly.Attachment{{Container: "orders"}},
		}},
	}
}

// A task whose way is not open is never healthy, although its program runs.
func TestTaskThatIsNotReached(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer backend.Close()
	address := strings.TrimPrefix(backend.URL, "http://")
	for w, want := range map[way]alb.State{open: alb.Healthy, closed: alb.Unhealthy, dropped: alb.Unhealthy} {
		g := newGroup("orders", newNodes(0), alb.Settings{HealthCheck: alb.HealthCheck{
			Path: "/", Interval: 5 * time.Millisecond, Timeout: 50 * time.Millisecond, Healthy: 1, Unhealthy: 2, Codes: "200",
		}})
		defer g.close()
		g.register(address, w)
		eventually(t, string(want), func() bool { return g.state(address) == want })
		if w == closed {
			answer := httptest.NewRecorder()
			g.views[0].ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
			assert.Equal(t, http.StatusBadGateway, answer.Code)
		}
	}
}

func TestWaysThatEnd(t *testing.T) {
	_, err := closed.dial(t.Context(), "tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = dropped.dial(ctx, "tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
