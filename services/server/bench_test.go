package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/strangler/services/table"
)

// item is what the benchmarks serve: a record of a size that is usual.
type item struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Text    string    `json:"text"`
	Created time.Time `json:"created"`
}

// Keys implements table.Record.
func (i item) Keys() map[string]string { return map[string]string{"id": i.ID} }

var four = []item{
	{"one", "The first", "A line of text that says something.", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)},
	{"two", "The second", "A line of text that says something else.", time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)},
	{"three", "The third", "", time.Date(2026, 3, 3, 9, 30, 0, 0, time.UTC)},
	{"four", "The fourth", "A longer line of text, which says this and that, and ends.", time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)},
}

// unread is a response that is not read.
type unread struct{ header http.Header }

func (u unread) Header() http.Header         { return u.header }
func (u unread) Write(b []byte) (int, error) { return len(b), nil }
func (u unread) WriteHeader(int)             {}

// BenchmarkRequest is what the mux and the handlers add to net/http for one request: a GET of
// one record, of a list, and of what is not there.
func BenchmarkRequest(b *testing.B) {
	mux := NewMux("bench", slog.New(slog.DiscardHandler))
	mux.Handle("GET /items", List(
		func(context.Context, table.Query) ([]item, error) { return four, nil },
		func(*http.Request) table.Query { return table.Query{} }, func(string) bool { return true },
	))
	mux.Handle("GET /items/{id}", Get(func(_ context.Context, id string) (item, error) {
		if id == "none" {
			return item{}, table.ErrNotFound
		}
		return four[0], nil
	}))
	for name, path := range map[string]string{"One": "/items/one", "List": "/items", "Missing": "/items/none", "Elsewhere": "/other"} {
		b.Run(name, func(b *testing.B) {
			at, err := url.Parse(path)
			require.NoError(b, err)
			header := http.Header{"User-Agent": {"bench"}, "X-Forwarded-Proto": {"https"}}
			b.ReportAllocs()
			for b.Loop() {
				request := &http.Request{Method: http.MethodGet, URL: at, Host: "localhost", Header: header, Proto: "HTTP/1.1", RequestURI: path}
				mux.ServeHTTP(unread{http.Header{}}, request)
			}
		})
	}
}
