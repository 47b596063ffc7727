package posts

import (
	"context"
	"net/http"

	"example.com/strangler/services/forum/reference"
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

// Open returns the table that POSTS_TABLE names or, with STORE=memory, a store with the
// seed. The errors are those of table.Open.
func Open(source table.Source) (Store, error) { return table.Open(source, "POSTS_TABLE", Seed) }

// Serve adds the routes for the posts in a store. Lists are sorted newest first, those
// of a thread oldest first. A new post is stored when its author and its thread exist.
func Serve(mux *server.Mux, store Store, author, thread reference.Exists) {
	mux.Handle("GET /api/posts", server.List(store.Query, newest, table.IsID))
	mux.Handle("POST /api/posts", server.Create(checked(store, author, thread), New, nil))
	mux.Handle("GET /api/posts/in-thread/{id}", server.List(store.Query, ofThread, table.IsID))
	mux.Handle("GET /api/posts/by-user/{id}", server.List(store.Query, ofUser, table.IsID))
}

// checked creates a post in the store, after the checks: a problem follows no write. One
// check follows the other, so that a post with two mistakes has one answer, and a refused
// one costs the other service no call.
func checked(store Store, author, thread reference.Exists) func(context.Context, Post) error {
	return func(ctx context.Context, p Post) error {
		if err := author.Check(ctx, "author", p.Author); err != nil {
			return err
		}
		if err := thread.Check(ctx, "thread", p.Thread); err != nil {
			return err
		}
		return store.Create(ctx, p)
	}
}

func newest(*http.Request) table.Query {
	return table.Query{Index: table.All, Value: kind, Descending: true}
}

func ofThread(r *http.Request) table.Query {
	return table.Query{Index: inThread, Value: r.PathValue("id")}
}

func ofUser(r *http.Request) table.Query {
	return table.Query{Index: byUser, Value: r.PathValue("id"), Descending: true}
}
