// Package parity compares two answers to the same request: status, headers, and a body by
// its structure where it is JSON.
package parity

import (
	"bytes"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Answer is a response.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Difference is a place in which two answers differ.
type Difference struct {
	// Place is "status", a header such as "Location", an attribute such as "Set-Cookie
	// session Path", "body", or a part of a JSON body such as "$.items[2].name".
	Place string
	// One and Other are what the two have there. A part of JSON that is not there is
	// "nothing".
	One, Other string
}

// String is such as "$.items[2].name: 1 and 2".
func (d Difference) String() string {
	return fmt.Sprintf("%s: %.100s and %.100s", d.Place, d.One, d.Other)
}

// Differences are the places in which two answers differ, but for those that are left out:
// status, headers in the order of their names, body. Headers that every answer has of its own
// are not compared: Date, Age, and where there is a body Content-Length.
func Differences(one, other Answer, without Places) []Difference {
	var all, left []Difference
	if one.Status != other.Status {
		all = append(all, Difference{"status", fmt.Sprint(one.Status), fmt.Sprint(other.Status)})
	}
	all = append(all, headers(one, other)...)
	all = append(all, bodies(one.Body, other.Body)...)
	for _, d := range all {
		if !without.Has(d.Place) {
			left = append(left, d)
		}
	}
	return left
}

// Varying are the places of differences between two answers of the same side to the same
// request. There a difference to another side says nothing.
func Varying(again []Difference) Places {
	places := Places{}
	for _, d := range again {
		places[Shape(d.Place)] = true
	}
	return places
}

// headers compares each header by its own grammar.
func headers(one, other Answer) []Difference {
	var all []Difference
	names := maps.Clone(one.Header)
	if names == nil {
		names = http.Header{}
	}
	maps.Copy(names, other.Header)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := one.Header[name], other.Header[name]
		switch {
		case name == "Date", name == "Age", name == "Content-Length" && len(one.Body)+len(other.Body) > 0:
		case name == "Set-Cookie":
			all = append(all, cookies(a, b)...)
		case name == "Content-Type" && mediaType(a) == mediaType(b):
		case !slices.Equal(a, b):
			all = append(all, Difference{name, quoted(a), quoted(b)})
		}
	}
	return all
}

// mediaType is a Content-Type in one way of writing.
func mediaType(values []string) string {
	text := strings.Join(values, ", ")
	kind, parameters, err := mime.ParseMediaType(text)
	if err != nil {
		return text
	}
	for name, value := range parameters {
		if name == "charset" {
			parameters[name] = strings.ToLower(value)
		}
	}
	return mime.FormatMediaType(kind, parameters)
}

func quoted(values []string) string {
	if len(values) == 0 {
		return nothing
	}
	return fmt.Sprintf("%q", strings.Join(values, ", "))
}

// bodies compares two bodies, as JSON where both are.
func bodies(one, other []byte) []Difference {
	if bytes.Equal(one, other) {
		return nil
	}
	a, ok := decode(one)
	b, both := decode(other)
	if ok && both {
		return values("$", a, b)
	}
	return []Difference{{"body", fmt.Sprintf("%q", one), fmt.Sprintf("%q", other)}}
}

// Masked is the difference without the content of its values, which may be personal data: their
// kinds and, of texts, their lengths. A status is none.
func (d Difference) Masked() Difference {
	if d.Place != "status" {
		d.One, d.Other = masked(d.One), masked(d.Other)
	}
	return d
}

func masked(value string) string {
	switch {
	case slices.Contains([]string{nothing, "set", malformed, "null", "true", "false"}, value), strings.HasSuffix(value, " items"):
		return value
	case strings.HasPrefix(value, `"`):
		return fmt.Sprintf("a text of %d bytes", len(value)-2)
	case strings.HasPrefix(value, "{"):
		return "an object"
	case strings.HasPrefix(value, "["):
		return "a list"
	case strings.Contains(value, "HttpOnly="):
		return value // the attributes of a cookie
	}
	return "a number"
}
