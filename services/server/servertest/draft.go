package servertest

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/strangler/services/server"
)

// FuzzDraft posts bodies to a path that creates records of a Draft. A body that
// is accepted makes a record that says what the draft does, is found where
// Location points, and is made of the draft's own encoding as well. Any other is
// a problem of the client's.
func FuzzDraft[Draft comparable](f *testing.F, path string, serve func(*server.Mux), seeds ...string) {
	for _, body := range append(seeds, "", "{}", "null", "[]", "{} {}", `{"id":1}`, "{\"id\":\"\xff\"}", `{"ID":"\ud800","id":"a"}`) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		mux := server.NewMux("test", slog.New(slog.NewTextHandler(t.Output(), nil)))
		serve(mux)
		answer := ask(mux, "POST", path, body)
		if answer.Code != 201 {
			if detail(t, answer); answer.Code != 400 && answer.Code != 413 && answer.Code != 422 {
				t.Errorf("%q makes status %d: %s", body, answer.Code, answer.Body)
			}
			return
		}
		said := read[Draft](t, body)
		if made := read[Draft](t, answer.Body.String()); made != said {
			t.Errorf("%q makes %+v", body, made)
		}
		if location := answer.Header().Get("Location"); location != "" {
			if found := ask(mux, "GET", location, ""); found.Code != 200 || found.Body.String() != answer.Body.String() {
				t.Errorf("%q makes %s, and %s is %d: %s", body, answer.Body, location, found.Code, found.Body)
			}
		}
		again := server.NewMux("test", slog.New(slog.DiscardHandler))
		serve(again)
		encoded, _ := json.Marshal(said)
		if answer := ask(again, "POST", path, string(encoded)); answer.Code != 201 || read[Draft](t, answer.Body.String()) != said {
			t.Errorf("%q is accepted, and its encoding %s is %d: %s", body, encoded, answer.Code, answer.Body)
		}
	})
}

func ask(mux *server.Mux, method, target, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(method, target, strings.NewReader(body)))
	return answer
}

func read[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q passes for JSON: %v", text, err)
	}
	return v
}
