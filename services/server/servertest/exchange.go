// Package servertest sends requests to a handler and checks its responses.
package servertest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/server"
)

// Exchange is a request and the response that is expected.
type Exchange struct {
	// Request is a method and a target, such as "GET /api/orders?limit=1".
	Request string
	// Body is the body of the request.
	Body string
	// Status is the status code of the response.
	Status int
	// Header has expected values of response headers. An empty value means that the
	// header is absent.
	Header map[string]string
	// Contains is a part of the response's body, or of its detail if it is a problem.
	Contains string
}

// Secure are the security headers of every response to a request over plain HTTP.
// An empty value means that the header is absent.
var Secure = map[string]string{
	"X-Content-Type-Options":    "nosniff",
	"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
	"Cache-Control":             "no-store",
	"Referrer-Policy":           "no-referrer",
	"Strict-Transport-Security": "",
}

// Run runs the exchanges one after the other, each as a subtest. Every response has
// X-Served-By and the headers of Secure, and every error is a problem document.
func Run(t *testing.T, h http.Handler, exchanges ...Exchange) {
	t.Helper()
	for _, e := range exchanges {
		t.Run(e.Request, func(t *testing.T) {
			method, target, _ := strings.Cut(e.Request, " ")
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(e.Body)))
			assert.Equal(t, e.Status, answer.Code, "%s", answer.Body)
			for name, want := range e.Header {
				assert.Equal(t, want, answer.Header().Get(name), name)
			}
			assert.NotEmpty(t, answer.Header().Get("X-Served-By"), "X-Served-By")
			for name, want := range Secure {
				assert.Equal(t, want, answer.Header().Get(name), name)
			}
			body := answer.Body.String()
			if answer.Code >= http.StatusBadRequest {
				body = detail(t, answer)
			}
			assert.Contains(t, body, e.Contains)
		})
	}
}

// maxDetail is the length of a detail at most, in bytes. It leaves no room for a part
// of the request.
const maxDetail = 200

// detail returns the detail of a response, which must be a problem document.
func detail(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	var p server.Problem
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &p), "%q is a problem document", answer.Body)
	assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"))
	assert.Equal(t, "about:blank", p.Type)
	assert.Equal(t, http.StatusText(answer.Code), p.Title)
	assert.Equal(t, answer.Code, p.Status)
	assert.NotEmpty(t, p.Detail)
	assert.LessOrEqual(t, len(p.Detail), maxDetail, p.Detail)
	return p.Detail
}
