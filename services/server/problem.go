package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"example.com/strangler/services/table"
)

// retryAfter is the value of Retry-After in seconds. DynamoDB's throttling usually ends
// within one.
const retryAfter = 1

// Problem is an error in the form that a client gets: a problem document (RFC 9457).
type Problem struct {
	// Type is "about:blank": the status says all about the type.
	Type string `json:"type"`
	// Title is the text of the status.
	Title string `json:"title"`
	// Status is the HTTP status code of the response.
	Status int `json:"status"`
	// Detail says what the client can change. It repeats no part of the request, and
	// only names that the program has.
	Detail string `json:"detail"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// malformed returns the problem of a request that cannot be read.
func malformed(format string, args ...any) *Problem {
	return newProblem(http.StatusBadRequest, fmt.Sprintf(format, args...))
}

// Invalid returns the problem, of status 422, of a request that can be read but has a
// value that cannot be taken. The detail names the field and does not repeat the value.
func Invalid(format string, args ...any) *Problem {
	return newProblem(http.StatusUnprocessableEntity, fmt.Sprintf(format, args...))
}

// Unavailable returns the problem, of status 503 and with Retry-After, of a request that
// needs a service that is down or out of reach. The name is the program's own for it.
func Unavailable(service string) *Problem {
	return newProblem(http.StatusServiceUnavailable, fmt.Sprintf("This needs %q, which is out of reach: try again soon.", service))
}

func newProblem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// problem maps an error to the problem that the client gets. An error that is not
// listed is a 500 without its text.
func problem(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	switch {
	case errors.Is(err, table.ErrNotFound):
		return newProblem(http.StatusNotFound, "Nothing has this id.")
	case errors.Is(err, table.ErrExists):
		return newProblem(http.StatusConflict, "The id is taken: choose another.")
	case errors.Is(err, table.ErrUnavailable):
		return newProblem(http.StatusServiceUnavailable, "The database is busy or out of reach: try again soon.")
	case errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "The request took too long: try again soon.")
	}
	return newProblem(http.StatusInternalServerError, "The program failed at this request.")
}

func (p *Problem) write(w http.ResponseWriter) {
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	}
	body, _ := json.Marshal(p) // strings and a number: it cannot fail
	write(w, p.Status, "application/problem+json", body)
}

func write(w http.ResponseWriter, status int, mediaType string, body []byte) {
	header := w.Header()
	header["Content-Type"] = []string{mediaType}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	w.Write(body)
}
