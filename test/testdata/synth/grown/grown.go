// Package grown is a catalog of as many programs as the variable PROGRAMS says.
package grown

import (
	"os"
	"strconv"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/fixture"
)

// Catalog is fixture.Grown.
func Catalog() services.Catalog {
	n, err := strconv.Atoi(os.Getenv("PROGRAMS"))
	if err != nil {
		panic(err)
	}
	return fixture.Grown(n)
}
