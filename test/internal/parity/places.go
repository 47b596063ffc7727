package parity

import (
	"net/http"
	"regexp"
	"strings"
)

// Places are places of differences that are left out: "status", a header's name, "body", or
// parts of a JSON body. "$.items[].made" is that part of every item with all below it, and
// "made" every field of that name. The case of a header's name does not matter.
type Places map[string]bool

// PlacesOf are places by their names.
func PlacesOf(names ...string) Places {
	places := Places{}
	for _, name := range names {
		places[Shape(name)] = true
		if !strings.ContainsAny(name, "$ ") {
			places[http.CanonicalHeaderKey(name)] = true
		}
	}
	return places
}

// With returns the places of both.
func (p Places) With(others Places) Places {
	all := Places{}
	for _, places := range []Places{p, others} {
		for place := range places {
			all[place] = true
		}
	}
	return all
}

// Has reports whether a difference there is left out.
func (p Places) Has(place string) bool {
	place = Shape(place)
	for above := place; above != ""; above = parent(above) {
		if p[above] || strings.HasPrefix(above, "$") && p[field(above)] {
			return true
		}
	}
	return false
}

// index is that of an item of a list.
var index = regexp.MustCompile(`\[\d+\]`)

// Shape is a place without the indices of items, as lists have few or many alike.
func Shape(place string) string {
	if !strings.HasPrefix(place, "$") {
		return place
	}
	return index.ReplaceAllString(place, "[]")
}

// parent is the part of a JSON body that the place is in, or "".
func parent(place string) string {
	if !strings.HasPrefix(place, "$") {
		return ""
	}
	if list, ok := strings.CutSuffix(place, "[]"); ok {
		return list
	}
	return place[:max(0, strings.LastIndexByte(place, '.'))]
}

// field is the name of the field that the place is.
func field(place string) string { return place[strings.LastIndexByte(place, '.')+1:] }
