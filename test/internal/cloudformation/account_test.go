package cloudformation_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

var errBoom = errors.New("boom")

// users is the stack of a service at a version, without the resources named.
func users(version string, without ...string) declared {
	s := declared{Resources: map[string]resource{
		"Task":    {Type: "AWS::ECS::TaskDefinition", Properties: map[string]any{"Family": version}},
		"Group":   thing("users"),
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
	return read(t, t.TempDir(), map[string]declared{"Users": s})
}

func deploy(t *testing.T, account *cloudformation.Account, stage *assembly.Stage, stacks ...string) {
	t.Helper()
	if err := account.Deploy(t.Context(), stage, stacks...); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

func wantCalls(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

func TestLiveRuleFollowsItsServiceAndGoesBeforeIt(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, users("1")))
	calls := provider.calls()
	if slices.Index(calls, "CREATE Users.Service") > slices.Index(calls, "CREATE Users.Live") {
		t.Errorf("the rule came before the service: %v", calls)
	}
	if err := account.Destroy(t.Context(), "Users"); err != nil {
		t.Fatal(err)
	}
	calls = provider.calls()
	if slices.Index(calls, "DELETE Users.Live") > slices.Index(calls, "DELETE Users.Service") {
		t.Errorf("the service went before the rule: %v", calls)
	}
}

func TestNewRevisionOfATaskDefinitionUpdatesItsService(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, users("1")))
	provider.calls()
	next := one(t, users("2"))
	changes := account.Changes(next)
	deploy(t, account, next)
	wantCalls(t, provider.calls(), "UPDATE Users.Task", "UPDATE Users.Service")
	if service := changes[1]; !reflect.DeepEqual(service.From.Properties, service.To.Properties) {
		t.Errorf("the service's own properties differ: %v", service)
	}
}

func TestWhoIsUpdatedWithWhatItRequires(t *testing.T) {
	attribute := map[string]any{"Nested": []any{map[string]any{"Fn::GetAtt": []string{"Changing", "Arn"}}}}
	for _, test := range []struct {
		what, changing string
		other          resource
		want           []string
	}{
		{"a reference to a new revision", "AWS::ECS::TaskDefinition", thing(1, "Changing"), []string{"UPDATE Users.Changing", "UPDATE Users.Other"}},
		{"its attribute", "AWS::ECS::TaskDefinition", thing(attribute), []string{"UPDATE Users.Changing", "UPDATE Users.Other"}},
		{"DependsOn alone", "AWS::ECS::TaskDefinition", resource{Type: "Test::Thing", DependsOn: []string{"Changing"}}, []string{"UPDATE Users.Changing"}},
		{"a reference to what keeps its physical id", "Test::Thing", thing(1, "Changing"), []string{"UPDATE Users.Changing"}},
	} {
		at := func(version string) *assembly.Stage {
			changing := resource{Type: test.changing, Properties: map[string]any{"Family": version}}
			return one(t, declared{Resources: map[string]resource{"Changing": changing, "Other": test.other}})
		}
		account := cloudformation.New(&fake{}, nil)
		deploy(t, account, at("1"))
		if changes := listed(account.Changes(at("2"))); !slices.Equal(changes, test.want) {
			t.Errorf("%s: changes %v, want %v", test.what, changes, test.want)
		}
	}
}

// C required A through B, which stays and no longer requires it: the order of the
// old template counts.
func TestCleanUpFollowsTheOldTemplate(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, declared{Resources: map[string]resource{"A": thing(1), "B": thing(1, "A"), "C": thing(1, "B")}}))
	provider.calls()
	next := one(t, declared{Resources: map[string]resource{"B": thing(1), "D": thing(1)}})
	wantCalls(t, listed(account.Changes(next)), "UPDATE Users.B", "CREATE Users.D", "DELETE Users.C", "DELETE Users.A")
	deploy(t, account, next)
	wantCalls(t, provider.calls()[2:], "DELETE Users.C", "DELETE Users.A")
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
			} else if err := account.Destroy(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantCalls(t, provider.calls(), "DELETE Users.Gone")
			if there := provider.ids(); !slices.Equal(there, []string{"Users.Table"}) {
				t.Errorf("%s of %s leaves %v", operation, policy, there)
			}
		}
	}
}

func TestRollbackOfACreationRetainsByPolicy(t *testing.T) {
	for policy, want := range map[string][]string{"": nil, "Delete": nil, "RetainExceptOnCreate": nil, "Retain": {"Users.Table"}} {
		table := thing("data")
		table.DeletionPolicy = policy
		provider := &fake{during: failing(errBoom, "CREATE Users.Bad")}
		account := cloudformation.New(provider, nil)
		err := account.Deploy(t.Context(), one(t, declared{Resources: map[string]resource{"Table": table, "Bad": thing("x", "Table")}}))
		wantError(t, err, "stack Users: resource Bad: boom: rolled back")
		if there := provider.ids(); !slices.Equal(there, want) {
			t.Errorf("DeletionPolicy %q leaves %v, want %v", policy, there, want)
		}
		if deployed := account.Deployed(); len(deployed) > 0 {
			t.Errorf("%v is deployed", deployed)
		}
	}
}

// A failure stops what runs beside it before anything is undone.
func TestFailureStopsAndAwaitsWhatRunsBesideIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		provider := &fake{}
		provider.during = func(ctx context.Context, call string) error {
			switch call {
			case "CREATE Users.Slow":
				close(slow)
				<-ctx.Done()
				synctest.Wait()
				if there := provider.ids(); len(there) != 2 {
					t.Errorf("the rollback did not wait: there is only %v", there)
				}
				return ctx.Err()
			case "CREATE Users.Bad":
				<-slow
				return errBoom
			}
			return ctx.Err()
		}
		account := cloudformation.New(provider, nil)
		err := account.Deploy(t.Context(), one(t, declared{Resources: map[string]resource{"Slow": thing(1), "Bad": thing(2), "Never": thing(3, "Slow")}}))
		wantError(t, err, "stack Users: resource Bad: boom: rolled back")
		if there := provider.ids(); len(there) > 0 {
			t.Errorf("there is %v", there)
		}
		if slices.Contains(provider.calls(), "CREATE Users.Never") {
			t.Error("a resource was created after what it requires had failed")
		}
	})
}

func TestFailedRollbackSaysWhatIsLeft(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	old, next := one(t, users("1")), one(t, users("2", "Live"))
	deploy(t, account, old)
	provider.during = failing(errBoom, "UPDATE Users.Service")
	wantError(t, account.Deploy(t.Context(), next),
		"stack Users: resource Service: boom: rollback failed and left Service\nstack Users: resource Service: boom")
	provider.during = nil
	provider.calls()
	deploy(t, account, next)
	if calls := provider.calls(); !slices.Contains(calls, "UPDATE Users.Service") || !slices.Contains(calls, "DELETE Users.Live") {
		t.Errorf("the next deployment does only %v", calls)
	}
	if !reflect.DeepEqual(provider.there, want(next)) {
		t.Errorf("there is %v", provider.there)
	}
}

func TestCreationThatCannotBeRolledBack(t *testing.T) {
	provider := &fake{during: failing(errBoom, "CREATE Users.Service", "DELETE Users.Service")}
	account := cloudformation.New(provider, nil)
	stage := one(t, users("1"))
	wantError(t, account.Deploy(t.Context(), stage),
		"stack Users: resource Service: boom: rollback failed and left Group, Preview, Service, Task\nstack Users: resource Service: boom")
	if deployed := account.Deployed(); !slices.Equal(deployed, []string{"Users"}) {
		t.Errorf("deployed: %v, want Users, of which something is left", deployed)
	}
	provider.during = nil
	provider.calls()
	deploy(t, account, stage)
	wantCalls(t, provider.calls(), "DELETE Users.Service", "CREATE Users.Service", "CREATE Users.Live")
}

func TestFailedCleanUpIsTriedAgain(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, users("1")))
	next := one(t, users("1", "Live", "Service"))
	provider.during = failing(errBoom, "DELETE Users.Live")
	wantError(t, account.Deploy(t.Context(), next), "stack Users: resource Live: boom")
	wantCalls(t, listed(account.Changes(next)), "DELETE Users.Live", "DELETE Users.Service")
	provider.during = nil
	deploy(t, account, next)
	if !reflect.DeepEqual(provider.there, want(next)) {
		t.Errorf("there is %v", provider.there)
	}
}

func TestChangeOfTypeIsRefused(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, one(t, users("1")))
	next := users("2")
	next.Resources["Live"] = resource{Type: "Test::Other"}
	provider.calls()
	wantError(t, account.Deploy(t.Context(), one(t, next)),
		"stack Users: resource Live: its type changes from Test::Rule to Test::Other, which CloudFormation refuses: give the new resource another logical id")
	wantCalls(t, provider.calls())
}

func TestCancelledDeploymentIsNotRolledBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	provider := &fake{}
	provider.during = func(ctx context.Context, call string) error {
		if call == "CREATE Users.Service" {
			cancel()
			return errBoom
		}
		return nil
	}
	account := cloudformation.New(provider, nil)
	stage := one(t, users("1"))
	err := account.Deploy(ctx, stage)
	wantError(t, err, "stack Users: context canceled: not rolled back")
	if !errors.Is(err, context.Canceled) {
		t.Error("the error is not the context's")
	}
	if there := provider.ids(); !slices.Contains(there, "Users.Group") || !slices.Contains(there, "Users.Service") {
		t.Errorf("there is %v: something was rolled back", there)
	}
	provider.during = nil
	if err := account.Destroy(t.Context()); err != nil || len(provider.ids()) > 0 {
		t.Errorf("there is %v (%v)", provider.ids(), err)
	}
	if err := account.Deploy(ctx, stage); !errors.Is(err, context.Canceled) || len(account.Deployed()) > 0 {
		t.Errorf("deploying with a context that is done: %v", err)
	}
}

// forum has stacks that depend on Data, and one that nothing depends on.
func forum(t *testing.T) *assembly.Stage {
	t.Helper()
	export := map[string]any{"Group": map[string]any{"Value": map[string]any{"Ref": "Group"}, "Export": map[string]any{"Name": "group"}}}
	imported := resource{Type: "Test::Rule", Properties: map[string]any{"Group": map[string]any{"Fn::ImportValue": "group"}}}
	return read(t, t.TempDir(), map[string]declared{
		"Data":     {Resources: map[string]resource{"Table": thing(1)}},
		"Edge":     {Resources: map[string]resource{"Door": thing(1)}},
		"Monolith": {Resources: map[string]resource{"Group": thing(1)}, Outputs: export, after: []string{"Data"}},
		"Users":    {Resources: map[string]resource{"Rule": imported}, after: []string{"Monolith"}},
	})
}

func TestStacksFollowTheirDependenciesSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := &held{}
		account := cloudformation.New(&fake{during: calls.during}, nil)
		stage := forum(t)
		step := func(operation func() error, order ...string) {
			ended := make(chan error)
			go func() { ended <- operation() }()
			for _, want := range order {
				synctest.Wait()
				running := calls.calls()
				wantCalls(t, running, strings.Split(want, "+")...)
				for _, call := range running {
					calls.release(call)
				}
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		step(func() error { return account.Deploy(t.Context(), stage, "Users", "Data") }, "CREATE Data.Table", "CREATE Users.Rule")
		step(func() error { return account.Destroy(t.Context(), "Data", "Users") }, "DELETE Data.Table+DELETE Users.Rule")
		step(func() error { return account.Deploy(t.Context(), stage) },
			"CREATE Data.Table+CREATE Edge.Door", "CREATE Monolith.Group", "CREATE Users.Rule")
		step(func() error { return account.Destroy(t.Context()) },
			"DELETE Edge.Door+DELETE Users.Rule", "DELETE Monolith.Group", "DELETE Data.Table")
	})
}

func TestFailedStackStopsItsDependentsAlone(t *testing.T) {
	provider := &fake{during: failing(errBoom, "CREATE Monolith", "CREATE Edge")}
	account := cloudformation.New(provider, nil)
	err := account.Deploy(t.Context(), forum(t))
	for _, line := range []string{"stack Monolith: resource Group: boom: rolled back", "stack Edge: resource Door: boom: rolled back"} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("error %v, want %s in it", err, line)
		}
	}
	if deployed := account.Deployed(); !slices.Equal(deployed, []string{"Data"}) {
		t.Errorf("deployed: %v, want Data", deployed)
	}
}

func TestExportInUseIsKept(t *testing.T) {
	provider := &fake{}
	account := cloudformation.New(provider, nil)
	deploy(t, account, forum(t))
	provider.calls()
	const refusal = `stack Monolith: export "group" is in use by Users: destroy Users or deploy it without that import first`
	wantError(t, account.Destroy(t.Context(), "Monolith"), refusal)
	without := read(t, t.TempDir(), map[string]declared{
		"Monolith": {Resources: map[string]resource{"Group": thing(1)}},
		"Users":    {Resources: map[string]resource{"Rule": {Type: "Test::Rule"}}},
	})
	wantError(t, account.Deploy(t.Context(), without, "Monolith"), refusal)
	wantCalls(t, provider.calls())
	deploy(t, account, without, "Users")
	deploy(t, account, without, "Monolith")
	if err := account.Destroy(t.Context(), "Monolith"); err != nil {
		t.Error(err)
	}
}

func TestUnknownStacks(t *testing.T) {
	account := cloudformation.New(&fake{}, nil)
	stage := forum(t)
	wantError(t, account.Deploy(t.Context(), stage, "Posts"), `no stack "Posts": want some of Data, Edge, Monolith, Users`)
	deploy(t, account, stage, "Edge")
	wantError(t, account.Destroy(t.Context(), "Users"), `no stack "Users": want some of Edge`)
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
	provider := &fake{during: failing(errBoom, "CREATE Users.B")}
	account := cloudformation.New(provider, observe)
	stage := one(t, declared{Resources: map[string]resource{"A": thing(1), "B": thing(2, "A")}})
	if err := account.Deploy(t.Context(), stage); err == nil {
		t.Fatal("the failure is lost")
	}
	want := []string{
		"Users/ AWS::CloudFormation::Stack CREATE_IN_PROGRESS",
		"Users/A Test::Thing CREATE_IN_PROGRESS",
		"Users/A Test::Thing CREATE_COMPLETE",
		"Users/B Test::Thing CREATE_IN_PROGRESS",
		"Users/B Test::Thing CREATE_FAILED boom",
		"Users/ AWS::CloudFormation::Stack CREATE_ROLLBACK_IN_PROGRESS stack Users: resource B: boom",
		"Users/B Test::Thing DELETE_IN_PROGRESS",
		"Users/B Test::Thing DELETE_COMPLETE",
		"Users/A Test::Thing DELETE_IN_PROGRESS",
		"Users/A Test::Thing DELETE_COMPLETE",
		"Users/ AWS::CloudFormation::Stack CREATE_FAILED stack Users: resource B: boom: rolled back",
	}
	if !slices.Equal(events, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(events, "\n"), strings.Join(want, "\n"))
	}
	provider.during = nil
	deploy(t, account, stage)
	events = nil
	deploy(t, account, stage)
	if len(events) > 0 {
		t.Errorf("a deployment without a difference tells of %v", events)
	}
}
