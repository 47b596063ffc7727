package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
)

// step is one deployment of the migration: a name for the report and a word for
// every service and the monolith.
type step struct {
	name   string
	phases map[string]string
}

// shares are who must answer how much of each column of the report at this step,
// as the phases say. The templates are judged by this, not the other way round.
func (s step) shares(c services.Catalog, kinds traffic.Traffic) (map[string]map[string]float64, error) {
	phases := map[string]services.Phase{}
	for _, key := range c.Keys() {
		if key == c.Monolith.Name {
			continue
		}
		phase, err := services.ParsePhase(s.phases[key])
		if err != nil {
			return nil, err
		}
		phases[key] = phase
	}
	shares := map[string]map[string]float64{elsewhere: {s.last(c): 1}}
	for _, k := range kinds {
		if k.Path != "" {
			shares[columnOf(k.Path, k.Route())] = s.sharesOf(k, c, phases)
		}
	}
	return shares, nil
}

// columns are those of the shares, in the order of the kinds.
func columns(kinds traffic.Traffic) []string {
	var all []string
	for _, k := range kinds {
		if column := columnOf(k.Path, k.Route()); k.Path != "" && !slices.Contains(all, column) {
			all = append(all, column)
		}
	}
	return append(all, elsewhere)
}

// sharesOf gives each service that has the requests of a kind, from the first priority on,
// its share of what those before it leave, and the rest to what takes every path.
func (s step) sharesOf(k traffic.Kind, c services.Catalog, phases map[string]services.Phase) map[string]float64 {
	of, rest := map[string]float64{}, 100
	for _, service := range slices.SortedFunc(slices.Values(c.Services), byPriority) {
		i := slices.IndexFunc(service.Routes, func(r services.Route) bool {
			return phases[r.Key(service.Name)].Share > 0 && r.Takes(k.Method, k.Header["Host"], k.Path)
		})
		if i >= 0 && rest > 0 {
			share := phases[service.Routes[i].Key(service.Name)].Share
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

// serves reports whether a service has traffic at this step, by one of its routes at least.
func (s step) serves(name string) bool {
	for key, phase := range s.phases {
		if service, _, _ := strings.Cut(key, "."); service == name && phase != services.Dark.String() {
			return true
		}
	}
	return false
}

// start is the step before anything moves.
func start(c services.Catalog) step {
	phases := map[string]string{c.Monolith.Name: string(services.Serving)}
	for _, key := range c.Keys() {
		if key != c.Monolith.Name {
			phases[key] = services.Dark.String()
		}
	}
	return step{"all dark", phases}
}

// with is the step after one more word.
func (s step) with(name, word string) step {
	phases := maps.Clone(s.phases)
	phases[name] = word
	return step{fmt.Sprintf("%s %s", name, word), phases}
}

// withLive is the step after a service is live with all of its routes.
func (s step) withLive(service services.Service) step {
	next := s.with(service.Name, services.Live.String())
	for _, key := range keysOf(service) {
		next.phases[key] = services.Live.String()
	}
	return next
}

// keysOf are the keys of a service's phases, those of its routes with a name first.
func keysOf(service services.Service) []string {
	var keys []string
	for _, r := range service.Routes {
		if r.Name != "" {
			keys = append(keys, r.Key(service.Name))
		}
	}
	return append(keys, service.Name)
}

// walk takes each of the services from dark to strangled, one after the other, and when these
// are all of the catalog's then the monolith out of service. Routes with a name are live before their service begins. The
// first service also goes back, from live by a share to dark and from strangled to live:
// rollback is a word too.
func walk(c services.Catalog, rehearsed []services.Service) []step {
	steps := []step{start(c)}
	advance := func(name string, words ...string) {
		for _, word := range words {
			steps = append(steps, steps[len(steps)-1].with(name, word))
		}
	}
	live, strangled := services.Live.String(), services.Strangled.String()
	for i, s := range rehearsed {
		for _, key := range keysOf(s) {
			advance(key, append(sharesTo(s, key), live)...)
		}
		if shares := sharesTo(s, s.Name); i == 0 {
			advance(s.Name, append(shares[:len(shares)/2], services.Dark.String(), live)...)
		}
		advance(s.Name, strangled)
		if i == 0 {
			advance(s.Name, live, strangled)
		}
	}
	if len(rehearsed) == len(c.Services) {
		advance(c.Monolith.Name, string(services.Drained), string(services.Retired))
	}
	return steps
}

// sharesTo are the shares by which the routes of a key come live. One that rewrites the
// URL for its service alone has none.
func sharesTo(s services.Service, key string) []string {
	for _, r := range s.Routes {
		if r.Key(s.Name) == key && r.Rewrite.Regex != "" && !r.Rewrite.Shared {
			return nil
		}
	}
	return []string{"10%", "50%"}
}
