package threads

import (
	"context"
	"net/http"

	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// kind is the key of every thread in the index table.All.
const kind = "thread"

// Store is what the routes need of a table of threads.
type Store interface {
	Create(context.Context, Thread) error
	Get(ctx context.Context, id string) (Thread, error)
	Query(context.Context, table.Query) ([]Thread, error)
}

// Open returns the table that THREADS_TABLE names or, with STORE=memory, a store with the
// seed. The errors are those of table.Open.
func Open(source table.Source) (Store, error) { return table.Open(source, "THREADS_TABLE", Seed) }

// Serve adds the routes for the threads in a store. Lists are sorted newest first. A new
// thread is stored when its author exists.
func Serve(mux *server.Mux, store Store, author reference.Exists) {
	mux.Handle("GET /api/threads", server.List(store.Query, newest, table.IsID))
	mux.Handle("POST /api/threads", server.Create(checked(store, author), New, location))
	mux.Handle("GET /api/threads/{id}", server.Get(store.Get))
}

// checked creates a thread in the store, after the check: a problem follows no write.
func checked(store Store, author reference.Exists) func(context.Context, Thread) error {
	return func(ctx context.Context, t Thread) error {
		if err := author.Check(ctx, "author", t.Author); err != nil {
			return err
		}
		return store.Create(ctx, t)
	}
}

func newest(*http.Request) table.Query {
	return table.Query{Index: table.All, Value: kind, Descending: true}
}

func location(t Thread) string { return "/api/threads/" + t.ID }
