package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// rounds is how often a step repeats each feature's requests: 200 or more to
// each path, so that a share of 10% shows.
const rounds = 40

// feature is a path that the report has a column for, with a round of requests
// that returns the id of what it has written.
type feature struct {
	path  string
	round func(v *visitor, name string) string
}

// features are all that is asked. What belongs to no path of theirs is elsewhere.
func features() []feature {
	return []feature{
		{"/api/users", usersRound},
		{"/api/threads", threadsRound},
		{"/api/posts", postsRound},
		{elsewhere, missesRound},
	}
}

const elsewhere = "elsewhere"

// ledger remembers every write that was acknowledged, by collection.
type ledger map[string][]string

func (l ledger) add(other ledger) {
	for collection, ids := range other {
		l[collection] = append(l[collection], ids...)
	}
}

// exercise sends a step's fixed list of requests to every path: reads, writes
// and misses; and to every program by name, which reaches the dark ones too. It
// returns what was written.
func exercise(v *visitor, step int) ledger {
	written := ledger{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, f := range features() {
		all.Go(func() {
			for i := range rounds {
				if v.ctx.Err() != nil {
					return
				}
				if id := f.round(v, fmt.Sprintf("%d-%d", step, i)); id != "" {
					mu.Lock()
					written[f.path] = append(written[f.path], id)
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	for _, program := range v.door.programs() {
		v.do(exchange{method: "GET", path: "/api/" + program + "/nobody", routeTo: program, inside: true, status: http.StatusNotFound})
	}
	return written
}

// record is what all features' items have in common.
type record struct{ ID string }

func usersRound(v *visitor, name string) string {
	id := "visitor-" + name
	user := fmt.Sprintf(`{"id":%q,"name":"Visitor %s"}`, id, name)
	header, _ := v.do(exchange{method: "POST", path: "/api/users", body: user, status: http.StatusCreated, check: hasID(id)})
	v.do(exchange{method: "POST", path: "/api/users", body: user, status: http.StatusConflict})
	v.do(exchange{method: "GET", path: "/api/users/" + id, status: http.StatusOK, check: hasID(id)})
	v.do(exchange{method: "GET", path: "/api/users?limit=10", status: http.StatusOK, check: atMost(10)})
	v.do(exchange{method: "GET", path: "/api/users/nobody", status: http.StatusNotFound})
	if header == nil {
		return ""
	}
	return id
}

func threadsRound(v *visitor, name string) string {
	_, body := v.do(exchange{method: "POST", path: "/api/threads", status: http.StatusCreated,
		body: fmt.Sprintf(`{"title":"Thread %s","author":"visitor-%s"}`, name, name)})
	id := idOf(body)
	v.do(exchange{method: "GET", path: "/api/threads/" + url.PathEscape(id), status: http.StatusOK, check: hasID(id)})
	v.do(exchange{method: "GET", path: "/api/threads?limit=10", status: http.StatusOK, check: atMost(10)})
	v.do(exchange{method: "GET", path: "/api/threads/nothing", status: http.StatusNotFound})
	v.do(exchange{method: "POST", path: "/api/threads", status: http.StatusBadRequest, body: `{"title":7}`})
	return id
}

func postsRound(v *visitor, name string) string {
	_, body := v.do(exchange{method: "POST", path: "/api/posts", status: http.StatusCreated,
		body: fmt.Sprintf(`{"thread":"thread-%s","author":"writer-%s","body":"Post %s"}`, name, name, name)})
	id := idOf(body)
	v.do(exchange{method: "GET", path: "/api/posts/in-thread/thread-" + name, status: http.StatusOK, check: onlyItem(id)})
	v.do(exchange{method: "GET", path: "/api/posts/by-user/writer-" + name, status: http.StatusOK, check: onlyItem(id)})
	v.do(exchange{method: "GET", path: "/api/posts?limit=10", status: http.StatusOK, check: atMost(10)})
	v.do(exchange{method: "GET", path: "/api/posts/nothing/here", status: http.StatusNotFound})
	return id
}

// missesRound asks for what no service owns, and for what a header must not
// give to a caller from outside.
func missesRound(v *visitor, _ string) string {
	v.do(exchange{method: "GET", path: "/api/usersettings", status: http.StatusNotFound})
	v.do(exchange{method: "GET", path: "/API/users", status: http.StatusNotFound})
	v.do(exchange{method: "GET", path: "/", status: http.StatusNotFound})
	v.do(exchange{method: "GET", path: "/api/users/nobody", routeTo: "users", status: http.StatusNotFound})
	return ""
}

func idOf(body []byte) string {
	item, _ := decode[record](body)
	return item.ID
}

func hasID(id string) func([]byte) error {
	return func(body []byte) error {
		item, err := decode[record](body)
		if err == nil && (id == "" || item.ID != id) {
			return fmt.Errorf("item %q, want %q", item.ID, id)
		}
		return err
	}
}

func onlyItem(id string) func([]byte) error {
	return func(body []byte) error {
		items, err := decode[[]record](body)
		if err == nil && (len(items) != 1 || items[0].ID != id) {
			return fmt.Errorf("items %v, want %q alone", items, id)
		}
		return err
	}
}

func atMost(limit int) func([]byte) error {
	return func(body []byte) error {
		items, err := decode[[]record](body)
		if err == nil && (len(items) == 0 || len(items) > limit) {
			return fmt.Errorf("%d items, want 1 to %d", len(items), limit)
		}
		return err
	}
}

// audit reads every collection from end to end and counts what is not there
// exactly once as failures.
func audit(v *visitor, written ledger) {
	for collection, ids := range written {
		seen := map[string]int{}
		for next := collection + "?limit=100"; next != "" && v.ctx.Err() == nil; {
			header, body := v.do(exchange{method: "GET", path: next, status: http.StatusOK})
			items, _ := decode[[]record](body)
			for _, item := range items {
				seen[item.ID]++
			}
			next = nextPage(header)
		}
		for _, id := range ids {
			if seen[id] != 1 {
				v.fail(fmt.Errorf("%s: %q was acknowledged and is there %d times", collection, id, seen[id]))
			}
		}
	}
}

// nextPage reads a Link header of the relation "next" (RFC 8288).
func nextPage(header http.Header) string {
	target, relation, _ := strings.Cut(header.Get("Link"), ">")
	if !strings.Contains(relation, `rel="next"`) {
		return ""
	}
	return strings.TrimPrefix(target, "<")
}
