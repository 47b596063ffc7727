// Package posts is the forum's posts: what they say, where they are kept and how
// they are served.
package posts

import (
	"cmp"
	"time"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

const (
	maxReference = 64
	maxBody      = 5000
)

// Post is what one user says in one thread.
type Post struct {
	ID string `json:"id"`
	// Thread and Author are ids; nobody checks that something has them.
	Thread  string    `json:"thread"`
	Author  string    `json:"author"`
	Body    string    `json:"body"`
	Created time.Time `json:"created"`
}

// Draft is what a request says of a new post.
type Draft struct {
	Thread string `json:"thread"`
	Author string `json:"author"`
	Body   string `json:"body"`
}

// New returns the post that a draft describes, or what is wrong with it.
func New(d Draft) (Post, error) {
	now := time.Now().UTC()
	return Post{ID: table.NewID(now), Thread: d.Thread, Author: d.Author, Body: d.Body, Created: now}, cmp.Or(
		server.Text("thread", d.Thread, 1, maxReference),
		server.Text("author", d.Author, 1, maxReference),
		server.Text("body", d.Body, 1, maxBody),
	)
}

// Keys implements table.Record.
func (p Post) Keys() map[string]string {
	return map[string]string{"id": p.ID, "kind": kind, byUser.Key: p.Author, inThread.Key: p.Thread}
}
