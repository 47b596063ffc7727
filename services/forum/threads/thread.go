// Package threads is the forum's threads: the type, its store and its routes.
package threads

import (
	"cmp"
	"time"

	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

const maxTitle = 120

// Thread is a topic that posts belong to.
type Thread struct {
	// ID is a UUIDv7, so that threads sort by age.
	ID string `json:"id"`
	// Title has 1 to 120 characters.
	Title string `json:"title"`
	// Author is the id of a user who existed when the thread was written.
	Author string `json:"author"`
	// Created is in UTC.
	Created time.Time `json:"created"`
}

// Draft is the body of a request for a new thread.
type Draft struct {
	// Title has 1 to 120 characters.
	Title string `json:"title"`
	// Author is the id of a user.
	Author string `json:"author"`
}

// New returns the thread of a draft, with a new id and the current time. The error is
// the *server.Problem of the first invalid field.
func New(d Draft) (Thread, error) {
	now := time.Now().UTC()
	return Thread{ID: table.NewID(now), Title: d.Title, Author: d.Author, Created: now}, cmp.Or(
		server.Text("title", d.Title, 1, maxTitle),
		reference.Valid("author", d.Author),
	)
}

// Keys implements table.Record.
func (t Thread) Keys() map[string]string {
	return map[string]string{"id": t.ID, "kind": kind}
}
