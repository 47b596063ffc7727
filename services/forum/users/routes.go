package users

import (
	"context"
	"net/http"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// kind is what every user has in the key of the index of all.
const kind = "user"

// Store keeps users.
type Store interface {
	Create(context.Context, User) error
	Get(ctx context.Context, id string) (User, error)
	Query(context.Context, table.Query) ([]User, error)
}

// Mount serves the users of the table that USERS_TABLE names or, with STORE=memory,
// the seed.
func Mount(mux *server.Mux, source table.Source) error {
	store, err := table.Open(source, "USERS_TABLE", Seed)
	if err != nil {
		return err
	}
	Serve(mux, store)
	return nil
}

// Serve serves the users in a store.
func Serve(mux *server.Mux, store Store) {
	mux.Handle("GET /api/users", server.List(store.Query, all, handle.MatchString))
	mux.Handle("POST /api/users", server.Create(store.Create, New, location))
	mux.Handle("GET /api/users/{id}", server.Get(store.Get))
}

func all(*http.Request) table.Query { return table.Query{Index: table.All, Value: kind} }

func location(u User) string { return "/api/users/" + u.ID }
