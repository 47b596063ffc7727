package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// step is another word for one key of an environment's migration.
type step struct {
	// key is that of a service, of one of its routes, such as "orders.reads", or the
	// monolith's.
	key string
	// from and to are the words of now and of then.
	from, to string
}

// service is the name of the service, or of the monolith, that the key is of.
func (s step) service() string {
	name, _, _ := strings.Cut(s.key, ".")
	return name
}

// monolithWords are the phases of the monolith in order.
var monolithWords = []string{string(services.Serving), string(services.Drained), string(services.Retired)}

// rank says how far a word is.
func rank(word string) int {
	if i := slices.Index(monolithWords, word); i >= 0 {
		return i
	}
	phase, _ := services.ParsePhase(word) // it has been read before
	rank := phase.Share
	if phase.Strangled {
		rank++
	}
	return rank
}

// isBack reports whether a step gives traffic or rights back to the monolith, which needs no
// proof.
func (s step) isBack() bool { return rank(s.to) < rank(s.from) }

// next is the word that comes after the one of a key: the shares grow from 10 to 50 %.
func next(catalog services.Catalog, key, word string) (string, error) {
	if key == catalog.Monolith.Name {
		i := slices.Index(monolithWords, word)
		if i+1 == len(monolithWords) {
			return "", fmt.Errorf("%q is %s: nothing comes after that", key, word)
		}
		return monolithWords[i+1], nil
	}
	phase, err := services.ParsePhase(word)
	if err != nil {
		return "", err
	}
	isRoute := strings.Contains(key, ".")
	switch {
	case phase.Strangled || isRoute && phase == services.Live:
		return "", fmt.Errorf("%q is %s: nothing comes after that", key, word)
	case phase == services.Live:
		return services.Strangled.String(), nil
	case phase.Share >= 50:
		return services.Live.String(), nil
	case phase.Share >= 10:
		return "50%", nil
	}
	return "10%", nil
}

// asked is the step of a key to a word, or to the next when that is empty. It refuses what the
// catalog does not have, and a word that is none.
func asked(catalog services.Catalog, phases map[string]string, key, word string) (step, error) {
	if !slices.Contains(catalog.Keys(), key) {
		return step{}, fmt.Errorf("%q is not in the catalog: want one of %s", key, strings.Join(catalog.Keys(), ", "))
	}
	s := step{key: key, from: phases[key], to: word}
	if word == "" {
		var err error
		s.to, err = next(catalog, key, s.from)
		return s, err
	}
	if key == catalog.Monolith.Name && !slices.Contains(monolithWords, word) {
		return step{}, fmt.Errorf("%q is no phase of the monolith: want %s", word, strings.Join(monolithWords, ", "))
	}
	if key != catalog.Monolith.Name {
		if _, err := services.ParsePhase(word); err != nil {
			return step{}, fmt.Errorf("%q is no phase: %w", word, err)
		}
	}
	if word == s.from {
		return step{}, fmt.Errorf("%q is %s already: want a word that comes after it", key, word)
	}
	return s, nil
}

// between are the steps from one migration to another, in the order of the catalog.
func between(catalog services.Catalog, from, to map[string]string) []step {
	var steps []step
	for _, key := range catalog.Keys() {
		if from[key] != to[key] {
			steps = append(steps, step{key, from[key], to[key]})
		}
	}
	return steps
}

// mistakes are what the migration itself has against some steps together, such as a phase that
// one skips. Words of now that do not fit a catalog which has grown since have skipped none.
func mistakes(catalog services.Catalog, phases map[string]string, steps []step) []string {
	then := maps.Clone(phases)
	for _, s := range steps {
		then[s.key] = s.to
	}
	after, err := services.ParseMigration(catalog, then)
	if err != nil {
		return []string{strings.TrimPrefix(err.Error(), "services: ")}
	}
	before, err := services.ParseMigration(catalog, phases)
	if err != nil {
		return nil
	}
	var all []string
	for _, err := range services.Step(before, after) {
		all = append(all, strings.TrimPrefix(err.Error(), "services: "))
	}
	return all
}

// withoutAccount are the findings of a step that needs no account, and nil of any other: one that
// is wrong, and one that gives back to the monolith.
func (s step) withoutAccount(mistakes []string) []finding {
	var found []finding
	for _, mistake := range mistakes {
		found = append(found, finding{figureStep, no, mistake})
	}
	if len(found) == 0 && s.isBack() {
		found = []finding{{figureStep, goAhead, "it gives back to the monolith, which needs no proof"}}
	}
	return found
}
