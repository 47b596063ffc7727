package services

import (
	"fmt"
	"maps"
	"slices"
)

// Step is what is wrong with going from one migration to the next in one
// deployment, a mistake for each service, by name, and for the monolith. A service
// that only one of the two has comes or goes, in whatever phase. Where nothing moves
// nothing is wrong.
//
// Into strangled moves no request, so it begins where the service has taken its
// paths over and the way back is one word. The monolith is drained before it is
// retired, so that what still needs it shows while its tasks run.
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
		if want := after.Monolith.wants(); to != want && to != Strangled && want != Dark {
			errs = append(errs, fmt.Errorf("services: %q is %s while the monolith is %s: make it %s before", name, to, after.Monolith, want))
		}
	}
	if before.Monolith == Serving && after.Monolith == Retired {
		errs = append(errs, fmt.Errorf("services: the monolith goes from %s to %s: make it %s first, and see that nobody misses it", Serving, Retired, Drained))
	}
	return errs
}

// wants is the least that every service must be before the monolith is so far.
func (p MonolithPhase) wants() Phase {
	switch p {
	case Drained:
		return Live
	case Retired:
		return Strangled
	}
	return Dark
}
