package services

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Step returns the mistakes in going from one migration to another in one
// deployment: those of the services by name, of their routes, then the monolith's. A service
// or route that only one of the two has may be in any phase. Two equal migrations have no
// mistake.
//
// A service is live before it is strangled, so that the step moves no request and
// its rollback is one word. The monolith is drained before it is retired, so that
// what still needs it shows while its tasks run.
func Step(before, after Migration) []error {
	if before.Monolith == after.Monolith && maps.Equal(before.Services, after.Services) && maps.Equal(before.Routes, after.Routes) {
		return nil
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(after.Services)) {
		from, known := before.Services[name]
		if err := stepOf(from, after.Services[name], known, Strangled, before, after); err != nil {
			errs = append(errs, fmt.Errorf("services: %q %w", name, err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after.Routes)) {
		from, known := before.Routes[key]
		to := after.Routes[key]
		if service, _, _ := strings.Cut(key, "."); known && after.Services[service].Strangled {
			to.Strangled = true
		}
		if err := stepOf(from, to, known, Live, before, after); err != nil {
			errs = append(errs, fmt.Errorf("services: %q %w", key, err))
		}
	}
	if before.Monolith == Serving && after.Monolith == Retired {
		errs = append(errs,
			fmt.Errorf("services: the monolith goes from %s to %s: make it %s first, and check that nothing needs it", Serving, Retired, Drained))
	}
	return errs
}

// stepOf returns the mistake in the step of one service or route, which is in its last
// phase before the monolith is retired.
func stepOf(from, to Phase, known bool, last Phase, before, after Migration) error {
	switch {
	case after.Monolith == Retired && (before.Monolith == Retired || !known):
		// What is dark here never had the monolith behind it.
		if from != Dark && to == Dark {
			return fmt.Errorf("goes from %s to %s while the monolith is %s: no program would serve its paths", from, to, Retired)
		}
	case after.Monolith == Retired && to != last && !to.Strangled:
		return fmt.Errorf("is %s while the monolith is %s: make it %s before", to, Retired, last)
	case after.Monolith == Drained && !to.TakenOver():
		return fmt.Errorf("is %s while the monolith is %s: make it %s before", to, Drained, Live)
	case known && to.Strangled && !from.TakenOver():
		return fmt.Errorf("goes from %s to %s: make it %s first, and wait until it has proved itself", from, to, Live)
	}
	return nil
}
