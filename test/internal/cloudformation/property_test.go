package cloudformation_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

var letters = strings.Split("abcdefg", "")

// drawStack draws some of the letters as resources in a random order, each with
// references and DependsOn to some of those before it. A letter has one type.
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
		if id < "c" {
			r.Type = "AWS::ECS::TaskDefinition"
		}
		s.Resources[id] = r
	}
	return s
}

func drawStage(t *rapid.T, dir string) *assembly.Stage {
	return read(t, dir, map[string]declared{"S": drawStack(t)})
}

// Whatever may run runs, and nothing else: at every moment of a creation and of a
// deletion, exactly those resources are worked on that wait for no other.
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
			follow(rt, calls, next, "CREATE S.", requires, stage, func() error { return account.Deploy(t.Context(), stage) })
			follow(rt, calls, next, "DELETE S.", dependents, stage, func() error { return account.Destroy(t.Context()) })
		})
	})
}

// follow lets the calls of an operation end one by one and compares those that
// run with those that may.
func follow(t *rapid.T, calls *held, next int, verb string, after map[string][]string, stage *assembly.Stage, operation func() error) {
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
		if !slices.Equal(running, may) {
			t.Errorf("after %v: %v run, want %v", done, running, may)
			for _, call := range running {
				calls.release(call)
			}
			continue
		}
		chosen := running[next%len(running)]
		calls.release(chosen)
		done[strings.TrimPrefix(chosen, verb)] = true
	}
	if failed != nil {
		t.Error(failed)
	}
}

func TestDeployLeavesWhatTheStageDeclares(t *testing.T) {
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
			if err := account.Deploy(t.Context(), stage); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(provider.there, want(stage)) {
				t.Fatalf("there is %v, want %v", provider.there, want(stage))
			}
			made := provider.calls()
			if completed != len(made) {
				t.Fatalf("%d events of completion for %d calls", completed, len(made))
			}
			completed = 0
			slices.Sort(planned)
			slices.Sort(made)
			if !slices.Equal(made, planned) {
				t.Fatalf("calls %v, want those planned: %v", made, planned)
			}
			if err := account.Deploy(t.Context(), stage); err != nil || len(provider.calls()) > 0 {
				t.Fatalf("deploying again does something (%v)", err)
			}
		}
		if err := account.Destroy(t.Context()); err != nil || len(provider.there) > 0 || len(account.Deployed()) > 0 {
			t.Fatalf("destroyed, but there is %v and %v is deployed (%v)", provider.there, account.Deployed(), err)
		}
	})
}

// However a deployment fails, what was there before is there again, and only what
// was attempted is touched on the way back.
func TestFailureLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	boom := errors.New("boom")
	rapid.Check(t, func(t *rapid.T) {
		provider := &fake{}
		account := cloudformation.New(provider, nil)
		before := map[string]map[string]any{}
		var stage *assembly.Stage
		if rapid.Bool().Draw(t, "an update") {
			stage = drawStage(t, dir)
			if err := account.Deploy(t.Context(), stage); err != nil {
				t.Fatal(err)
			}
			before = want(stage)
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
			if call == doomed && failed.CompareAndSwap(false, true) {
				return boom
			}
			return nil
		}
		err := account.Deploy(t.Context(), next)
		_, id, _ := strings.Cut(doomed, ".")
		if want := fmt.Sprintf("stack S: resource %s: boom: rolled back", id); !errors.Is(err, boom) || err.Error() != want {
			t.Fatalf("error %v, want %s", err, want)
		}
		if there := provider.there; len(there)+len(before) > 0 && !reflect.DeepEqual(there, before) {
			t.Fatalf("there is %v, want %v as before", there, before)
		}
		for id, calls := range callsByResource(provider.calls()) {
			if len(calls) != 2 {
				t.Fatalf("%s: calls %v, want an attempt and its undoing", id, calls)
			}
		}
		if stage == nil {
			if deployed := account.Deployed(); len(deployed) > 0 {
				t.Fatalf("%v is deployed after a failed creation", deployed)
			}
			return
		}
		if changes := account.Changes(stage); len(changes) > 0 {
			t.Fatalf("rolled back, but %v are to do", listed(changes))
		}
	})
}

func callsByResource(log []string) map[string][]string {
	calls := map[string][]string{}
	for _, call := range log {
		action, id, _ := strings.Cut(call, " ")
		calls[id] = append(calls[id], action)
	}
	return calls
}
