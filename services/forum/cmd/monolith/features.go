package main

import (
	"cmp"
	"errors"
	"log/slog"

	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/forum/users"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// features has the stores of the features that the program serves. A feature whose table
// the environment does not name has none.
type features struct {
	users   users.Store
	threads threads.Store
	posts   posts.Store

	getenv func(string) string
	log    *slog.Logger
}

// open opens the tables that the environment names.
func open(getenv func(string) string, log *slog.Logger) (features, error) {
	source := table.NewSource(getenv)
	u, usersErr := optional(users.Open(source))
	t, threadsErr := optional(threads.Open(source))
	p, postsErr := optional(posts.Open(source))
	return features{u, t, p, getenv, log}, cmp.Or(usersErr, threadsErr, postsErr)
}

// optional takes the error of a table that is not named.
func optional[Store any](s Store, err error) (Store, error) {
	if errors.Is(err, table.ErrNoTable) {
		err = nil
	}
	return s, err
}

// serve adds the routes of each feature that has a store.
func (f features) serve(mux *server.Mux) error {
	if f.users != nil {
		users.Serve(mux, f.users)
	}
	if f.threads == nil && f.posts == nil {
		return nil
	}
	author, err := f.author()
	if err != nil {
		return err
	}
	if f.threads != nil {
		threads.Serve(mux, f.threads, author)
	}
	if f.posts == nil {
		return nil
	}
	thread, err := f.thread()
	if err != nil {
		return err
	}
	posts.Serve(mux, f.posts, author, thread)
	return nil
}

// author checks a user's id in the process, or over the connection to the service once
// the program has the table no more.
func (f features) author() (reference.Exists, error) {
	if f.users != nil {
		return reference.Local("users", f.users.Get), nil
	}
	return reference.Remote("users", f.getenv, f.log)
}

// thread checks a thread's id, as author does a user's.
func (f features) thread() (reference.Exists, error) {
	if f.threads != nil {
		return reference.Local("threads", f.threads.Get), nil
	}
	return reference.Remote("threads", f.getenv, f.log)
}
