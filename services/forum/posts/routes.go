package posts

import (
	"context"
	"net/http"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// kind is the key of every post in the index table.All.
const kind = "post"

var (
	byUser   = table.Index{Name: "by-user", Key: "author"}
	inThread = table.Index{Name: "in-thread", Key: "thread"}
)

// Store is what the routes need of a table of posts.
type Store interface {
	Create(context.Context, Post) error
	Query(context.Context, table.Query) ([]Post, error)
}

// Mount adds the routes for the posts in the table that POSTS_TABLE names or, with
// STORE=memory, in a store with the seed. The errors are those of table.Open.
func Mount(mux *server.Mux, source table.Source) error {
	store, err := table.Open(source, "POSTS_TABLE", Seed)
	if err != nil {
		return err
	}
	Serve(mux, store)
	return nil
}

// Serve adds the routes for the posts in a store. Lists are sorted newest first, those
// of a thread oldest first.
func Serve(mux *server.Mux, store Store) {
	mux.Handle("GET /api/posts", server.List(store.Query, newest, table.IsID))
	mux.Handle("POST /api/posts", server.Create(store.Create, New, nil))
	mux.Handle("GET /api/posts/in-thread/{id}", server.List(store.Query, thread, table.IsID))
	mux.Handle("GET /api/posts/by-user/{id}", server.List(store.Query, user, table.IsID))
}

func newest(*http.Request) table.Query {
	return table.Query{Index: table.All, Value: kind, Descending: true}
}

func thread(r *http.Request) table.Query {
	return table.Query{Index: inThread, Value: r.PathValue("id")}
}

func user(r *http.Request) table.Query {
	return table.Query{Index: byUser, Value: r.PathValue("id"), Descending: true}
}
