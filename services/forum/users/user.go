// Package users is the forum's users: who they are, where they are kept and how
// they are served.
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
	// ID is the handle that the user chose.
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Bio     string    `json:"bio"`
	Created time.Time `json:"created"`
}

// Draft is what a request says of a new user.
type Draft struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Bio  string `json:"bio"`
}

// New returns the user that a draft describes, or what is wrong with it.
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
