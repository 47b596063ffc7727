package services

import (
	"fmt"
	"maps"
	"slices"
)

// Step returns the mistakes in going from one migration to another in one
// deployment: those of the services by name, then the monolith's. A service that
// only one of the two has may be in any phase. Two equal migrations have no mistake.
//
// A service is live before it is strangled, so that the step moves no request and
// its rollback is one word. The monolith is drained before it is retired, so that
// what still needs it shows while its tasks run.
func Step(before, after Migration) []error {
	if before.Monolith == after.Monolith && maps.Equal(before.Services, after.Services) {
		return nil
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(after.Services)) {
		to := after.Services[name]
		if from, ok := before.Services[name]; ok && to.Strangled && !from.TakenOver() {
			errs = append(errs, fmt.Errorf("services: %q goes from %s to %s: make it %s first, and wait until it has proved itself", name, from, to, Live))
		}
		if want := after.Monolith.required(); to != want && to != Strangled && want != Dark {
			errs = append(errs, fmt.Errorf("services: %q is %s while the monolith is %s: make it %s before", name, to, after.Monolith, want))
		}
	}
	if before.Monolith == Serving && after.Monolith == Retired {
		errs = append(errs, fmt.Errorf("services: the monolith goes from %s to %s: make it %s first, and check that nothing needs it", Serving, Retired, Drained))
	}
	return errs
}

// required returns the phase that every service has at least while the monolith is
// in phase p.
func (p MonolithPhase) required() Phase {
	switch p {
	case Drained:
		return Live
	case Retired:
		return Strangled
	}
	return Dark
}
