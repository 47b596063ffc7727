// Package chosen is the catalog that a variable names. One program, which takes seconds to link,
// synthesizes each of them.
package chosen

import (
	"os"

	"example.com/strangler/services"
	"example.com/strangler/test/testdata/shop"
	"example.com/strangler/test/testdata/synth/finding"
)

// Variable names the catalog: "finding" or "shop".
const Variable = "SYNTH_CATALOG"

// Catalog panics for another name.
func Catalog() services.Catalog {
	return map[string]func() services.Catalog{"finding": finding.Catalog, "shop": shop.Catalog}[os.Getenv(Variable)]()
}
