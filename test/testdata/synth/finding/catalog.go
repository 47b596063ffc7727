// Package finding is a catalog that validation finds fault with: its monolith has
// too long a health check path, and the variable of a table looks like a secret.
package finding

import (
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
)

// Catalog is the fixture with those faults.
func Catalog() services.Catalog {
	c := fixture.Catalog()
	c.Monolith.Health.Path = "/" + strings.Repeat("x", 2000)
	c.Workers = append(c.Workers, services.Service{
		Name: "tokens", Image: services.Image{Registry: fixture.Registry + "tokens:1.0"}, Table: &services.Table{PartitionKey: "id"},
	})
	return c
}
