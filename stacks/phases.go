package stacks

import (
	"errors"
	"fmt"
	"os"

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
		phases := map[string]string{}
		for _, key := range catalog.Keys() {
			phases[key] = services.Dark.String()
			if key == catalog.Monolith.Name {
				phases[key] = string(services.Serving)
			}
			if word, written := migration[key].(string); written {
				phases[key] = word
			}
		}
		if _, err := services.ParseMigration(catalog, phases); err != nil {
			return nil, fmt.Errorf("environment %q: %w", name, err)
		}
		all[Environment{App: catalog.Name, Name: name}.StageName()] = phases
	}
	return all, nil
}
