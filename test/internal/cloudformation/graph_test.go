package cloudformation

import (
	"context"
	"testing"
)

// A stage that is made by hand can have a cycle, which assembly.Read refuses.
func TestCycleIsAnErrorAndNoDeadlock(t *testing.T) {
	g := graph{"a": {"b"}, "b": {"a"}, "c": nil}
	err := g.run(t.Context(), func(context.Context, string) error { return nil })
	if err == nil || err.Error() != "cycle among a, b" {
		t.Errorf("error %v, want the cycle", err)
	}
	if order := g.order(); len(order) != 1 {
		t.Errorf("order %v, want c alone", order)
	}
}
