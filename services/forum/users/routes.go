package users

import (
	"context"
	"net/http"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// kind is the key of every user in the index table.All.
const kind = "user"

// Store is what the routes need of a table of users.
type Store interface {
	Create(context.Context, User) error
	Get(ctx context.Context, id string) (User, error)
	Query(context.Context, table.Query) ([]User, error)
}

// Open returns the table that USERS_TABLE names or, with STORE=memory, a store with the
// seed. The errors are those of table.Open.
func Open(source table.Source) (Store, error) { return table.Open(source, "USERS_TABLE", Seed) }

// Serve adds the routes for the users in a store. The list is sorted by handle.
func Serve(mux *server.Mux, store Store) {
	mux.Handle("GET /api/users", server.List(store.Query, all, handle.MatchString))
	mux.Handle("POST /api/users", server.Create(store.Create, New, location))
	mux.Handle("GET /api/users/{id}", server.Get(store.Get))
}

func all(*http.Request) table.Query { return table.Query{Index: table.All, Value: kind} }

func location(u User) string { return "/api/users/" + u.ID }
