package test

import (
	"fmt"
	"slices"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"github.com/stretchr/testify/assert"
)

// allLive is the situation that most proofs look at.
var allLive = situation{"live", services.Serving}

// equal is nil, or an error that names what differs, for a check that mutants also run.
func equal(what string, want, got any) error {
	if assert.ObjectsAreEqual(want, got) {
		return nil
	}
	return fmt.Errorf("%s: %v, want %v", what, got, want)
}

// rulesOf are the two listener rules in a service's stack, nil where there is none.
func rulesOf(stage *assembly.Stage, name string) (preview, live *assembly.ListenerRule) {
	for i, rule := range stage.ListenerRules {
		if rule.Stack != (services.Service{Name: name}).ID() {
			continue
		}
		if slices.ContainsFunc(rule.Rule.Conditions, func(c alb.Condition) bool { _, ok := c.(alb.HTTPHeader); return ok }) {
			preview = &stage.ListenerRules[i]
		} else {
			live = &stage.ListenerRules[i]
		}
	}
	return preview, live
}

// only is a stack's single resource of a type.
func only(stage *assembly.Stage, stack, kind string) assembly.Resource {
	var found []assembly.Resource
	for r := range stage.Resources(kind) {
		if r.Stack == stack {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		panic("not exactly one " + kind + " in " + stack)
	}
	return found[0]
}

// dropDependency removes a logical id from the DependsOn of all resources of a type.
func dropDependency(resources map[string]any, kind, logicalID string) {
	for _, r := range resources {
		resource := r.(map[string]any)
		if resource["Type"] == kind {
			resource["DependsOn"] = slices.DeleteFunc(resource["DependsOn"].([]any), func(id any) bool { return id == logicalID })
		}
	}
}
