package table_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// patience is what a caller may have to wait for the news that the database is
// of no use; the load balancer would wait for 60 s.
const patience = 3 * time.Second

func TestTroubleThatPasses(t *testing.T) {
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
	t.Run("nobody listens", func(t *testing.T) {
		server := httptest.NewServer(nil)
		server.Close()
		unavailable(t, server.URL)
	})
}

func TestTroubleThatStays(t *testing.T) {
	for _, code := range []string{"ResourceNotFoundException", "AccessDeniedException", "ValidationException"} {
		t.Run(code, func(t *testing.T) {
			server := httptest.NewServer(refuse(http.StatusBadRequest, code))
			defer server.Close()
			for call, err := range calls(t, server.URL) {
				if err == nil || errors.Is(err, table.ErrUnavailable) || !strings.Contains(err.Error(), code) {
					t.Errorf("%s: %v, want an error that names %s and does not promise better times", call, err, code)
				}
			}
		})
	}
}

// TestOwnRecord loses the answer to a write that succeeded: the SDK writes
// again, and must not report its own record as another's.
func TestOwnRecord(t *testing.T) {
	database, err := url.Parse(tabletest.Embedded(t))
	if err != nil {
		t.Fatal(err)
	}
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
	mine := note{ID: "a", Author: "ada", Thread: "t", Created: time.Now().UTC().Round(0)}
	lose.Store(true)
	if err := notes.Create(t.Context(), mine); err != nil || !lost.Load() {
		t.Errorf("Create = %v, answer lost: %t; want success all the same", err, lost.Load())
	}
	theirs := mine
	theirs.Created = theirs.Created.Add(1)
	lose.Store(true)
	if err := notes.Create(t.Context(), theirs); !errors.Is(err, table.ErrExists) {
		t.Errorf("Create of another's id = %v, want %v", err, table.ErrExists)
	}
}

func unavailable(t *testing.T, endpoint string) {
	t.Helper()
	start := time.Now()
	for call, err := range calls(t, endpoint) {
		if !errors.Is(err, table.ErrUnavailable) {
			t.Errorf("%s: %v, want %v", call, err, table.ErrUnavailable)
		}
	}
	if took := time.Since(start); took > patience {
		t.Errorf("the answer took %s, want at most %s", took, patience)
	}
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
		"Create": func(ctx context.Context) error { return notes.Create(ctx, note{ID: "a", Author: "ada", Thread: "t"}) },
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
