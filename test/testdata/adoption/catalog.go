// Package library is a catalog that is not the example's: one service, books, and the
// monolith archive. .ci/adopt puts it in the example's place.
package library

import "example.com/strangler/services"

// Catalog is the library, as data.
func Catalog() services.Catalog {
	return services.Catalog{
		Name: "library",
		Services: []services.Service{{
			Name:            "books",
			Image:           services.Image{Program: "test/testdata/adoption/cmd/books"},
			Paths:           []string{"/books", "/books/*"},
			Priority:        10,
			MonolithPercent: 50,
			Table:           &services.Table{PartitionKey: "id"},
		}},
		Monolith: services.Service{
			Name:  "archive",
			Image: services.Image{Program: "test/testdata/adoption/cmd/archive"},
		},
	}
}
