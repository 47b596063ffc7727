package servertest

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/server"
)

// FuzzDraft posts arbitrary bodies to a path that creates records from a Draft. serve
// adds the routes to a mux with an empty table. A body that is accepted makes a record
// with the draft's fields, which Location leads to, and which the draft's own encoding
// makes as well. Any other body is a problem with status 400, 413 or 422.
func FuzzDraft[Draft comparable](f *testing.F, path string, serve func(*server.Mux), seeds ...string) {
	for _, body := range append(seeds, "", "{}", "null", "[]", "{} {}", `{"id":1}`, "{\"id\":\"\xff\"}", `{"ID":"\ud800","id":"a"}`) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		mux := server.NewMux("test", slog.New(slog.NewTextHandler(t.Output(), nil)))
		serve(mux)
		answer := send(mux, "POST", path, body)
		if answer.Code != http.StatusCreated {
			detail(t, answer)
			assert.Contains(t, []int{400, 413, 422}, answer.Code, "%q: %s", body, answer.Body)
			return
		}
		draft := read[Draft](t, body)
		assert.Equal(t, draft, read[Draft](t, answer.Body.String()), "%q", body)
		if location := answer.Header().Get("Location"); location != "" {
			found := send(mux, "GET", location, "")
			assert.Equal(t, http.StatusOK, found.Code, "%s of %q", location, body)
			assert.Equal(t, answer.Body.String(), found.Body.String(), "%s of %q", location, body)
		}
		again := server.NewMux("test", slog.New(slog.DiscardHandler))
		serve(again)
		encoded, err := json.Marshal(draft)
		require.NoError(t, err)
		answer = send(again, "POST", path, string(encoded))
		require.Equal(t, http.StatusCreated, answer.Code, "%s, the encoding of %q: %s", encoded, body, answer.Body)
		assert.Equal(t, draft, read[Draft](t, answer.Body.String()), "%s, the encoding of %q", encoded, body)
	})
}

// send sends a request to the mux and returns the response.
func send(mux *server.Mux, method, target, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(body)))
	return answer
}

func read[T any](t *testing.T, text string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v), "%q is accepted, so it is JSON", text)
	return v
}
