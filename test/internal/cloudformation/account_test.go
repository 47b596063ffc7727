package cloudformation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

var errBoom = errors.New("boom")

// service returns the stack of a service at a version, without the resources named.
func service(version string, without ...string) declared {
	s := declared{Resources: map[string]resource{
		"Task":    {Type: "AWS::ECS::TaskDefinition", Properties: map[string]any{"Cpu": version}},
		"Group":   thing("alpha"),
		"Preview": thing("preview", "Group"),
		"Service": {
			Type:       "Test::Service",
			Properties: map[string]any{"TaskDefinition": map[string]any{"Fn::Sub": "arn:${Task}"}, "Group": map[string]any{"Ref": "Group"}},
			DependsOn:  []string{"Preview"},
		},
		"Live": {Type: "Test::Rule", Properties: map[string]any{"Group": map[string]any{"Ref": "Group"}}, DependsOn: []string{"Service"}},
	}}
	for _, id := range without {
		delete(s.Resources, id)
	}
	return s
}

func one(t *testing.T, s declared) *assembly.Stage {
	t.Helper()
	return read(t, t.TempDir(), map[string]declared{"Alpha": s})
}

func deploy(t *testing.T, account *cloudformation.Account, stage *assembly.Stage, stacks ...string) {
	t.Helper()
	require.NoError(t, account.Deploy(t.Context(), stage, stacks...))
}

// assertOrder asserts that both calls are in a log, one after the other.
func assertOrder(t *testing.T, calls []string, first, second string) {
	t.Helper()
	require.Contains(t, calls, first)
	require.Contains(t, calls, second)
	assert.Less(t, slices.Index(calls, first), slices.Index(calls, second), "%s follows %s in %v", second, first, calls)
}

func TestLiveRuleIsCreatedAfterItsServiceAndDeletedBeforeIt(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, service("1")))
	assertOrder(t, provider.calls(), "CREATE Alpha.Service", "CREATE Alpha.Live")
	require.NoError(t, account.Destroy(t.Context(), "Alpha"))
	assertOrder(t, provider.calls(), "DELETE Alpha.Live", "DELETE Alpha.Service")
}

func TestNewRevisionOfATaskDefinitionUpdatesItsService(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, service("1")))
	provider.calls()
	next := one(t, service("2"))
	changes := account.Changes(next)
	deploy(t, account, next)
	assert.Equal(t, []string{"UPDATE Alpha.Task", "UPDATE Alpha.Service"}, provider.calls())
	assert.Equal(t, changes[1].From.Properties, changes[1].To.Properties, "the service's own properties")
}

func TestReferenceToAReplacedResourceIsAnUpdate(t *testing.T) {
	attribute := map[string]any{"Nested": []any{map[string]any{"Fn::GetAtt": []string{"Changing", "Arn"}}}}
	for _, test := range []struct {
		what, changing string
		other          resource
		want           []string
	}{
		{
			"a reference to a new revision", "AWS::ECS::TaskDefinition", thing(1, "Changing"),
			[]string{"UPDATE Alpha.Changing", "UPDATE Alpha.Other"},
		},
		{"a reference to its attribute", "AWS::ECS::TaskDefinition", thing(attribute), []string{"UPDATE Alpha.Changing", "UPDATE Alpha.Other"}},
		{
			"DependsOn alone", "AWS::ECS::TaskDefinition", resource{Type: "Test::Thing", DependsOn: []string{"Changing"}},
			[]string{"UPDATE Alpha.Changing"},
		},
		{"a reference to what keeps its physical id", "Test::Thing", thing(1, "Changing"), []string{"UPDATE Alpha.Changing"}},
	} {
		at := func(version string) *assembly.Stage {
			changing := resource{Type: test.changing, Properties: map[string]any{"Cpu": version}}
			return one(t, declared{Resources: map[string]resource{"Changing": changing, "Other": test.other}})
		}
		account := cloudformation.New(&fake{}, nil)
		deploy(t, account, at("1"))
		assert.Equal(t, test.want, listed(account.Changes(at("2"))), test.what)
	}
}

// In the old template C requires A through B. B stays and no longer requires A, but
// deletions follow the old template.
func TestCleanUpFollowsTheOldTemplate(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, declared{Resources: map[string]resource{"A": thing(1), "B": thing(1, "A"), "C": thing(1, "B")}}))
	provider.calls()
	next := one(t, declared{Resources: map[string]resource{"B": thing(1), "D": thing(1)}})
	assert.Equal(t, []string{"UPDATE Alpha.B", "CREATE Alpha.D", "DELETE Alpha.C", "DELETE Alpha.A"}, listed(account.Changes(next)))
	deploy(t, account, next)
	assert.Equal(t, []string{"DELETE Alpha.C", "DELETE Alpha.A"}, provider.calls()[2:])
}

func TestRetainedResourcesAreLeftAlone(t *testing.T) {
	for _, policy := range []string{"Retain", "RetainExceptOnCreate"} {
		for _, operation := range []string{"update", "delete"} {
			table := thing("data")
			table.DeletionPolicy = policy
			provider := &fake{}
			account := cloudformation.New(provider, nil)
			deploy(t, account, one(t, declared{Resources: map[string]resource{"Table": table, "Gone": thing("x", "Table")}}))
			provider.calls()
			if operation == "update" {
				deploy(t, account, one(t, declared{Resources: map[string]resource{}}))
			} else {
				require.NoError(t, account.Destroy(t.Context()))
			}
			assert.Equal(t, []string{"DELETE Alpha.Gone"}, provider.calls())
			assert.Equal(t, []string{"Alpha.Table"}, provider.ids(), "%s with %s", operation, policy)
		}
	}
}

func TestRollbackOfACreationRetainsByPolicy(t *testing.T) {
	for policy, want := range map[string][]string{"": nil, "Delete": nil, "RetainExceptOnCreate": nil, "Retain": {"Alpha.Table"}} {
		table := thing("data")
		table.DeletionPolicy = policy
		provider := &fake{during: failing(errBoom, "CREATE Alpha.Bad")}
		account := cloudformation.New(provider, nil)
		err := account.Deploy(t.Context(), one(t, declared{Resources: map[string]resource{"Table": table, "Bad": thing("x", "Table")}}))
		require.EqualError(t, err, "stack Alpha: resource Bad: boom: rolled back")
		assert.Equal(t, want, provider.ids(), "DeletionPolicy %q", policy)
		assert.Empty(t, account.Deployed(), "DeletionPolicy %q", policy)
	}
}

// A failure stops the other resources in progress, and the rollback waits for them.
func TestFailureStopsOtherResourcesBeforeTheRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		provider := &fake{}
		provider.during = func(ctx context.Context, call string) error {
			switch call {
			case "CREATE Alpha.Slow":
				close(slow)
				<-ctx.Done()
				synctest.Wait()
				assert.Len(t, provider.ids(), 2, "the rollback does not wait")
				return ctx.Err()
			case "CREATE Alpha.Bad":
				<-slow
				return errBoom
			}
			return ctx.Err()
		}
		account := cloudformation.New(provider, nil)
		err := account.Deploy(t.Context(),
			one(t, declared{Resources: map[string]resource{"Slow": thing(1), "Bad": thing(2), "Never": thing(3, "Slow")}}))
		require.EqualError(t, err, "stack Alpha: resource Bad: boom: rolled back")
		assert.Empty(t, provider.ids())
		assert.NotContains(t, provider.calls(), "CREATE Alpha.Never", "a resource is created although one that it requires is stopped")
	})
}

func TestFailedRollbackNamesWhatIsLeft(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	old, next := one(t, service("1")), one(t, service("2", "Live"))
	deploy(t, account, old)
	provider.during = failing(errBoom, "UPDATE Alpha.Service")
	require.EqualError(t, account.Deploy(t.Context(), next),
		"stack Alpha: resource Service: boom: rollback failed and left Service\nstack Alpha: resource Service: boom")
	provider.during = nil
	provider.calls()
	deploy(t, account, next)
	assert.Subset(t, provider.calls(), []string{"UPDATE Alpha.Service", "DELETE Alpha.Live"})
	assert.Equal(t, properties(next), provider.existing)
}

func TestCreationThatCannotBeRolledBack(t *testing.T) {
	provider := &fake{during: failing(errBoom, "CREATE Alpha.Service", "DELETE Alpha.Service")}
	account := cloudformation.New(provider, nil)
	stage := one(t, service("1"))
	require.EqualError(t, account.Deploy(t.Context(), stage),
		"stack Alpha: resource Service: boom: rollback failed and left Group, Preview, Service, Task\nstack Alpha: resource Service: boom")
	assert.Equal(t, []string{"Alpha"}, account.Deployed())
	provider.during = nil
	provider.calls()
	deploy(t, account, stage)
	assert.Equal(t, []string{"DELETE Alpha.Service", "CREATE Alpha.Service", "CREATE Alpha.Live"}, provider.calls())
}

func TestFailedCleanUpIsTriedAgain(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, service("1")))
	next := one(t, service("1", "Live", "Service"))
	provider.during = failing(errBoom, "DELETE Alpha.Live")
	require.EqualError(t, account.Deploy(t.Context(), next), "stack Alpha: resource Live: boom")
	assert.Equal(t, []string{"DELETE Alpha.Live", "DELETE Alpha.Service"}, listed(account.Changes(next)))
	provider.during = nil
	deploy(t, account, next)
	assert.Equal(t, properties(next), provider.existing)
}

func TestChangeOfTypeIsRefused(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, service("1")))
	next := service("2")
	next.Resources["Live"] = resource{Type: "Test::Other"}
	provider.calls()
	require.EqualError(t, account.Deploy(t.Context(), one(t, next)),
		"stack Alpha: resource Live: its type changes from Test::Rule to Test::Other, which CloudFormation refuses: "+
			"give the new resource another logical id")
	assert.Empty(t, provider.calls())
}

func TestCancelledDeploymentIsNotRolledBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	provider := &fake{}
	provider.during = func(ctx context.Context, call string) error {
		if call == "CREATE Alpha.Service" {
			cancel()
			return errBoom
		}
		return nil
	}
	account := cloudformation.New(provider, nil)
	stage := one(t, service("1"))
	err := account.Deploy(ctx, stage)
	require.EqualError(t, err, "stack Alpha: context canceled: not rolled back")
	require.ErrorIs(t, err, context.Canceled)
	assert.Subset(t, provider.ids(), []string{"Alpha.Group", "Alpha.Service"}, "a resource is rolled back")
	provider.during = nil
	require.NoError(t, account.Destroy(t.Context()))
	assert.Empty(t, provider.ids())
	require.ErrorIs(t, account.Deploy(ctx, stage), context.Canceled, "a context that is done")
	assert.Empty(t, account.Deployed())
}

// shop has stacks that depend on Data, and one that no stack depends on.
func shop(t *testing.T) *assembly.Stage {
	t.Helper()
	export := map[string]any{"Group": map[string]any{"Value": map[string]any{"Ref": "Group"}, "Export": map[string]any{"Name": "group"}}}
	imported := resource{Type: "Test::Rule", Properties: map[string]any{"Group": map[string]any{"Fn::ImportValue": "group"}}}
	return read(t, t.TempDir(), map[string]declared{
		"Data":     {Resources: map[string]resource{"Table": thing(1)}},
		"Edge":     {Resources: map[string]resource{"Listener": thing(1)}},
		"Monolith": {Resources: map[string]resource{"Group": thing(1)}, Outputs: export, after: []string{"Data"}},
		"Alpha":    {Resources: map[string]resource{"Rule": imported}, after: []string{"Monolith"}},
	})
}

func TestIndependentStacksRunAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := &held{}
		account := cloudformation.New(&fake{during: calls.during}, nil)
		stage := shop(t)
		step := func(operation func() error, order ...string) {
			ended := make(chan error)
			go func() { ended <- operation() }()
			for _, want := range order {
				synctest.Wait()
				running := calls.calls()
				assert.Equal(t, strings.Split(want, "+"), running)
				for _, call := range running {
					calls.release(call)
				}
			}
			assert.NoError(t, <-ended)
		}
		step(func() error { return account.Deploy(t.Context(), stage, "Alpha", "Data") }, "CREATE Data.Table", "CREATE Alpha.Rule")
		step(func() error { return account.Destroy(t.Context(), "Data", "Alpha") }, "DELETE Alpha.Rule+DELETE Data.Table")
		step(func() error { return account.Deploy(t.Context(), stage) },
			"CREATE Data.Table+CREATE Edge.Listener", "CREATE Monolith.Group", "CREATE Alpha.Rule")
		step(func() error { return account.Destroy(t.Context()) },
			"DELETE Alpha.Rule+DELETE Edge.Listener", "DELETE Monolith.Group", "DELETE Data.Table")
	})
}

// After a failure no other stack starts, not even one that does not depend on what has
// failed. Those in progress end.
func TestFailedStackStopsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := &held{}
		provider := &fake{}
		provider.during = func(ctx context.Context, call string) error {
			if call == "CREATE Edge.Listener" {
				return errBoom
			}
			if strings.HasPrefix(call, "CREATE") {
				return calls.during(ctx, call)
			}
			return nil
		}
		account := cloudformation.New(provider, nil)
		stage := shop(t)
		failed := make(chan error)
		go func() { failed <- account.Deploy(t.Context(), stage) }()
		synctest.Wait()
		assert.Equal(t, []string{"CREATE Data.Table"}, calls.calls(), "in progress after the failure")
		calls.release("CREATE Data.Table")
		require.EqualError(t, <-failed, "stack Edge: resource Listener: boom: rolled back")
		assert.Equal(t, []string{"Data"}, account.Deployed(), "Monolith depends on Data alone")
	})
}

// The template decides, whatever its references lead to: here the value of a weak
// reference changes, and nothing deploys the stack that reads it.
func TestStackWithTheSameTemplateIsSkipped(t *testing.T) {
	weak := resource{Type: "Test::Rule", Properties: map[string]any{
		"Group": map[string]any{"Fn::GetStackOutput": map[string]any{"StackName": "Monolith", "OutputName": "Group"}},
	}}
	at := func(value string, tag string) *assembly.Stage {
		alpha := declared{Resources: map[string]resource{"Rule": weak}, after: []string{"Monolith"}}
		if tag != "" {
			alpha.Resources["Tag"] = thing(tag)
		}
		return read(t, t.TempDir(), map[string]declared{
			"Monolith": {
				Resources: map[string]resource{"Group": thing(value)},
				Outputs:   map[string]any{"Group": map[string]any{"Value": value}},
			},
			"Alpha": alpha,
		})
	}
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, at("old", ""))
	provider.calls()
	assert.Equal(t, []string{"UPDATE Monolith.Group"}, listed(account.Changes(at("new", ""))))
	deploy(t, account, at("new", ""))
	assert.Equal(t, []string{"UPDATE Monolith.Group"}, provider.calls(), "the reader's template is the same")
	deploy(t, account, at("new", "x"))
	assert.ElementsMatch(t, []string{"UPDATE Alpha.Rule", "CREATE Alpha.Tag"}, provider.calls(), "the reader's template is another one")
}

// A stack that is skipped still follows the order of the new stage: here the order of
// two stacks turns around, and only one of them changes.
func TestSkippedStackFollowsTheNewOrder(t *testing.T) {
	at := func(value string, monolithAfter, alphaAfter []string) *assembly.Stage {
		return read(t, t.TempDir(), map[string]declared{
			"Monolith": {Resources: map[string]resource{"Task": thing(value)}, after: monolithAfter},
			"Alpha":    {Resources: map[string]resource{"Rule": thing(1)}, after: alphaAfter},
		})
	}
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, at("a", nil, []string{"Monolith"}))
	deploy(t, account, at("b", []string{"Alpha"}, nil))
	provider.calls()
	require.NoError(t, account.Destroy(t.Context()))
	assert.Equal(t, []string{"DELETE Monolith.Task", "DELETE Alpha.Rule"}, provider.calls())
}

func TestExportInUseIsKept(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, shop(t))
	provider.calls()
	const refusal = `stack Monolith: export "group" is in use by Alpha: destroy Alpha or deploy it without that import first`
	require.EqualError(t, account.Destroy(t.Context(), "Monolith"), refusal)
	without := read(t, t.TempDir(), map[string]declared{
		"Monolith": {Resources: map[string]resource{"Group": thing(1)}},
		"Alpha":    {Resources: map[string]resource{"Rule": {Type: "Test::Rule"}}},
	})
	require.EqualError(t, account.Deploy(t.Context(), without, "Monolith"), refusal)
	assert.Empty(t, provider.calls())
	deploy(t, account, without, "Alpha")
	deploy(t, account, without, "Monolith")
	assert.NoError(t, account.Destroy(t.Context(), "Monolith"))
}

func TestUnknownStacks(t *testing.T) {
	account := cloudformation.New(&fake{}, nil)
	stage := shop(t)
	require.EqualError(t, account.Deploy(t.Context(), stage, "Beta"), `no stack "Beta": want some of Alpha, Data, Edge, Monolith`)
	deploy(t, account, stage, "Edge")
	require.EqualError(t, account.Destroy(t.Context(), "Alpha"), `no stack "Alpha": want some of Edge`)
}

func TestEvents(t *testing.T) {
	var events []string
	observe := func(e cloudformation.Event) {
		line := fmt.Sprintf("%s/%s %s %s_%s", e.Stack, e.LogicalID, e.Type, e.Action, e.Status)
		if e.Err != nil {
			line += " " + e.Err.Error()
		}
		events = append(events, line)
	}
	provider := &fake{during: failing(errBoom, "CREATE Alpha.B")}
	account := cloudformation.New(provider, observe)
	stage := one(t, declared{Resources: map[string]resource{"A": thing(1), "B": thing(2, "A")}})
	require.ErrorIs(t, account.Deploy(t.Context(), stage), errBoom)
	want := []string{
		"Alpha/ AWS::CloudFormation::Stack CREATE_IN_PROGRESS",
		"Alpha/A Test::Thing CREATE_IN_PROGRESS",
		"Alpha/A Test::Thing CREATE_COMPLETE",
		"Alpha/B Test::Thing CREATE_IN_PROGRESS",
		"Alpha/B Test::Thing CREATE_FAILED boom",
		"Alpha/ AWS::CloudFormation::Stack CREATE_ROLLBACK_IN_PROGRESS stack Alpha: resource B: boom",
		"Alpha/B Test::Thing DELETE_IN_PROGRESS",
		"Alpha/B Test::Thing DELETE_COMPLETE",
		"Alpha/A Test::Thing DELETE_IN_PROGRESS",
		"Alpha/A Test::Thing DELETE_COMPLETE",
		"Alpha/ AWS::CloudFormation::Stack CREATE_FAILED stack Alpha: resource B: boom: rolled back",
	}
	assert.Equal(t, want, events)
	provider.during = nil
	deploy(t, account, stage)
	events = nil
	deploy(t, account, stage)
	assert.Empty(t, events, "events of a deployment without changes")
}
