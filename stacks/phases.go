package stacks

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"example.com/strangler/services"
)

// PhasesIn are the words of the migration of every environment in a file such as cdk.json, by
// the names of the environments' stages. A service that an environment does not name is dark
// there, and the monolith serving.
func PhasesIn(file string, catalog services.Catalog) (map[string]map[string]string, error) {
	context, err := FileContext(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("there is no such file: want a cdk.json")
	}
	if err != nil {
		return nil, err
	}
	environments, _ := context["environments"].(map[string]any)
	all := map[string]map[string]string{}
	for name, e := range environments {
		environment, _ := e.(map[string]any)
		migration, _ := environment["migration"].(map[string]any)
		phases, complete := wordsOf(migration, catalog)
		if err := checkWords(phases, complete, catalog); err != nil {
			return nil, fmt.Errorf("environment %q: %w", name, err)
		}
		all[Environment{App: catalog.Name, Name: name}.StageName()] = phases
	}
	return all, nil
}

// wordsOf are the words of a migration by key, and whether it names every key.
func wordsOf(migration map[string]any, catalog services.Catalog) (words map[string]string, complete bool) {
	words, complete = map[string]string{}, true
	for _, key := range catalog.Keys() {
		word, written := migration[key].(string)
		if !written {
			complete = false
			word = absent(key, words, catalog)
		}
		words[key] = word
	}
	return words, complete
}

// checkWords refuses words that make no migration. Those of a file that does not name every key
// may not fit a catalog that has grown since: each is checked by itself.
func checkWords(words map[string]string, complete bool, catalog services.Catalog) error {
	if complete {
		_, err := services.ParseMigration(catalog, words)
		return err
	}
	for _, key := range catalog.Keys() {
		if key == catalog.Monolith.Name {
			continue
		}
		if _, err := services.ParsePhase(words[key]); err != nil {
			return fmt.Errorf("services: %q asks for phase %q: %w", key, words[key], err)
		}
	}
	return nil
}

// absent is the word of a key that a migration does not name. What has no route of its own yet
// is in its service's phase.
func absent(key string, words map[string]string, catalog services.Catalog) string {
	service, _, isRoute := strings.Cut(key, ".")
	switch word := words[service]; {
	case key == catalog.Monolith.Name:
		return string(services.Serving)
	case isRoute && word == services.Strangled.String():
		return services.Live.String()
	case isRoute && word != "":
		return word
	}
	return services.Dark.String()
}
