package main

import (
	"fmt"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/synth"
)

// allHere makes every environment one that has its own network, load balancer and monolith,
// because a rehearsal has no others. It fails for a monolith without an image.
func allHere(app *synth.App, catalog services.Catalog) error {
	if !catalog.Monolith.Image.Named() {
		return fmt.Errorf("%q has no image: a rehearsal runs the monolith too, wherever it runs otherwise: set its Image in the catalog, to "+
			"the monolith or to a program that gives the same answers", catalog.Monolith.Name)
	}
	app.OnItsOwn()
	return nil
}
