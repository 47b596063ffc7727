// Package example names the app that ships, for the proofs and programs below
// test. app.go names it for the CDK; whoever deploys services of their own changes
// both import paths.
package example

import (
	example "example.com/strangler/services/forum"

	"example.com/strangler/services"
)

// Catalog is the catalog that app.go deploys.
func Catalog() services.Catalog { return example.Catalog() }
