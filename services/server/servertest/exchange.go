// Package servertest asks a handler and compares its answers.
package servertest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/strangler/services/server"
)

// Exchange is a request and what is expected of its answer.
type Exchange struct {
	// Request is a method and a target, such as "GET /api/users?limit=1".
	Request string
	Body    string
	Status  int
	// Header has the values that matter. Empty means the header is absent.
	Header map[string]string
	// Contains is part of the answer's body, or of its detail if it is a problem.
	Contains string
}

// Secure are the headers of every answer to a request that came over plain HTTP.
var Secure = map[string]string{
	"X-Content-Type-Options":    "nosniff",
	"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
	"Cache-Control":             "no-store",
	"Referrer-Policy":           "no-referrer",
	"Strict-Transport-Security": "",
}

// Run makes each exchange in turn. Whatever the answer is, it has to name the
// program and be Secure, and a problem has to be a problem document.
func Run(t *testing.T, h http.Handler, exchanges ...Exchange) {
	t.Helper()
	for _, e := range exchanges {
		t.Run(e.Request, func(t *testing.T) {
			method, target, _ := strings.Cut(e.Request, " ")
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(e.Body)))
			if answer.Code != e.Status {
				t.Errorf("status %d, want %d: %s", answer.Code, e.Status, answer.Body)
			}
			for name, want := range e.Header {
				if got := answer.Header().Get(name); got != want {
					t.Errorf("%s: %s, want %q", name, got, want)
				}
			}
			if answer.Header().Get("X-Served-By") == "" {
				t.Error("no X-Served-By")
			}
			for name, want := range Secure {
				if got := answer.Header().Get(name); got != want {
					t.Errorf("%s: %s, want %q", name, got, want)
				}
			}
			body := answer.Body.String()
			if answer.Code >= http.StatusBadRequest {
				body = detail(t, answer)
			}
			if !strings.Contains(body, e.Contains) {
				t.Errorf("%s does not contain %q", body, e.Contains)
			}
		})
	}
}

// longestDetail leaves no room for a request's own words.
const longestDetail = 200

func detail(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	var p server.Problem
	if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil {
		t.Fatalf("%q is no problem document: %v", answer.Body, err)
	}
	if got := answer.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: %s, want application/problem+json", got)
	}
	if p.Type != "about:blank" || p.Title != http.StatusText(answer.Code) || p.Status != answer.Code || p.Detail == "" || len(p.Detail) > longestDetail {
		t.Errorf("problem %+v in an answer with status %d", p, answer.Code)
	}
	return p.Detail
}
