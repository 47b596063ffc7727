package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"

	"example.com/strangler/services/server"
)

var (
	// ErrNotFound means that the service answers 404 with a problem document (RFC 9457).
	// The server has no status for it: the handler knows what it means for its client.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable means that the same call may succeed later: the service answers 502,
	// 503 or 504, or not in time, or it cannot be reached. The server makes it 503 with
	// Retry-After, and a detail that names the service.
	ErrUnavailable = errors.New("unavailable")
)

// Error is a call that failed. It wraps ErrNotFound or ErrUnavailable where one of them
// applies. Its text has the method, the service, and the status or what the network
// said, and nothing of the path or a body.
type Error struct {
	// Method and Service say what was called.
	Method, Service string
	// Status is that of the response, or 0 without one.
	Status int

	causes []error
	reason string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("call %s %s: %s", e.Method, e.Service, e.reason) }

// Unwrap lets errors.Is and errors.As see the causes.
func (e *Error) Unwrap() []error { return e.causes }

// check returns the error of a response, or of an attempt without one. ctx is that of
// the caller, who may have gone.
func (c *Client) check(ctx context.Context, method string, r response, err error) error {
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return c.fail(method, r, context.Canceled)
	case transient(r, err):
		return c.fail(method, r, err, ErrUnavailable, server.Unavailable(c.service))
	case r.status == http.StatusNotFound && isProblem(r.header):
		return c.fail(method, r, err, ErrNotFound)
	case r.status < 200 || r.status > 299:
		return c.fail(method, r, err)
	case len(r.body) > MaxBody:
		return c.fail(method, r, errTooLarge)
	}
	return nil
}

var errTooLarge = fmt.Errorf("the body has more than %d bytes", MaxBody)

// isProblem reports whether a response is a problem document. A 404 that is none may be
// a proxy's, which does not know the service.
func isProblem(h http.Header) bool {
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && media == "application/problem+json"
}

// fail returns the error of a call. err is nil when the status is the reason.
func (c *Client) fail(method string, r response, err error, kinds ...error) error {
	e := &Error{Method: method, Service: c.service, Status: r.status, causes: kinds}
	if err == nil {
		e.reason = fmt.Sprintf("%d %s", r.status, http.StatusText(r.status))
		return e
	}
	e.reason, e.causes = reason(err), append(kinds, err)
	return e
}

// plain are errors whose text has nothing of a request or a response.
var plain = []error{context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF, io.EOF, errTooLarge}

// reason returns the text of an error if that is the network's own, or its type: an
// error of net/http or encoding/json quotes what it cannot read.
func reason(err error) string {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Error()
	}
	for _, known := range plain {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return fmt.Sprintf("an error of type %T", err)
}
