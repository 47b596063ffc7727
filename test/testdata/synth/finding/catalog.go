// Package finding is a catalog that validation finds fault with: its monolith has
// too long a health check path, and may write to its root.
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
	c.Monolith.WritableRoot = true
	return c
}
