package server

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// MaxBody is the size of a request body at most, in bytes. A larger body is a problem
// with status 413.
const MaxBody = 64 << 10

// decode reads a request's body, one JSON object, into a struct whose fields have
// their names in json tags. Every error is a *Problem.
//
// encoding/json limits the depth to 10,000 levels, and a number that its field cannot
// hold is an error.
func decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var v T
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&v); err != nil {
		return v, bodyProblem[T](err)
	}
	switch _, err := body.Token(); {
	case err == io.EOF:
		return v, nil
	case tooLarge(err):
		return v, bodyProblem[T](err)
	}
	return v, malformed("The body goes on after its JSON object.")
}

// bodyProblem returns the problem for an error of reading a body.
func bodyProblem[T any](err error) *Problem {
	if tooLarge(err) {
		return newProblem(http.StatusRequestEntityTooLarge, "The body has more than 64 KiB.")
	}
	if errors.Is(err, io.EOF) {
		return malformed("The body is empty: want a JSON object.")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return malformed("The JSON ends before its object does.")
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return malformed("The body is not JSON: see byte %d.", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field == "" {
		return malformed("The body is another JSON value: want an object.")
	} else if ok {
		return malformed("The field %q has another type: want %s.", e.Field, e.Type)
	}
	if strings.HasPrefix(err.Error(), "json: unknown field ") {
		return malformed("The body has an unknown field: want no other than %s.", strings.Join(fields[T](), ", "))
	}
	return malformed("The body could not be read.")
}

// fields returns the names that a body's object may have.
func fields[T any]() (names []string) {
	for field := range reflect.TypeFor[T]().Fields() {
		names = append(names, field.Tag.Get("json"))
	}
	return names
}

func tooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
