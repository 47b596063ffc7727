package server

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
)

const (
	// DefaultLimit is the number of records in a page of a list without ?limit=.
	DefaultLimit = 20
	// MaxLimit is the largest ?limit=. A larger one is a problem with status 400.
	MaxLimit = 100
)

// maxQuery is the length of an encoded query without its cursor at most, in bytes. The
// Link header repeats the query, and the load balancer does not forward a response
// with more than 32 KiB of headers.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const maxQuery = 1 << 10

// page is the part of a list that a request asks for.
type page struct {
	after string
	limit int
}

// parsePage reads ?limit= and ?cursor=. A cursor must be one that nextPage makes from
// an id that isID accepts. Every error is a *Problem.
func parsePage(rawQuery string, isID func(string) bool) (page, error) {
	if rawQuery == "" {
		return page{limit: DefaultLimit}, nil
	}
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
		var ok bool
		if p.after, ok = parseCursor(query.Get("cursor"), isID); !ok {
			return page{}, malformed("The cursor is not one of this list: follow the Link header.")
		}
	}
	query.Del("cursor")
	if len(query.Encode()) > maxQuery {
		return page{}, malformed("The query has more than %d bytes.", maxQuery)
	}
	return p, nil
}

// cursors encodes the last id of a page as the cursor of the next, so that clients do
// not depend on what a cursor is.
var cursors = base64.RawURLEncoding.Strict()

// parseCursor returns the id of a cursor. The decoder skips line breaks, which are
// refused here.
func parseCursor(cursor string, isID func(string) bool) (id string, ok bool) {
	decoded, err := cursors.DecodeString(cursor)
	return string(decoded), err == nil && isID(string(decoded)) && !strings.ContainsAny(cursor, "\r\n")
}

// nextPage returns the Link header (RFC 8288) of the page that starts after the id. It
// is relative, because the program does not know the load balancer's name.
func nextPage(u *url.URL, id string) string {
	query := u.Query()
	query.Set("cursor", cursors.EncodeToString([]byte(id)))
	next := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query.Encode()}
	return "<" + next.String() + `>; rel="next"`
}
