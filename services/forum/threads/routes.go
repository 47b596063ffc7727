package threads

import (
	"context"
	"net/http"

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

// Mount adds the routes for the threads in the table that THREADS_TABLE names or, with
// STORE=memory, in a store with the seed. The errors are those of table.Open.
func Mount(mux *server.Mux, source table.Source) error {
	store, err := table.Open(source, "THREADS_TABLE", Seed)
	if err != nil {
		return err
	}
	Serve(mux, store)
	return nil
}

// Serve adds the routes for the threads in a store. Lists are sorted newest first.
func Serve(mux *server.Mux, store Store) {
	mux.Handle("GET /api/threads", server.List(store.Query, newest, table.IsID))
	mux.Handle("POST /api/threads", server.Create(store.Create, New, location))
	mux.Handle("GET /api/threads/{id}", server.Get(store.Get))
}

func newest(*http.Request) table.Query {
	return table.Query{Index: table.All, Value: kind, Descending: true}
}

func location(t Thread) string { return "/api/threads/" + t.ID }
