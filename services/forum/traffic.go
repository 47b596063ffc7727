package forum

import (
	"net/http"

	"example.com/strangler/services/traffic"
)

const (
	usersPath   = "/api/users"
	threadsPath = "/api/threads"
	postsPath   = "/api/posts"
)

// Traffic is what the forum's clients send: mostly reads of single items and lists,
// some writes, and misses. One request in 26 writes: the rehearsal's database gets
// slower with every item that a list has to pass. Each call returns a copy of its own.
//
// What is written names users and threads that exist. No user or thread is called unknown.
func Traffic() traffic.Traffic {
	return traffic.Traffic{
		{Name: "users-read", Path: usersPath, Weight: 20, Target: usersPath + "/{{id}}", Fields: map[string]string{"id": "{{id}}"}},
		{Name: "users-list", Path: usersPath, Weight: 4, Target: usersPath + "?limit=10", Most: 10},
		{
			Name: "users-create", Path: usersPath, Method: "POST", Target: usersPath, Status: http.StatusCreated,
			Body:    `{"id":"visitor-{{new}}","name":"Visitor {{new}}"}`,
			Fields:  map[string]string{"id": "visitor-{{new}}"},
			Writes:  &traffic.Item{ReadBack: usersPath + "?limit=100", Secret: []string{"id", "name"}},
			Differs: []string{"created"},
		},
		{Name: "users-miss", Path: usersPath, Weight: 2, Target: usersPath + "/unknown", Status: http.StatusNotFound},
		{
			Name: "users-repeat", Path: usersPath, Method: "POST", Target: usersPath, Status: http.StatusConflict,
			Body: `{"id":"{{id}}","name":"Another"}`,
		},

		{Name: "threads-read", Path: threadsPath, Weight: 20, Target: threadsPath + "/{{id}}", Fields: map[string]string{"id": "{{id}}"}},
		{Name: "threads-list", Path: threadsPath, Weight: 4, Target: threadsPath + "?limit=10", Most: 10},
		{
			Name: "threads-create", Path: threadsPath, Method: "POST", Target: threadsPath, Status: http.StatusCreated,
			Body:    `{"title":"Thread {{new}}","author":"{{id:/api/users}}"}`,
			Fields:  map[string]string{"title": "Thread {{new}}", "author": traffic.IDOf(usersPath)},
			Writes:  &traffic.Item{ReadBack: threadsPath + "?limit=100", Secret: []string{"title"}},
			Differs: []string{"created"},
			Needs:   []string{usersPath},
		},
		{
			Name: "threads-unknown-author", Path: threadsPath, Method: "POST", Target: threadsPath, Status: http.StatusUnprocessableEntity,
			Body: `{"title":"Refused","author":"unknown"}`, Needs: []string{usersPath},
		},
		{Name: "threads-miss", Path: threadsPath, Weight: 2, Target: threadsPath + "/unknown", Status: http.StatusNotFound},

		{Name: "posts-list", Path: postsPath, Weight: 12, Target: postsPath + "?limit=10", Most: 10},
		// The thread and the user of a post that is there, which other posts may have too: a
		// page has 20.
		{
			Name: "posts-in-thread", Path: postsPath, Target: postsPath + "/in-thread/" + traffic.IDOf(threadsPath), Most: 20,
			Fields: map[string]string{"thread": traffic.IDOf(threadsPath)},
		},
		{
			Name: "posts-by-user", Path: postsPath, Target: postsPath + "/by-user/" + traffic.IDOf(usersPath), Most: 20,
			Fields: map[string]string{"author": traffic.IDOf(usersPath)},
		},
		{
			Name: "posts-create", Path: postsPath, Method: "POST", Target: postsPath, Status: http.StatusCreated,
			Body:    `{"thread":"{{id:/api/threads}}","author":"{{id:/api/users}}","body":"Post {{new}}"}`,
			Fields:  map[string]string{"thread": traffic.IDOf(threadsPath), "author": traffic.IDOf(usersPath), "body": "Post {{new}}"},
			Writes:  &traffic.Item{ReadBack: postsPath + "?limit=100", Secret: []string{"body"}},
			Differs: []string{"created"},
			Needs:   []string{usersPath, threadsPath},
		},
		// The author is asked about first, so this answer does not depend on threads.
		{
			Name: "posts-unknown-author", Path: postsPath, Method: "POST", Target: postsPath, Status: http.StatusUnprocessableEntity,
			Body: `{"thread":"unknown","author":"unknown","body":"Refused"}`, Needs: []string{usersPath},
		},
		{
			Name: "posts-unknown-thread", Path: postsPath, Method: "POST", Target: postsPath, Status: http.StatusUnprocessableEntity,
			Body: `{"thread":"unknown","author":"{{id:/api/users}}","body":"Refused"}`, Needs: []string{usersPath, threadsPath},
		},
		{Name: "posts-miss", Path: postsPath, Weight: 2, Target: postsPath + "/nothing/here", Status: http.StatusNotFound},
		{Name: "posts-malformed", Path: postsPath, Method: "POST", Target: postsPath, Status: http.StatusBadRequest, Body: `{"body":7}`},

		// No service has this path, though it begins with a service's.
		{Name: "settings", Weight: 2, Target: "/api/usersettings", Status: http.StatusNotFound},
	}
}
