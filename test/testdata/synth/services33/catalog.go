// Package services33 is a catalog of 33 services.
package services33

import (
	"fmt"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
)

// Catalog is the fixture and more of its first service.
func Catalog() services.Catalog {
	c := fixture.Catalog()
	for i := len(c.Services); i < 33; i++ {
		s := c.Services[0]
		s.Name = fmt.Sprintf("service%d", i)
		s.Paths = []string{"/api/" + s.Name, "/api/" + s.Name + "/*"}
		s.Priority = 100 * (i + 1)
		s.MonolithPercent = 0
		c.Services = append(c.Services, s)
	}
	return c
}
