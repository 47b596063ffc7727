package posts_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/forum"
	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/forum/reference"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/forum/users"
	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

// known has some ids of a service, and one that cannot be looked up.
func known(service string, ids ...string) reference.Exists {
	return func(_ context.Context, id string) (bool, error) {
		if id == "down" {
			return false, server.Unavailable(service)
		}
		return slices.Contains(ids, id), nil
	}
}

func TestPosts(t *testing.T) {
	tabletest.Each(t, *forum.Catalog().Find("posts").Table, posts.Seed, func(t *testing.T, store table.Table[posts.Post]) {
		mux := server.NewMux("posts", slog.New(slog.DiscardHandler))
		posts.Serve(mux, store, known("users", "ada"), known("threads", "t"))
		inThread := "/api/posts/in-thread/" + posts.Seed[0].Thread
		after := func(path, cursor string) map[string]string {
			return map[string]string{"Link": "<" + path + "?cursor=" + cursor + `&limit=1>; rel="next"`}
		}
		servertest.Run(t, mux,
			servertest.Exchange{Request: "GET /api/posts?limit=1", Status: 200, Contains: "Turn the mains transformer",
				Header: after("/api/posts", "MDE5Y2YwZDUtYTgyMC03MDAwLTgwMDAtMDAwMDAwMDAwMDA3")},
			servertest.Exchange{Request: "GET " + inThread + "?limit=1", Status: 200, Contains: "The covered one at Lucerne",
				Header: after(inThread, "MDE5Y2JmMjktZTVjMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx")},
			servertest.Exchange{
				Request: "GET " + inThread + "?limit=1&cursor=MDE5Y2JmMjktZTVjMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx", Status: 200,
				Contains: "Any that still has a toll house",
			},
			servertest.Exchange{Request: "GET /api/posts/by-user/ada?limit=1", Status: 200, Contains: "Apples, whole",
				Header: after("/api/posts/by-user/ada", "MDE5Y2QyN2MtN2RlMC03MDAwLTgwMDAtMDAwMDAwMDAwMDA1")},
			servertest.Exchange{Request: "GET /api/posts/by-user/unknown", Status: 200, Contains: "[]", Header: map[string]string{"Link": ""}},
			servertest.Exchange{Request: "GET /api/posts/in-thread/a%2Fb", Status: 200, Contains: "[]"},
			servertest.Exchange{Request: "GET /api/posts?cursor=YWRh", Status: 400, Contains: "cursor"}, // a cursor of users
			servertest.Exchange{Request: "POST /api/posts", Body: `{"thread":"t","author":"ada","body":"Newest of all"}`, Status: 201,
				Contains: `"thread":"t","author":"ada","body":"Newest of all","created":"2`, Header: map[string]string{"Location": ""}},
			refused("t", "none", 422, `"author" names nothing that exists`),
			refused("none", "ada", 422, `"thread" names nothing that exists`),
			refused("none", "none", 422, `"author"`),
			refused("t", "down", 503, `This needs "users"`),
			refused("down", "ada", 503, `This needs "threads"`),
			refused("down", "none", 422, `"author"`),
			servertest.Exchange{Request: "GET /api/posts?limit=1", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{Request: "GET /api/posts/by-user/ada?limit=1", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{Request: "GET /api/posts/in-thread/t", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{Request: "GET /api/posts/by-user", Status: 404},
			servertest.Exchange{Request: "POST /api/posts/by-user/ada", Status: 405, Header: map[string]string{"Allow": "GET, HEAD"}},
		)
	})
}

// refused is a post that is not stored.
func refused(thread, author string, status int, detail string) servertest.Exchange {
	again := map[bool]string{true: "1", false: ""}[status == 503]
	return servertest.Exchange{
		Request: "POST /api/posts", Body: fmt.Sprintf(`{"thread":%q,"author":%q,"body":"Refused"}`, thread, author),
		Status: status, Contains: detail, Header: map[string]string{"Retry-After": again},
	}
}

func TestNew(t *testing.T) {
	for _, d := range []posts.Draft{
		{Thread: "", Author: "ada", Body: "Bees!"},
		{Thread: strings.Repeat("t", 65), Author: "ada", Body: "Bees!"},
		{Thread: "t", Author: "", Body: "Bees!"},
		{Thread: "t", Author: strings.Repeat("a", 65), Body: "Bees!"},
		{Thread: "a/b", Author: "ada", Body: "Bees!"},
		{Thread: "t", Author: "..", Body: "Bees!"},
		{Thread: "t", Author: "ada", Body: ""},
		{Thread: "t", Author: "ada", Body: "\n"},
		{Thread: "t", Author: "ada", Body: strings.Repeat("é", 5001)},
	} {
		_, err := posts.New(d)
		assert.Error(t, err, "%.80v", d)
	}
	before := time.Now()
	post, err := posts.New(posts.Draft{Thread: strings.Repeat("t", 64), Author: strings.Repeat("a", 64), Body: strings.Repeat("é", 5000)})
	require.NoError(t, err)
	assert.True(t, table.IsID(post.ID), post.ID)
	assert.False(t, post.Created.Before(before), "%s is before %s", post.Created, before)
	assert.Equal(t, time.UTC, post.Created.Location())
}

// TestSeed checks each post of the seed, and that its thread and its author are in the
// other seeds.
func TestSeed(t *testing.T) {
	known := map[string]bool{}
	for _, u := range users.Seed {
		known[u.ID] = true
	}
	for _, thread := range threads.Seed {
		known[thread.ID] = known[thread.Author]
	}
	for _, p := range posts.Seed {
		_, err := posts.New(posts.Draft{Thread: p.Thread, Author: p.Author, Body: p.Body})
		require.NoError(t, err, p.ID)
		require.True(t, table.IsID(p.ID), p.ID)
		assert.Equal(t, table.NewID(p.Created)[:13], p.ID[:13], "an id begins with the time, %s", p.Created)
		assert.True(t, known[p.Thread], "the thread %q of %s", p.Thread, p.ID)
		assert.True(t, known[p.Author], "the author %q of %s", p.Author, p.ID)
	}
}

func FuzzDraft(f *testing.F) {
	servertest.FuzzDraft[posts.Draft](f, "/api/posts", func(mux *server.Mux) {
		posts.Serve(mux, table.NewMemory[posts.Post](), known("users", "ada"), known("threads", "t"))
	}, `{"thread":"t","author":"ada","body":"Bees"}`, `{"thread":"t","author":"ada","body":"\n"}`)
}
