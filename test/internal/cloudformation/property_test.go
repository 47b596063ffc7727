package cloudformation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

var letters = strings.Split("abcdefg", "")

// drawStack draws some of the letters as resources, in a random order. Each refers to
// and depends on some of those before it. A letter always has the same type.
func drawStack(t *rapid.T) declared {
	s := declared{Resources: map[string]resource{}}
	all := rapid.Permutation(letters).Draw(t, "order")
	ids := all[:rapid.IntRange(1, len(all)).Draw(t, "resources")]
	for i, id := range ids {
		before := func(label string) []string {
			return slices.DeleteFunc(slices.Clone(ids[:i]), func(string) bool { return rapid.IntRange(0, 2).Draw(t, label) > 0 })
		}
		r := thing(rapid.IntRange(0, 1).Draw(t, "value"), before("refers")...)
		r.DependsOn = before("depends")
		switch {
		case id < "c": // a new revision with every change
			r.Type = "AWS::ECS::TaskDefinition"
		case id < "e": // another one for another value
			r.Type = "AWS::Logs::LogGroup"
			r.Properties["LogGroupName"] = r.Properties["Value"]
		case id < "f": // another one when another one is what it refers to
			r.Type = "AWS::EC2::SubnetRouteTableAssociation"
			r.Properties["RouteTableId"] = r.Properties["Refs"]
		}
		s.Resources[id] = r
	}
	return s
}

func drawStage(t *rapid.T, dir string) *assembly.Stage {
	return read(t, dir, map[string]declared{"S": drawStack(t)})
}

// At every moment of a creation and of a deletion, exactly the resources that wait for
// no other are in progress.
func TestEveryResourceStartsAsSoonAsItMayAndNotBefore(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		stage := drawStage(rt, dir)
		next := rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(rt, "which next")
		synctest.Test(t, func(t *testing.T) {
			calls := &held{}
			account := cloudformation.New(&fake{during: calls.during}, nil)
			requires, dependents := map[string][]string{}, map[string][]string{}
			for r := range stage.Resources() {
				requires[r.LogicalID] = r.Requires
				for _, required := range r.Requires {
					dependents[required] = append(dependents[required], r.LogicalID)
				}
			}
			assertInProgress(rt, calls, next, "CREATE S.", requires, stage, func() error { return account.Deploy(t.Context(), stage) })
			assertInProgress(rt, calls, next, "DELETE S.", dependents, stage, func() error { return account.Destroy(t.Context()) })
		})
	})
}

// assertInProgress releases the calls of an operation one by one, and compares the running calls
// with the expected ones.
func assertInProgress(t *rapid.T, calls *held, next int, verb string, after map[string][]string, stage *assembly.Stage,
	operation func() error) {
	var failed error
	ended := false
	go func() {
		failed = operation()
		ended = true
	}()
	done := map[string]bool{}
	for synctest.Wait(); !ended; synctest.Wait() {
		var may []string
		for r := range stage.Resources() {
			blocked := slices.ContainsFunc(after[r.LogicalID], func(id string) bool { return !done[id] })
			if !done[r.LogicalID] && !blocked {
				may = append(may, verb+r.LogicalID)
			}
		}
		running := calls.calls()
		if !assert.Equal(t, may, running, "in progress after %v", done) {
			for _, call := range running {
				calls.release(call)
			}
			continue
		}
		chosen := running[next%len(running)]
		calls.release(chosen)
		done[strings.TrimPrefix(chosen, verb)] = true
	}
	assert.NoError(t, failed)
}

func TestDeployCreatesWhatTheStageDeclares(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		provider := &fake{}
		completed := 0 // without a lock: events come one at a time
		account := cloudformation.New(provider, func(e cloudformation.Event) {
			if e.LogicalID != "" && e.Status == cloudformation.Complete {
				completed++
			}
		})
		for range 2 {
			stage := drawStage(t, dir)
			planned := listed(account.Changes(stage))
			require.NoError(t, account.Deploy(t.Context(), stage))
			require.Equal(t, properties(stage), provider.current(t))
			made := logicals(provider.calls())
			require.Len(t, made, completed, "one event of completion for each call")
			completed = 0
			require.ElementsMatch(t, planned, made, "calls as planned")
			require.NoError(t, account.Deploy(t.Context(), stage))
			require.Empty(t, provider.calls(), "a second deployment of the same stage")
		}
		require.NoError(t, account.Destroy(t.Context()))
		require.Empty(t, provider.existing)
		require.Empty(t, account.Deployed())
	})
}

// After a failed deployment the earlier resources exist again, and only resources that
// were attempted are rolled back.
func TestFailureIsRolledBack(t *testing.T) {
	dir := t.TempDir()
	boom := errors.New("boom")
	rapid.Check(t, func(t *rapid.T) {
		provider := &fake{}
		account := cloudformation.New(provider, nil)
		before := map[string]map[string]any{}
		var stage *assembly.Stage
		if rapid.Bool().Draw(t, "an update") {
			stage = drawStage(t, dir)
			require.NoError(t, account.Deploy(t.Context(), stage))
			before = properties(stage)
		}
		provider.calls()

		next := drawStage(t, dir)
		changes := slices.DeleteFunc(account.Changes(next), func(c cloudformation.Change) bool { return c.Action == cloudformation.Delete })
		if len(changes) == 0 {
			return
		}
		doomed := rapid.SampledFrom(listed(changes)).Draw(t, "failing")
		var failed atomic.Bool
		provider.during = func(_ context.Context, call string) error {
			if logical(call) == doomed && failed.CompareAndSwap(false, true) {
				return boom
			}
			return nil
		}
		err := account.Deploy(t.Context(), next)
		_, id, _ := strings.Cut(doomed, ".")
		require.ErrorIs(t, err, boom)
		require.EqualError(t, err, fmt.Sprintf("stack S: resource %s: boom: rolled back", id))
		require.Equal(t, before, provider.current(t))
		for id, calls := range callsByResource(logicals(provider.calls())) {
			require.Len(t, calls, 2, "%s: want one call of the attempt and one of the rollback", id)
		}
		if stage == nil {
			require.Empty(t, account.Deployed(), "after a failed creation")
			return
		}
		require.Empty(t, listed(account.Changes(stage)), "after a rollback")
	})
}

// logicals are calls without generations.
func logicals(calls []string) []string {
	var all []string
	for _, call := range calls {
		all = append(all, logical(call))
	}
	return all
}

func callsByResource(log []string) map[string][]string {
	calls := map[string][]string{}
	for _, call := range log {
		action, id, _ := strings.Cut(call, " ")
		calls[id] = append(calls[id], action)
	}
	return calls
}
