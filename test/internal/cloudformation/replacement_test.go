package cloudformation_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// regrouped returns the stack of a service whose group has a property that cannot change.
func regrouped(name string) declared {
	s := service("1")
	s.Resources["Group"] = resource{Type: "AWS::Logs::LogGroup", Properties: map[string]any{"LogGroupName": name}}
	return s
}

// referring is a fake that notes which group each update refers to.
type referring struct {
	*fake
	groups map[string]string
}

func (r referring) Update(ctx context.Context, d cloudformation.Deployment, from, to cloudformation.Resource) error {
	r.groups[to.LogicalID] = d.ID("${Alpha.Group}")
	return r.fake.Update(ctx, d, from, to)
}

// The new one is made first, what refers to the old one moves to it, and then the old one
// is deleted.
func TestReplacement(t *testing.T) {
	provider := referring{&fake{}, map[string]string{}}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, regrouped("a")))
	provider.calls()
	next := one(t, regrouped("b"))
	want := []string{"CREATE Alpha.Group/2", "UPDATE Alpha.Preview", "UPDATE Alpha.Service", "UPDATE Alpha.Live", "DELETE Alpha.Group"}
	assert.Equal(t, logicals(want), listed(account.Changes(next)))
	deploy(t, account, next)
	assert.Equal(t, want, provider.calls())
	second := "${Alpha.Group}/2"
	assert.Equal(t, map[string]string{"Preview": second, "Service": second, "Live": second}, provider.groups)
	deploy(t, account, one(t, regrouped("c")))
	assert.Equal(t, []string{"CREATE Alpha.Group/3", "DELETE Alpha.Group/2"}, ofGroup(provider.calls()))
	require.NoError(t, account.Destroy(t.Context()))
	assert.Empty(t, provider.ids())
}

// ofGroup are the calls for the group.
func ofGroup(calls []string) []string {
	var own []string
	for _, call := range calls {
		if strings.HasSuffix(logical(call), " Alpha.Group") {
			own = append(own, call)
		}
	}
	return own
}

// A rollback goes back to the old one, which nothing has changed, and deletes the new one.
func TestReplacementIsRolledBack(t *testing.T) {
	for _, doomed := range []string{"CREATE Alpha.Group/2", "UPDATE Alpha.Live"} {
		provider := referring{&fake{}, map[string]string{}}
		account := cloudformation.New(provider, nil)
		old, next := one(t, regrouped("a")), one(t, regrouped("b"))
		deploy(t, account, old)
		failed := false
		provider.during = func(_ context.Context, call string) error {
			if call == doomed && !failed {
				failed = true
				return errBoom
			}
			return nil
		}
		provider.calls()
		require.ErrorContains(t, account.Deploy(t.Context(), next), "boom: rolled back", doomed)
		assert.Equal(t, []string{"CREATE Alpha.Group/2", "DELETE Alpha.Group/2"}, ofGroup(provider.calls()), doomed)
		for id, group := range provider.groups {
			assert.Equal(t, "${Alpha.Group}", group, "%s after %s", id, doomed)
		}
		assert.Equal(t, properties(old), provider.existing, doomed)
		assert.Empty(t, account.Changes(old), doomed)
		deploy(t, account, next)
		assert.Equal(t, properties(next), provider.current(t), doomed)
	}
}

// What still uses the old one makes its deletion fail, and with it the deployment.
func TestReplacedResourceInUse(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, regrouped("a")))
	provider.during = failing(errBoom, "DELETE Alpha.Group")
	next := one(t, regrouped("b"))
	require.EqualError(t, account.Deploy(t.Context(), next), "stack Alpha: resource Group: boom")
	assert.Subset(t, provider.ids(), []string{"Alpha.Group", "Alpha.Group/2"})
	provider.during = nil
	provider.calls()
	deploy(t, account, next)
	assert.Equal(t, []string{"DELETE Alpha.Group"}, provider.calls(), "the next deployment tries again")
	deploy(t, account, next)
	assert.Empty(t, provider.calls())
}

func TestReplacedResourceIsRetained(t *testing.T) {
	at := func(name string) *assembly.Stage {
		s := regrouped(name)
		group := s.Resources["Group"]
		group.UpdateReplacePolicy = "Retain"
		s.Resources["Group"] = group
		return one(t, s)
	}
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, at("a"))
	next := at("b")
	assert.NotContains(t, listed(account.Changes(next)), "DELETE Alpha.Group")
	deploy(t, account, next)
	assert.Subset(t, provider.ids(), []string{"Alpha.Group", "Alpha.Group/2"})
	require.NoError(t, account.Destroy(t.Context()))
	assert.Equal(t, []string{"Alpha.Group"}, provider.ids())
}

// The value of an export changes with the resource that it names, which CloudFormation
// learns only when it has made the new one.
func TestExportOfAReplacedResourceIsKept(t *testing.T) {
	at := func(name string) *assembly.Stage {
		export := map[string]any{"Group": map[string]any{"Value": map[string]any{"Ref": "Group"}, "Export": map[string]any{"Name": "group"}}}
		imported := resource{Type: "Test::Rule", Properties: map[string]any{"Group": map[string]any{"Fn::ImportValue": "group"}}}
		monolith := regrouped(name)
		monolith.Outputs = export
		return read(t, t.TempDir(), map[string]declared{
			"Monolith": monolith, "Alpha": {Resources: map[string]resource{"Rule": imported}, after: []string{"Monolith"}},
		})
	}
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	old := at("a")
	deploy(t, account, old)
	provider.calls()
	err := account.Deploy(t.Context(), at("b"))
	require.ErrorContains(t, err, `stack Monolith: export "group" is in use by Alpha`)
	require.ErrorContains(t, err, "rolled back")
	calls := provider.calls()
	assertOrder(t, calls, "CREATE Monolith.Group/2", "UPDATE Monolith.Live")
	assertOrder(t, calls, "UPDATE Monolith.Live", "DELETE Monolith.Group/2")
	assert.NotContains(t, calls, "UPDATE Alpha.Rule")
	assert.Equal(t, properties(old), provider.existing)
}
