package main

import (
	"fmt"
	"maps"

	"example.com/forum/services"
)

// step is one deployment of the migration: a name for the report and a word for
// every service and the monolith.
type step struct {
	name   string
	phases map[string]string
}

// serving are the programs that must answer on a service's paths at this step,
// as its phase says. The templates are judged by this, not the other way round.
func (s step) serving(c services.Catalog, service string) ([]string, error) {
	phase, err := services.ParsePhase(s.phases[service])
	if err != nil {
		return nil, err
	}
	switch {
	case phase == services.Dark:
		return []string{c.Monolith.Name}, nil
	case phase.TakenOver():
		return []string{service}, nil
	}
	return []string{c.Monolith.Name, service}, nil
}

// rest is who must answer what no service has.
func (s step) rest(c services.Catalog) string {
	if s.phases[c.Monolith.Name] == string(services.Serving) {
		return c.Monolith.Name
	}
	return loadBalancer
}

// walk takes every service from dark to strangled, one after the other, and
// then the monolith out of service.
func walk(c services.Catalog) []step {
	phases := map[string]string{c.Monolith.Name: string(services.Serving)}
	for _, s := range c.Services {
		phases[s.Name] = services.Dark.String()
	}
	steps := []step{{"all dark", maps.Clone(phases)}}
	advance := func(name, word string) {
		phases[name] = word
		steps = append(steps, step{fmt.Sprintf("%s %s", name, word), maps.Clone(phases)})
	}
	for _, s := range c.Services {
		for _, p := range []services.Phase{{Share: 10}, {Share: 50}, services.Live, services.Strangled} {
			advance(s.Name, p.String())
		}
	}
	advance(c.Monolith.Name, string(services.Drained))
	advance(c.Monolith.Name, string(services.Retired))
	return steps
}
