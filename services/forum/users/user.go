// Package users is the forum's users: the type, its store and its routes.
package users

import (
	"cmp"
	"regexp"
	"time"

	"example.com/strangler/services/server"
)

const (
	maxName = 80
	maxBio  = 500
)

var handle = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// User is a person who takes part in the forum.
type User struct {
	// ID is the handle that the user chose: 1 to 32 lower-case letters, digits and
	// dashes, not starting with a dash.
	ID string `json:"id"`
	// Name has 1 to 80 characters.
	Name string `json:"name"`
	// Bio has at most 500 characters.
	Bio string `json:"bio"`
	// Created is in UTC.
	Created time.Time `json:"created"`
}

// Draft is the body of a request for a new user.
type Draft struct {
	// ID is the user's handle.
	ID string `json:"id"`
	// Name has 1 to 80 characters.
	Name string `json:"name"`
	// Bio has at most 500 characters.
	Bio string `json:"bio"`
}

// New returns the user of a draft, with the current time. The error is the
// *server.Problem of the first invalid field.
func New(d Draft) (User, error) {
	return User{ID: d.ID, Name: d.Name, Bio: d.Bio, Created: time.Now().UTC()}, cmp.Or(
		server.Match("id", d.ID, handle),
		server.Text("name", d.Name, 1, maxName),
		server.Text("bio", d.Bio, 0, maxBio),
	)
}

// Keys implements table.Record.
func (u User) Keys() map[string]string {
	return map[string]string{"id": u.ID, "kind": kind}
}
