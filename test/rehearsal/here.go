package main

import (
	"fmt"

	"example.com/strangler/services"
)

// allHere makes every environment one that has its own network, load balancer and monolith,
// because a rehearsal has no others. It fails for a monolith without an image.
func allHere(context map[string]any, catalog services.Catalog) error {
	if !catalog.Monolith.Image.Named() {
		return fmt.Errorf("%q has no image: a rehearsal runs the monolith too, wherever it runs otherwise: set its Image in the catalog",
			catalog.Monolith.Name)
	}
	environments, _ := context["environments"].(map[string]any) // Synthesize refuses what is none
	for _, e := range environments {
		environment, _ := e.(map[string]any)
		if vpc, _ := environment["vpc"].(map[string]any); vpc["internet"] == true {
			environment["natGateways"] = 1
		}
		delete(environment, "vpc")
		delete(environment, "listener")
	}
	return nil
}
