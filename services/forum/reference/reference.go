// Package reference checks the ids by which items of the forum name each other: a post
// its author and its thread, a thread its author. The items may be in a table of the
// program or behind a connection to another service; the answers are the same.
package reference

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"

	"example.com/strangler/services/client"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// pattern is the form of every id that an item may have, which needs no escape in a
// path.
var pattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// Valid checks the form of the id in a field. The error is a *server.Problem with status
// 422.
func Valid(field, id string) error { return server.Match(field, id, pattern) }

// Exists reports whether an item has the id. Its errors are such that the server makes
// 503 of them when the items are out of reach.
type Exists func(ctx context.Context, id string) (bool, error)

// Check returns the *server.Problem, with status 422, of a field that names no item.
func (e Exists) Check(ctx context.Context, field, id string) error {
	there, err := e(ctx, id)
	if err == nil && !there {
		return server.Invalid("The field %q names nothing that exists.", field)
	}
	return err
}

// Local looks the items of a service up in a table of this program. get is that of the
// table.
func Local[T any](service string, get func(ctx context.Context, id string) (T, error)) Exists {
	return func(ctx context.Context, id string) (bool, error) {
		_, err := get(ctx, id)
		switch {
		case errors.Is(err, table.ErrNotFound):
			return false, nil
		case errors.Is(err, table.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
			return false, fmt.Errorf("%w: %w", server.Unavailable(service), err)
		}
		return err == nil, err
	}
}

// Remote asks a service of the forum, at GET /api/<service>/{id}. The errors are those
// of client.New. With STORE=memory and no URL of the service every id counts as one that
// exists, and the log says so: a service can be tried alone.
func Remote(service string, getenv func(string) string, log *slog.Logger) (Exists, error) {
	variable := client.Variable(service)
	if getenv("STORE") == "memory" && getenv(variable) == "" {
		log.Warn("ids are not checked", "service", service, "reason", "STORE=memory without "+variable)
		return func(context.Context, string) (bool, error) { return true, nil }, nil
	}
	c, err := client.New(service, getenv)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, id string) (bool, error) {
		err := c.Do(ctx, http.MethodGet, "/api/"+service+"/"+url.PathEscape(id), nil, nil)
		if errors.Is(err, client.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}, nil
}
