package threads_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/forum"
	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// known has some ids, and one that cannot be looked up.
func known(ids ...string) reference.Exists {
	return func(_ context.Context, id string) (bool, error) {
		if id == "down" {
			return false, server.Unavailable("users")
		}
		return slices.Contains(ids, id), nil
	}
}

func TestThreads(t *testing.T) {
	tabletest.Each(t, *forum.Catalog().Find("threads").Table, threads.Seed, func(t *testing.T, store table.Table[threads.Thread]) {
		mux := server.NewMux("threads", slog.New(slog.DiscardHandler))
		threads.Serve(mux, store, known("mei"))
		servertest.Run(t, mux,
			servertest.Exchange{Request: "GET /api/threads?limit=1", Status: 200, Contains: "A valve radio that hums",
				Header: map[string]string{"Link": `</api/threads?cursor=MDE5Y2VlMTMtYzkwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAz&limit=1>; rel="next"`}},
			servertest.Exchange{
				Request: "GET /api/threads?limit=1&cursor=MDE5Y2VlMTMtYzkwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAz", Status: 200, Contains: "What do you bake",
			},
			servertest.Exchange{Request: "GET /api/threads?cursor=YWRh", Status: 400, Contains: "cursor"}, // a cursor of users
			servertest.Exchange{
				Request: "GET /api/threads/" + threads.Seed[0].ID, Status: 200, Contains: `"author":"ada","created":"2026-03-05T18:00:00Z"`,
			},
			servertest.Exchange{Request: "GET /api/threads/1", Status: 404},
			servertest.Exchange{
				Request: "POST /api/threads", Body: `{"title":"Newest of all","author":"mei"}`, Status: 201,
				Contains: `"title":"Newest of all","author":"mei"`,
			},
			servertest.Exchange{
				Request: "POST /api/threads", Body: `{"title":"Refused","author":"none"}`, Status: 422, Contains: `"author" names nothing that exists`,
			},
			servertest.Exchange{
				Request: "POST /api/threads", Body: `{"title":"Refused","author":"down"}`, Status: 503, Contains: `This needs "users"`,
				Header: map[string]string{"Retry-After": "1"},
			},
			servertest.Exchange{Request: "POST /api/threads", Body: `{"title":"","author":"down"}`, Status: 422, Contains: `"title"`},
			servertest.Exchange{Request: "GET /api/threads?limit=1", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{
				Request: "POST /api/threads", Body: `{"id":"1","title":"x","author":"mei"}`, Status: 400,
				Contains: "unknown field: want no other than title, author",
			},
			servertest.Exchange{Request: "POST /api/threads/1", Status: 405, Header: map[string]string{"Allow": "GET, HEAD"}},
		)
	})
}

func TestNew(t *testing.T) {
	for _, d := range []threads.Draft{
		{Title: "", Author: "ada"},
		{Title: " ", Author: "ada"},
		{Title: strings.Repeat("é", 121), Author: "ada"},
		{Title: "Bees", Author: ""},
		{Title: "Bees", Author: strings.Repeat("a", 65)},
		{Title: "Bees", Author: ".."},
	} {
		_, err := threads.New(d)
		assert.Error(t, err, "%+v", d)
	}
	before := time.Now()
	thread, err := threads.New(threads.Draft{Title: strings.Repeat("é", 120), Author: strings.Repeat("a", 64)})
	require.NoError(t, err)
	assert.True(t, table.IsID(thread.ID), thread.ID)
	assert.False(t, thread.Created.Before(before), "%s is before %s", thread.Created, before)
	assert.Equal(t, time.UTC, thread.Created.Location())
}

func TestSeed(t *testing.T) {
	for _, thread := range threads.Seed {
		_, err := threads.New(threads.Draft{Title: thread.Title, Author: thread.Author})
		require.NoError(t, err, thread.ID)
		require.True(t, table.IsID(thread.ID), thread.ID)
		assert.Equal(t, table.NewID(thread.Created)[:13], thread.ID[:13], "an id begins with the time, %s", thread.Created)
	}
}

func FuzzDraft(f *testing.F) {
	servertest.FuzzDraft[threads.Draft](f, "/api/threads", func(mux *server.Mux) {
		threads.Serve(mux, table.NewMemory[threads.Thread](), known("ada"))
	}, `{"title":"Bees","author":"ada"}`, `{"title":" ","author":"ada"}`)
}
