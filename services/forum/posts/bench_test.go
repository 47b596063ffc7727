package posts_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// BenchmarkList is the dearest request that a forum in memory answers.
func BenchmarkList(b *testing.B) {
	mux := server.NewMux("posts", slog.New(slog.DiscardHandler))
	posts.Serve(mux, table.NewMemory(posts.Seed...))
	request := httptest.NewRequest("GET", "/api/posts", nil)
	b.ReportAllocs()
	for b.Loop() {
		answer := httptest.NewRecorder()
		if mux.ServeHTTP(answer, request); answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
	}
}
