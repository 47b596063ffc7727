// Package posts is the forum's posts: the type, its store and its routes.
package posts

import (
	"cmp"
	"time"

	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

const maxBody = 5000

// Post is a text that one user wrote in one thread.
type Post struct {
	// ID is a UUIDv7, so that posts sort by age.
	ID string `json:"id"`
	// Thread and Author are the ids of a thread and a user that existed when the post was
	// written.
	Thread string `json:"thread"`
	Author string `json:"author"`
	// Body has 1 to 5000 characters.
	Body string `json:"body"`
	// Created is in UTC.
	Created time.Time `json:"created"`
}

// Draft is the body of a request for a new post.
type Draft struct {
	// Thread and Author are the ids of a thread and a user.
	Thread string `json:"thread"`
	Author string `json:"author"`
	// Body has 1 to 5000 characters.
	Body string `json:"body"`
}

// New returns the post of a draft, with a new id and the current time. The error is the
// *server.Problem of the first invalid field.
func New(d Draft) (Post, error) {
	now := time.Now().UTC()
	return Post{ID: table.NewID(now), Thread: d.Thread, Author: d.Author, Body: d.Body, Created: now}, cmp.Or(
		reference.Valid("thread", d.Thread),
		reference.Valid("author", d.Author),
		server.Text("body", d.Body, 1, maxBody),
	)
}

// Keys implements table.Record.
func (p Post) Keys() map[string]string {
	return map[string]string{"id": p.ID, "kind": kind, byUser.Key: p.Author, inThread.Key: p.Thread}
}
