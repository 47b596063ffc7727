package server

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// MaxBody is the size of a request body at most, in bytes.
const MaxBody = 64 << 10

// decode reads the one JSON object that a request's body is. Every error is a
// *Problem.
func decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var v T
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&v); err != nil {
		return v, misread(err)
	}
	switch _, err := body.Token(); {
	case err == io.EOF:
		return v, nil
	case tooLarge(err):
		return v, misread(err)
	}
	return v, malformed("The body goes on after its JSON object.")
}

func misread(err error) *Problem {
	if tooLarge(err) {
		return newProblem(http.StatusRequestEntityTooLarge, "The body has more than 64 KiB.")
	}
	if err == io.EOF {
		return malformed("The body is empty: want a JSON object.")
	}
	if err == io.ErrUnexpectedEOF {
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
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return malformed("The field %.40s is unknown.", field)
	}
	return malformed("The body could not be read.")
}

func tooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}
