package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/wildcard"
)

// step is one deployment of the migration: a name for the report and a word for
// every service and the monolith.
type step struct {
	name   string
	phases map[string]string
}

// shares are who must answer how much of each path of the report at this step,
// as the phases say. The templates are judged by this, not the other way round.
func (s step) shares(c services.Catalog, kinds traffic.Traffic) (map[string]map[string]float64, error) {
	phases := map[string]services.Phase{}
	for _, service := range c.Services {
		phase, err := services.ParsePhase(s.phases[service.Name])
		if err != nil {
			return nil, err
		}
		phases[service.Name] = phase
	}
	shares := map[string]map[string]float64{elsewhere: {s.last(c): 1}}
	for _, path := range kinds.Paths() {
		shares[path] = s.sharesOf(path, c, phases)
	}
	return shares, nil
}

// sharesOf gives each service that has the path, from the first priority on, its share
// of what those before it leave, and the rest to what takes every path.
func (s step) sharesOf(path string, c services.Catalog, phases map[string]services.Phase) map[string]float64 {
	of, rest := map[string]float64{}, 100
	for _, service := range slices.SortedFunc(slices.Values(c.Services), byPriority) {
		has := slices.ContainsFunc(service.Paths, func(pattern string) bool { return wildcard.MatchEscaped(pattern, path) })
		if share := phases[service.Name].Share; has && share > 0 && rest > 0 {
			of[service.Name] = float64(rest*share) / 10000
			rest -= rest * share / 100
		}
	}
	if rest > 0 {
		of[s.last(c)] = float64(rest) / 100
	}
	return of
}

func byPriority(a, b services.Service) int { return cmp.Compare(a.Priority, b.Priority) }

// last is who must answer what no service has.
func (s step) last(c services.Catalog) string {
	if s.phases[c.Monolith.Name] == string(services.Serving) {
		return c.Monolith.Name
	}
	return loadBalancer
}

// start is the step before anything moves.
func start(c services.Catalog) step {
	phases := map[string]string{c.Monolith.Name: string(services.Serving)}
	for _, s := range c.Services {
		phases[s.Name] = services.Dark.String()
	}
	return step{"all dark", phases}
}

// with is the step after one more word.
func (s step) with(name, word string) step {
	phases := maps.Clone(s.phases)
	phases[name] = word
	return step{fmt.Sprintf("%s %s", name, word), phases}
}

// walk takes every service from dark to strangled, one after the other, and then the
// monolith out of service. The first service also goes back, from live by a share to dark
// and from strangled to live: rollback is a word too.
func walk(c services.Catalog) []step {
	steps := []step{start(c)}
	advance := func(name string, words ...string) {
		for _, word := range words {
			steps = append(steps, steps[len(steps)-1].with(name, word))
		}
	}
	live, strangled := services.Live.String(), services.Strangled.String()
	for i, s := range c.Services {
		advance(s.Name, "10%", "50%", live)
		if i == 0 {
			advance(s.Name, "10%", services.Dark.String(), live)
		}
		advance(s.Name, strangled)
		if i == 0 {
			advance(s.Name, live, strangled)
		}
	}
	advance(c.Monolith.Name, string(services.Drained), string(services.Retired))
	return steps
}
