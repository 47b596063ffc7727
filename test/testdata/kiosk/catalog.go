// Package kiosk is a system in miniature with a relational database: a monolith, and the service
// orders, which takes what is read first and has a database user of its own. .ci/postgres
// rehearses it beside a PostgreSQL.
package kiosk

import (
	"time"

	"example.com/strangler/services"
)

// Catalog is the kiosk.
func Catalog() services.Catalog {
	postgres := services.Egress{To: "database", Port: 5432, Reason: "database of the kiosk"}
	paths := []string{"/orders", "/orders/*"}
	return services.Catalog{
		Name: "kiosk",
		Services: []services.Service{{
			Name:     "orders",
			Image:    services.Image{Program: "test/testdata/kiosk/cmd/orders"},
			Priority: 10,
			Routes: []services.Route{
				{Name: "read", Verbs: []string{"GET", "HEAD"}, Paths: paths},
				{Paths: paths},
				{
					Hosts: []string{"api.example.com"}, Paths: []string{"/v1/orders", "/v1/orders/*"},
					Rewrite: services.Rewrite{Regex: "^/v1/(.*)$", Replace: "/$1"},
				},
			},
			MonolithPercent: 50,
			Sticky:          time.Hour,
			Needs: services.Needs{
				Secrets: map[string]services.Secret{"DATABASE_URL": {Secret: "kiosk/orders"}},
				Egress:  []services.Egress{postgres},
			},
			// The monolith's own user of the table of orders.
			Takes: services.Needs{
				Secrets: map[string]services.Secret{"ORDERS_DATABASE_URL": {Secret: "kiosk/monolith/orders"}},
			},
		}},
		Monolith: services.Service{
			Name:   "kiosk",
			Image:  services.Image{Program: "test/testdata/kiosk/cmd/kiosk"},
			Sticky: time.Hour,
			Needs: services.Needs{
				Secrets: map[string]services.Secret{"DATABASE_URL": {Secret: "kiosk/monolith"}},
				Egress:  []services.Egress{postgres},
			},
		},
	}
}
