package server

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
)

// The number of records in one page of a list.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// maxQuery is what a query may have besides its cursor, in bytes and encoded,
// for the Link header repeats it. The load balancer passes on 32 KiB of headers
// and makes anything else of an answer with more:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const maxQuery = 1 << 10

// page is the part of a list that a request asks for.
type page struct {
	after string
	limit int
}

// parsePage reads ?limit= and ?cursor=. A cursor has to be one that nextPage makes
// of what isID takes for an id, so it is as short. Every error is a *Problem.
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

// cursors hide that a cursor is the last id of the page before, so that nobody
// comes to rely on it.
var cursors = base64.RawURLEncoding.Strict()

// parseCursor returns the id that a cursor stands for. The decoder skips line
// breaks, which no cursor has.
func parseCursor(cursor string, isID func(string) bool) (id string, ok bool) {
	decoded, err := cursors.DecodeString(cursor)
	return string(decoded), err == nil && isID(string(decoded)) && !strings.ContainsAny(cursor, "\r\n")
}

// nextPage returns the Link header (RFC 8288) of the page behind the given id.
// It is relative, because only the caller knows the name of the load balancer.
func nextPage(u *url.URL, id string) string {
	query := u.Query()
	query.Set("cursor", cursors.EncodeToString([]byte(id)))
	next := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query.Encode()}
	return "<" + next.String() + `>; rel="next"`
}
