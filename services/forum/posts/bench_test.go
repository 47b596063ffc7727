package posts_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/server"
	"example.com/strangler/services/table"
)

// BenchmarkList measures the most expensive request of a forum in memory.
func BenchmarkList(b *testing.B) {
	mux := server.NewMux("posts", slog.New(slog.DiscardHandler))
	posts.Serve(mux, table.NewMemory(posts.Seed...), nil, nil)
	request := httptest.NewRequest("GET", "/api/posts", nil)
	b.ReportAllocs()
	for b.Loop() {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, request)
		require.Equal(b, http.StatusOK, answer.Code)
	}
}
