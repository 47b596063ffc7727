package reference_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
)

// TestLocalAndRemoteAgree has a table in each of its states, which one program has itself
// and another asks a service for: a client gets the same answer from both.
func TestLocalAndRemoteAgree(t *testing.T) {
	for name, c := range map[string]struct {
		get    error
		status int
		detail string
	}{
		"there":     {nil, 200, ""},
		"not there": {table.ErrNotFound, 422, `The field "author" names nothing that exists.`},
		"down":      {table.ErrUnavailable, 503, `This needs "users", which is out of reach: try again soon.`},
		"too slow":  {context.DeadlineExceeded, 503, `This needs "users", which is out of reach: try again soon.`},
		"broken":    {errors.New("broken"), 500, "The program failed at this request."},
	} {
		t.Run(name, func(t *testing.T) {
			get := func(context.Context, string) (user, error) { return user{"ada"}, c.get }
			var targets []string
			users := server.NewMux("users", slog.New(slog.DiscardHandler))
			users.Handle("GET /api/users/{id}", server.Get(get))
			there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				targets = append(targets, r.Method+" "+r.RequestURI)
				users.ServeHTTP(w, r)
			}))
			defer there.Close()
			remote, err := reference.Remote("users", environment("USERS_URL", there.URL), slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			var documents []string
			for _, exists := range []reference.Exists{reference.Local("users", get), remote} {
				mux := server.NewMux("threads", slog.New(slog.DiscardHandler))
				mux.Handle("POST /", func(_ http.ResponseWriter, r *http.Request) error { return exists.Check(r.Context(), "author", "ada") })
				servertest.Run(t, mux, servertest.Exchange{
					Request: "POST /", Status: c.status, Contains: c.detail,
					Header: map[string]string{"Retry-After": map[bool]string{true: "1", false: ""}[c.status == 503]},
				})
				answer := httptest.NewRecorder()
				mux.ServeHTTP(answer, httptest.NewRequest("POST", "/", nil))
				documents = append(documents, answer.Body.String())
			}
			assert.Equal(t, documents[0], documents[1])
			require.NotEmpty(t, targets)
			assert.Equal(t, "GET /api/users/ada", targets[0])
		})
	}
}

type user struct {
	ID string `json:"id"`
}

func (u user) Keys() map[string]string { return map[string]string{"id": u.ID} }

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// A service that is not there is not one that has no such item.
func TestNoService(t *testing.T) {
	there := httptest.NewServer(nil)
	there.Close()
	remote, err := reference.Remote("users", environment("USERS_URL", there.URL), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = remote(t.Context(), "ada")
	var problem *server.Problem
	require.ErrorAs(t, err, &problem)
	assert.Equal(t, http.StatusServiceUnavailable, problem.Status)
}

// Without a connection a program does not start, unless it is tried alone.
func TestRemoteWithoutConnection(t *testing.T) {
	_, err := reference.Remote("users", environment("USERS_TABLE", "users"), slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, `USERS_URL is not set: name "users" in Calls`)

	var log bytes.Buffer
	alone, err := reference.Remote("users", environment("STORE", "memory"), slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	there, err := alone(t.Context(), "unknown")
	assert.NoError(t, err)
	assert.True(t, there)
	assert.Contains(t, log.String(), "ids are not checked")
	assert.Contains(t, log.String(), "USERS_URL")

	asked, err := reference.Remote("users", environment("STORE", "memory", "USERS_URL", "http://127.0.0.1:1"), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = asked(t.Context(), "unknown")
	assert.Error(t, err, "a connection is used with STORE=memory too")
}

func TestValid(t *testing.T) {
	for _, id := range []string{"a", "mei-2", "019cbf28-1100-7000-8000-000000000001", strings.Repeat("a", 64)} {
		assert.NoError(t, reference.Valid("author", id), id)
	}
	for _, id := range []string{"", ".", "..", "a/b", "a b", "a%2Fb", "a?b", "é", "a\n", "\x00", strings.Repeat("a", 65)} {
		err := reference.Valid("author", id)
		assert.ErrorContains(t, err, `The field "author" does not match`, "%q", id)
	}
}
