package server_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// marked is what a request holds here wherever it can, and nothing else may.
const marked = "xyzzy"

// TestErrorsRepeatNothing puts the mark wherever a client can go wrong.
func TestErrorsRepeatNothing(t *testing.T) {
	mux, _ := things(1)
	for _, c := range []struct{ method, target, body string }{
		{"GET", "/xyzzy", ""},
		{"GET", "//things/xyzzy", ""},
		{"GET", "/xyzzy/../things?xyzzy=xyzzy", ""},
		{"XYZZY", "/things", ""},
		{"GET", "/things/xyzzy", ""},
		{"GET", "/things?limit=xyzzy", ""},
		{"GET", "/things?cursor=xyzzy", ""},
		{"GET", "/things?xyzzy=%zz", ""},
		{"GET", "/things?xyzzy;", ""},
		{"GET", "/things?xyzzy=" + strings.Repeat("x", 2000), ""},
		{"POST", "/things", "xyzzy"},
		{"POST", "/things", `{"name":xyzzy}`},
		{"POST", "/things", `"xyzzy"`},
		{"POST", "/things", `{"xyzzy":1}`},
		{"POST", "/things", `{"name":{"xyzzy":"xyzzy"}}`},
		{"POST", "/things", `{"size":"xyzzy"}`},
		{"POST", "/things", `{"name":"xyzzyxyzzyxyzzy"}`},
		{"POST", "/things", `{"name":"xyzzy"} xyzzy`},
		{"POST", "/things", `{"name":"xyzzy`},
	} {
		request := httptest.NewRequest(c.method, c.target, strings.NewReader(c.body))
		request.Host = marked
		request.Header.Set("X-Request-Id", marked)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, request)
		said := fmt.Sprint(answer.Header(), answer.Body)
		if answer.Code < 400 || strings.Contains(strings.ToLower(said), marked) {
			t.Errorf("%s %.50s %.50s: %d %s; want an error that repeats nothing", c.method, c.target, c.body, answer.Code, said)
		}
	}
}
