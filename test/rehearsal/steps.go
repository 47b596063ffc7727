package main

import (
	"fmt"
	"maps"
	"slices"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
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
	shares := map[string]map[string]float64{elsewhere: s.rest(c)}
	for _, service := range c.Services {
		phase, err := services.ParsePhase(s.phases[service.Name])
		if err != nil {
			return nil, err
		}
		of := map[string]float64{}
		if phase.Share > 0 {
			of[service.Name] = float64(phase.Share) / 100
		}
		if phase.Share < 100 {
			of[c.Monolith.Name] = 1 - float64(phase.Share)/100
		}
		for _, path := range kinds.Paths() {
			if slices.Contains(service.Paths, path) {
				shares[path] = of
			}
		}
	}
	return shares, nil
}

// rest is who must answer what no service has.
func (s step) rest(c services.Catalog) map[string]float64 {
	if s.phases[c.Monolith.Name] == string(services.Serving) {
		return map[string]float64{c.Monolith.Name: 1}
	}
	return map[string]float64{loadBalancer: 1}
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

// walk takes every service from dark to strangled, one after the other, and
// then the monolith out of service.
func walk(c services.Catalog) []step {
	steps := []step{start(c)}
	advance := func(name, word string) { steps = append(steps, steps[len(steps)-1].with(name, word)) }
	for _, s := range c.Services {
		for _, p := range []services.Phase{{Share: 10}, {Share: 50}, services.Live, services.Strangled} {
			advance(s.Name, p.String())
		}
	}
	advance(c.Monolith.Name, string(services.Drained))
	advance(c.Monolith.Name, string(services.Retired))
	return steps
}
