package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"example.com/strangler/services"
)

// ask is one kind of request: how it is made, and what the answer must be.
type ask struct {
	// name is unique, of letters and dashes.
	name string
	// path is the one of the report that the request counts for.
	path string
	// weight is how often it is sent, compared with the others.
	weight int
	method string
	// target makes the path and the body of one request. It may pick from what
	// was written before.
	target func(*ledger) (path, body string)
	// header is sent too. May be nil.
	header http.Header
	// status the answer must have.
	status int
	// check looks at the answer to a path. May be nil.
	check func(path string, body []byte) error
	// writes tells that the answer is an item which from then on must be readable.
	writes bool
}

const (
	usersPath   = "/api/users"
	threadsPath = "/api/threads"
	postsPath   = "/api/posts"
	// elsewhere is every path that no service has.
	elsewhere = "elsewhere"
)

// asks are the forum's traffic: mostly reads of single items and lists, some
// writes, and misses. One request in 28 writes: the embedded database gets slower
// with every item that a list has to pass.
func asks() []ask {
	return slices.Concat(
		items(usersPath, newUser),
		items(threadsPath, newThread),
		[]ask{
			{name: "users-repeat", path: usersPath, weight: 1, method: "POST", target: existingUser, status: http.StatusConflict},
			{name: "posts-list", path: postsPath, weight: 12, method: "GET", target: at(postsPath + "?limit=10"), status: http.StatusOK, check: atMost(10)},
			{name: "posts-in-thread", path: postsPath, weight: 1, method: "GET", target: postIn("in-thread", "thread-"), status: http.StatusOK, check: onlyOne},
			{name: "posts-by-user", path: postsPath, weight: 1, method: "GET", target: postIn("by-user", "writer-"), status: http.StatusOK, check: onlyOne},
			{name: "posts-create", path: postsPath, weight: 1, method: "POST", target: newPost, status: http.StatusCreated, writes: true},
			{name: "posts-miss", path: postsPath, weight: 2, method: "GET", target: at(postsPath + "/nothing/here"), status: http.StatusNotFound},
			{name: "posts-malformed", path: postsPath, weight: 1, method: "POST", target: func(*ledger) (string, string) { return postsPath, `{"body":7}` }, status: http.StatusBadRequest},
			{name: "settings", path: elsewhere, weight: 2, method: "GET", target: at("/api/usersettings"), status: http.StatusNotFound},
			{name: "other-case", path: elsewhere, weight: 2, method: "GET", target: at("/API/users"), status: http.StatusNotFound},
			{name: "root", path: elsewhere, weight: 2, method: "GET", target: at("/"), status: http.StatusNotFound},
			// A header that only callers from inside may use changes nothing.
			{name: "header-from-outside", path: usersPath, weight: 2, method: "GET", target: at(usersPath + "/nobody"),
				header: http.Header{services.PreviewHeader: {"users"}}, status: http.StatusNotFound},
		})
}

// items are the requests to a collection whose items have a path of their own.
func items(collection string, create func(*ledger) (string, string)) []ask {
	name := path.Base(collection)
	return []ask{
		{name: name + "-read", path: collection, weight: 20, method: "GET", target: existing(collection), status: http.StatusOK, check: hasIDOfPath},
		{name: name + "-list", path: collection, weight: 4, method: "GET", target: at(collection + "?limit=10"), status: http.StatusOK, check: atMost(10)},
		{name: name + "-create", path: collection, weight: 1, method: "POST", target: create, status: http.StatusCreated, writes: true},
		{name: name + "-miss", path: collection, weight: 2, method: "GET", target: at(collection + "/nobody"), status: http.StatusNotFound},
	}
}

func at(target string) func(*ledger) (string, string) {
	return func(*ledger) (string, string) { return target, "" }
}

func existing(collection string) func(*ledger) (string, string) {
	return func(l *ledger) (string, string) { return collection + "/" + l.pick(collection), "" }
}

func existingUser(l *ledger) (string, string) {
	return usersPath, fmt.Sprintf(`{"id":%q,"name":"Somebody else"}`, l.pick(usersPath))
}

// postIn asks for the list of one thread or author, which by its number has the
// one post that was written with that number.
func postIn(list, prefix string) func(*ledger) (string, string) {
	return func(l *ledger) (string, string) {
		return fmt.Sprintf("%s/%s/%s%s", postsPath, list, prefix, l.pick(postsPath)), ""
	}
}

func newUser(l *ledger) (string, string) {
	n := l.next()
	return usersPath, fmt.Sprintf(`{"id":"visitor-%d","name":"Visitor %d"}`, n, n)
}

func newThread(l *ledger) (string, string) {
	n := l.next()
	return threadsPath, fmt.Sprintf(`{"title":"Thread %d","author":"visitor-%d"}`, n, n)
}

func newPost(l *ledger) (string, string) {
	n := l.next()
	return postsPath, fmt.Sprintf(`{"thread":"thread-%d","author":"writer-%d","body":"Post %d"}`, n, n, n)
}

// item is what all features' items have, and what a post has besides.
type item struct{ ID, Thread, Author string }

// reference is what a later request finds the item by: its id, or the number of
// a post's thread.
func (i item) reference() string {
	if number, isPost := strings.CutPrefix(i.Thread, "thread-"); isPost {
		return number
	}
	return i.ID
}

func hasIDOfPath(target string, body []byte) error {
	got, err := decode[item](body)
	if want := path.Base(target); err == nil && got.ID != want {
		return fmt.Errorf("item %q, want %q", got.ID, want)
	}
	return err
}

func onlyOne(target string, body []byte) error {
	items, err := decode[[]item](body)
	if want := path.Base(target); err == nil && (len(items) != 1 || items[0].Thread != want && items[0].Author != want) {
		return fmt.Errorf("items %v, want the one of %q", items, want)
	}
	return err
}

func atMost(limit int) func(string, []byte) error {
	return func(_ string, body []byte) error {
		items, err := decode[[]item](body)
		if err == nil && (len(items) == 0 || len(items) > limit) {
			return fmt.Errorf("%d items, want 1 to %d", len(items), limit)
		}
		return err
	}
}

// decode reads a JSON body for a check.
func decode[T any](body []byte) (T, error) {
	var value T
	if err := json.Unmarshal(body, &value); err != nil {
		return value, fmt.Errorf("body is not what it should be: %w", err)
	}
	return value, nil
}
