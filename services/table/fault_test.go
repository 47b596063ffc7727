package table_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// patience is the time after which a caller has an error at most when the database
// does not answer. The load balancer would wait for 60 s.
const patience = 3 * time.Second

func TestTransientErrors(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"throttled":       refuse(http.StatusBadRequest, "ThrottlingException"),
		"over capacity":   refuse(http.StatusBadRequest, "ProvisionedThroughputExceededException"),
		"over the limit":  refuse(http.StatusBadRequest, "RequestLimitExceeded"),
		"server failure":  refuse(http.StatusInternalServerError, "InternalServerError"),
		"lost connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"silence":         func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			unavailable(t, server.URL)
		})
	}
	t.Run("connection refused", func(t *testing.T) {
		server := httptest.NewServer(nil)
		server.Close()
		unavailable(t, server.URL)
	})
}

func TestPermanentErrors(t *testing.T) {
	for _, code := range []string{"ResourceNotFoundException", "AccessDeniedException", "ValidationException"} {
		t.Run(code, func(t *testing.T) {
			server := httptest.NewServer(refuse(http.StatusBadRequest, code))
			defer server.Close()
			for call, err := range calls(t, server.URL) {
				assert.ErrorContains(t, err, code, call)
				assert.NotErrorIs(t, err, table.ErrUnavailable, call)
			}
		})
	}
}

// TestOwnRecord loses the response to a write that succeeded. The SDK writes again,
// and the record that it finds is no conflict.
func TestOwnRecord(t *testing.T) {
	database, err := url.Parse(tabletest.Embedded(t))
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(database)
	var lose, lost atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lose.CompareAndSwap(true, false) {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			lost.Store(true)
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	notes := tables(t, server.URL)(t)
	mine := note{ID: "a", Author: "ada", Shelf: "t", Created: time.Now().UTC().Round(0)}
	lose.Store(true)
	require.NoError(t, notes.Create(t.Context(), mine))
	assert.True(t, lost.Load(), "the response is lost")
	theirs := mine
	theirs.Created = theirs.Created.Add(1)
	lose.Store(true)
	assert.ErrorIs(t, notes.Create(t.Context(), theirs), table.ErrExists, "another record with the id")
}

func unavailable(t *testing.T, endpoint string) {
	t.Helper()
	start := time.Now()
	for call, err := range calls(t, endpoint) {
		assert.ErrorIs(t, err, table.ErrUnavailable, call)
	}
	assert.LessOrEqual(t, time.Since(start), patience)
}

// calls makes every call at once and returns how each ended.
func calls(t *testing.T, endpoint string) map[string]error {
	t.Helper()
	notes := table.NewDynamoDB[note](tabletest.Connect(t, endpoint), "notes")
	type outcome struct {
		call string
		err  error
	}
	outcomes := make(chan outcome)
	for call, do := range map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error { return notes.Create(ctx, note{ID: "a", Author: "ada", Shelf: "t"}) },
		"Get":    func(ctx context.Context) error { _, err := notes.Get(ctx, "a"); return err },
		"Query": func(ctx context.Context) error {
			_, err := notes.Query(ctx, table.Query{Index: table.All, Value: "note", Limit: 1})
			return err
		},
	} {
		go func() { outcomes <- outcome{call, do(t.Context())} }()
	}
	ended := map[string]error{}
	for range 3 {
		o := <-outcomes
		ended[o.call] = o.err
	}
	return ended
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"no"}`, code)
	}
}
