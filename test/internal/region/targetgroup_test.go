package region

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/assembly/assemblytest"
	"example.com/strangler/test/internal/cloudformation"
)

// of is the deployment of a stage in which nothing has been replaced.
func of(stage *assembly.Stage) cloudformation.Deployment {
	return cloudformation.Deployment{Stage: stage}
}

// first is a resource that has replaced none.
func first(r assembly.Resource) cloudformation.Resource {
	return cloudformation.Resource{Resource: r, ID: r.Identity()}
}

func targetGroup(name, path string) assembly.TargetGroup {
	return assembly.TargetGroup{
		Resource: assembly.Resource{
			Stack: "Orders", LogicalID: "Group", Type: targetGroupType, Properties: map[string]any{"Name": name},
		},
		Protocol: "HTTP",
		HealthCheck: assembly.HealthCheck{
			Path: path, Port: "traffic-port", Interval: 10 * time.Millisecond, Timeout: time.Second, Healthy: 1, Unhealthy: 1, Codes: "200",
		},
		DeregistrationDelay: time.Hour,
	}
}

func newTestRegion(t *testing.T) *Region {
	t.Helper()
	r, err := New("../../..", Clock{Speed: 1}, func(string) {})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func stageOf(groups ...assembly.TargetGroup) cloudformation.Deployment {
	return of(&assembly.Stage{TargetGroups: groups})
}

// A changed health check applies to the targets that are registered, and keeps the group.
func TestTargetGroupIsUpdatedInPlace(t *testing.T) {
	r := newTestRegion(t)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer target.Close()
	address := strings.TrimPrefix(target.URL, "http://")
	before, after := targetGroup("orders", "/healthz"), targetGroup("orders", "/nothing")
	require.NoError(t, r.Create(t.Context(), stageOf(before), first(before.Resource)))
	group := r.groups[before.Identity()]
	group.register(address, open)
	eventually(t, "a healthy target", func() bool { return group.state(address) == alb.Healthy })
	require.NoError(t, r.Update(t.Context(), stageOf(after), first(before.Resource), first(after.Resource)))
	assert.Same(t, group, r.groups[before.Identity()])
	eventually(t, "an unhealthy target", func() bool { return group.state(address) == alb.Unhealthy })
	after.DeregistrationDelay = 0
	require.NoError(t, r.Update(t.Context(), stageOf(after), first(before.Resource), first(after.Resource)))
	<-group.deregister(address)
	after.Attributes = map[string]string{"slow_start.duration_seconds": "30"}
	err := r.Update(t.Context(), stageOf(after), first(before.Resource), first(after.Resource))
	require.ErrorContains(t, err, "slow_start", "an attribute that has no effect here")
}

// A group that replaces another needs a name of its own.
func TestTargetGroupsHaveDifferentNames(t *testing.T) {
	r := newTestRegion(t)
	old, same, other, none := targetGroup("orders", "/"), targetGroup("orders", "/"), targetGroup("orders-2", "/"), targetGroup("", "/")
	require.NoError(t, r.Create(t.Context(), stageOf(old), first(old.Resource)))
	err := r.Create(t.Context(), stageOf(same), cloudformation.Resource{Resource: same.Resource, ID: "second"})
	require.EqualError(t, err, `a target group with the same name "orders" exists, but with different settings`)
	require.NoError(t, r.Delete(t.Context(), cloudformation.Resource{Resource: same.Resource, ID: "second"}), "what was not made")
	for id, group := range map[string]assembly.TargetGroup{"third": other, "fourth": none, "fifth": none} {
		assert.NoError(t, r.Create(t.Context(), stageOf(group), cloudformation.Resource{Resource: group.Resource, ID: id}), id)
	}
}

func TestTargetGroupInUseIsNotDeleted(t *testing.T) {
	r := newTestRegion(t)
	old := targetGroup("orders", "/")
	require.NoError(t, r.Create(t.Context(), stageOf(old), first(old.Resource)))
	require.NoError(t, setRule(r.frontend, rule("Live", 1, old.Identity())))
	require.EqualError(t, r.Delete(t.Context(), first(old.Resource)), "target group ${Orders.Group} is in use by a listener or a rule")
	r.frontend.deleteRule(rule("Live", 1, "").Identity())
	byDefault := listener("Listener")
	byDefault.Routing.Default = alb.ForwardTo(old.Identity())
	require.NoError(t, setListener(r.frontend, byDefault))
	require.Error(t, r.Delete(t.Context(), first(old.Resource)), "the default action of the listener")
	r.frontend.deleteListener(byDefault.Identity())
	require.NoError(t, r.Delete(t.Context(), first(old.Resource)))
	assert.Empty(t, r.groups)
}

// What forwards to a target group that is replaced forwards to the new one, and the old
// one goes.
func TestReplacedTargetGroup(t *testing.T) {
	r := newTestRegion(t)
	account := cloudformation.New(r, nil)
	at := func(port int) *assembly.Stage {
		return assemblytest.Stage(t, "eu-west-1", map[string]string{"Orders": fmt.Sprintf(`{
			"Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": %d, "Protocol": "HTTP"}},
			"Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
				"Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]}},
			"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
				"ListenerArn": {"Ref": "Listener"}, "Priority": 1,
				"Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/orders"]}}],
				"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]}}
		}`, port)})
	}
	require.NoError(t, account.Deploy(t.Context(), at(80)))
	require.NoError(t, account.Deploy(t.Context(), at(81)))
	rules, _ := r.Rules()
	require.Len(t, rules, 2)
	for _, rule := range rules {
		assert.Equal(t, alb.ForwardTo("${Orders.Group}/2"), rule.Action, rule.ID)
	}
	assert.Equal(t, []string{"${Orders.Group}/2"}, slices.Collect(maps.Keys(r.groups)))
	require.NoError(t, account.Destroy(t.Context()))
	assert.Empty(t, r.groups)
}
