// Package traffic is what clients send to an app, as plain data: the kinds of
// requests, how often each is sent, and what its answer must be. The rehearsal sends
// it, judges every answer, and reads back what was written.
package traffic

import (
	"net/http"
	"slices"
)

// Placeholders stand for values in a kind's target, body and fields.
const (
	// New is a number that no other request has.
	New = "{{new}}"
	// ID is the id of an item that was written before under the same path.
	ID = "{{id}}"
	// Number is the number that this item was written with, in place of New.
	Number = "{{number}}"
)

// IDOf is the placeholder for the id of an item that was written before under another
// path, such as {{id:/api/things}}. The path is a pattern of the catalog. In a request
// with New it is any of the path's items. In a request without, it is the one that an item
// of the kind's own path was written with, if the kind that writes those sends it too. So a
// list of what belongs to the other item has one item at least.
func IDOf(path string) string { return "{{id:" + path + "}}" }

// Traffic is the kinds of requests that clients send, in the order of the report.
type Traffic []Kind

// Kind is one kind of request.
type Kind struct {
	// Name tells the kind from the others: letters, digits and dashes.
	Name string
	// Path is the pattern of the catalog that the request counts for, one of those of
	// the service that answers once it is live. Empty means that no service has it:
	// the monolith answers, and once it is drained the load balancer does, with 404.
	Path string
	// Weight is how often the request is sent, compared with the others. Zero means 1.
	Weight int
	// Method of the request. Empty means GET.
	Method string
	// Target is the path and the query, such as "/api/things/{{id}}".
	Target string
	// Header is sent with the request; Host is the host that it is for. May be nil.
	Header map[string]string
	// Body is JSON, such as `{"name":"Thing {{new}}"}`. Empty means none.
	Body string
	// Status is what the answer must have. Zero means 200, and in recorded traffic what the
	// first answer has.
	Status int
	// Also are further statuses that are right, such as 304 beside 200. Of such an answer nothing
	// else is looked at. Nil means none.
	Also []int
	// Fields are the fields that the answer must have, such as {"id": "{{id}}"}; of a
	// list, every item of it. Values are compared as text. Nil means that none is looked at.
	Fields map[string]string
	// Most says that the answer is a list of 1 to so many items. Zero means that it is
	// none.
	Most int
	// Writes describes the item that the request writes, and which its answer returns.
	// Nil means that it writes none. A path has one kind that writes at most, and that
	// kind takes New as a placeholder, and IDOf the paths that kinds before it write for.
	Writes *Item
	// Differs names what two programs may fill differently in their answers to the same
	// request, such as the time: a field of JSON in any place, one place such as
	// "$.items[].made", or a header. What varies between two answers of one program, and the id
	// of an item that is written, need not be named. Nil means nothing.
	Differs []string
	// Safe is whether the request changes nothing, so that parity may repeat it where it
	// matters: true for a search by POST, false for a GET that ends a session. Nil means that a
	// GET and a HEAD are, unless they write an item.
	Safe *bool
	// Needs names paths of other services that the answer depends on, as the catalog has
	// them. While one of those services is down, 503 with Retry-After is a right answer
	// too. Nil means that it depends on none.
	Needs []string

	// route is filled in by Complete.
	route string
}

// IsSafe reports whether the request changes nothing.
func (k Kind) IsSafe() bool {
	if k.Safe != nil {
		return *k.Safe
	}
	return (k.Method == http.MethodGet || k.Method == http.MethodHead) && k.Writes == nil
}

// Route returns the name of the route that the request is for, or "". The traffic is one
// that Complete has returned.
func (k Kind) Route() string { return k.route }

// Item is what a request writes. From its answer on it must be readable, once.
type Item struct {
	// ID is the field of the answer that has the item's id. Empty means "id".
	ID string
	// ReadBack is the target that the items are read from in the end. With ID or
	// Number in it, it is one item's; otherwise it lists all items, and a Link header
	// with rel="next" (RFC 8288) leads from a page to the next.
	ReadBack string
	// Secret names the fields of the body that no program may log. The value of each
	// is text with New in it.
	Secret []string
}

// Paths are the paths that the requests count for, in their order, without the empty one.
func (t Traffic) Paths() []string {
	var paths []string
	seen := map[string]bool{"": true}
	for _, k := range t {
		if !seen[k.Path] {
			seen[k.Path] = true
			paths = append(paths, k.Path)
		}
	}
	return paths
}

// Others are the paths whose items the request names by IDOf, sorted.
func (k Kind) Others() []string {
	var paths []string
	for _, p := range placeholdersOf(k.Target, k.Body) {
		if path, ok := other(p); ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// Weight is the weight of all kinds together.
func (t Traffic) Weight() int {
	sum := 0
	for _, k := range t {
		sum += k.Weight
	}
	return sum
}

// Writer returns the kind that writes the items of a path, or nil.
func (t Traffic) Writer(path string) *Kind {
	for i := range t {
		if t[i].Path == path && t[i].Writes != nil {
			return &t[i]
		}
	}
	return nil
}

func (k Kind) complete() Kind {
	if k.Weight == 0 {
		k.Weight = 1
	}
	if k.Method == "" {
		k.Method = http.MethodGet
	}
	if k.Writes != nil {
		item := *k.Writes
		if item.ID == "" {
			item.ID = "id"
		}
		k.Writes = &item
	}
	return k
}
