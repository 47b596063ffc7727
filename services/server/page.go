package server

import (
	"encoding/base64"
	"net/url"
	"strconv"
)

// The number of records in one page of a list.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// page is the part of a list that a request asks for.
type page struct {
	after string
	limit int
}

// parsePage reads ?limit= and ?cursor=. A cursor has to lead to what isID takes
// for an id. Every error is a *Problem.
func parsePage(rawQuery string, isID func(string) bool) (page, error) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return page{}, malformed("The query cannot be read.")
	}
	p := page{limit: DefaultLimit}
	if query.Has("limit") {
		p.limit, err = strconv.Atoi(query.Get("limit"))
		if err != nil || p.limit < 1 || p.limit > MaxLimit {
			return page{}, malformed("The limit is not a number from 1 to %d.", MaxLimit)
		}
	}
	if query.Has("cursor") {
		id, err := cursors.DecodeString(query.Get("cursor"))
		if err != nil || !isID(string(id)) {
			return page{}, malformed("The cursor is not one of this list: follow the Link header.")
		}
		p.after = string(id)
	}
	return p, nil
}

// cursors hide that a cursor is the last id of the page before, so that nobody
// comes to rely on it.
var cursors = base64.RawURLEncoding.Strict()

// nextPage returns the Link header (RFC 8288) of the page behind the given id.
// It is relative, because only the caller knows the name of the load balancer.
func nextPage(u *url.URL, id string) string {
	query := u.Query()
	query.Set("cursor", cursors.EncodeToString([]byte(id)))
	next := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query.Encode()}
	return "<" + next.String() + `>; rel="next"`
}
