// Package example names the app that ships, for the proofs and programs below
// test. app.go names it for the CDK: other services change both import paths.
package example

import (
	example "example.com/strangler/services/forum"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
)

// Catalog is the catalog that app.go deploys.
func Catalog() services.Catalog { return example.Catalog() }

// Traffic is what the rehearsal sends to it.
func Traffic() traffic.Traffic { return example.Traffic() }
