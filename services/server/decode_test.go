package server_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
)

func TestBadBodies(t *testing.T) {
	mux, _ := things(0)
	large := `{"name":"` + strings.Repeat("x", server.MaxBody) + `"}`
	for body, c := range map[string]struct {
		status int
		detail string
	}{
		"":                            {400, "empty"},
		" \n":                         {400, "empty"},
		"name":                        {400, "byte 2"},
		`{"name":"a"`:                 {400, "ends before"},
		`{"name":"a",}`:               {400, "not JSON"},
		`{"name":5}`:                  {400, `"name" has another type: want string`},
		`{"name":{"a":1}}`:            {400, `"name" has another type: want string`},
		`{"size":1e999}`:              {400, `"size" has another type: want int`},
		`["a"]`:                       {400, "want an object"},
		`"a"`:                         {400, "want an object"},
		`{"name":"a"}{}`:              {400, "goes on"},
		`{"name":"a"} x`:              {400, "goes on"},
		`{"NAME":5}`:                  {400, `"name" has another type: want string`},
		`{"name":"a","age":1}`:        {400, "unknown field: want no other than name, size."},
		`{"` + large[9:5000] + `":1}`: {400, "unknown field"},
		`null`:                        {422, `"name"`},
		`{"name":"` + "\u2003" + `"}`: {422, "blank"},
		`{"name":"12345678901"}`:      {422, "11 characters: want 1 to 10"},
		large:                         {413, "64 KiB"},
		`{"name":"a"}` + strings.Repeat(" ", len(large)): {413, "64 KiB"},
		strings.Repeat(" ", len(large)):                  {413, "64 KiB"},
		strings.Repeat("[", len(large)):                  {400, ""},
		`{"name":` + strings.Repeat("[", 9999) + `}`:     {400, ""},
	} {
		servertest.Run(t, mux, servertest.Exchange{Request: "POST /things", Body: body, Status: c.status, Contains: c.detail})
	}
	servertest.Run(t, mux, servertest.Exchange{Request: "POST /things", Body: `{"name":"` + "éééééééééé" + `"}`, Status: 201})
}

func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		"", "{}", "null", "[]", `{"name":"a"}`, `{"name":"a"}x`, `{"NAME":"é","size":-1}`, `{"name":"\ud800"}`, `{"x":1}`, "{\"name\":\"\xff\"}",
	} {
		f.Add(body)
	}
	mux, log := logged()
	mux.Handle("POST /things", server.Create(
		func(context.Context, thing) error { return nil },
		func(d draft) (thing, error) { return thing{d.Name}, nil },
		nil,
	))
	f.Fuzz(func(t *testing.T, body string) {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest("POST", "/things", strings.NewReader(body)))
		switch answer.Code {
		case 201:
			assert.True(t, json.Valid([]byte(body)), "%q is accepted, so it is JSON", body)
		case 400, 413:
			assert.LessOrEqual(t, answer.Body.Len(), 400, "the problem of %q", body)
		default:
			assert.Fail(t, "another status", "%q makes status %d: %s", body, answer.Code, answer.Body)
		}
		assert.Empty(t, log.String(), "%q is logged", body)
	})
}
