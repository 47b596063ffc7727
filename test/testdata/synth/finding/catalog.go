// Package finding is a catalog that validation finds fault with: its monolith has too long a
// health check path.
package finding

import (
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
)

// Catalog is the fixture with that fault.
func Catalog() services.Catalog {
	c := fixture.Catalog()
	c.Monolith.Health.Path = "/" + strings.Repeat("x", 2000)
	return c
}
