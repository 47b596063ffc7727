// Package threads is the forum's threads: what they are about, where they are
// kept and how they are served.
package threads

import (
	"cmp"
	"time"

	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

const (
	maxTitle  = 120
	maxAuthor = 64
)

// Thread is a subject that posts are written in.
type Thread struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Author is the id of a user; nobody checks that there is one.
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
}

// Draft is what a request says of a new thread.
type Draft struct {
	Title  string `json:"title"`
	Author string `json:"author"`
}

// New returns the thread that a draft describes, or what is wrong with it.
func New(d Draft) (Thread, error) {
	now := time.Now().UTC()
	return Thread{ID: table.NewID(now), Title: d.Title, Author: d.Author, Created: now}, cmp.Or(
		server.Text("title", d.Title, 1, maxTitle),
		server.Text("author", d.Author, 1, maxAuthor),
	)
}

// Keys implements table.Record.
func (t Thread) Keys() map[string]string {
	return map[string]string{"id": t.ID, "kind": kind}
}
