package posts_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/strangler/services/forum"
	"example.com/strangler/services/forum/posts"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/forum/users"
	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

func TestPosts(t *testing.T) {
	tabletest.Each(t, *forum.Catalog().Find("posts").Table, posts.Seed, func(t *testing.T, store table.Table[posts.Post]) {
		mux := server.NewMux("posts", slog.New(slog.DiscardHandler))
		posts.Serve(mux, store)
		inThread := "/api/posts/in-thread/" + posts.Seed[0].Thread
		after := func(path, cursor string) map[string]string {
			return map[string]string{"Link": "<" + path + "?cursor=" + cursor + `&limit=1>; rel="next"`}
		}
		servertest.Run(t, mux,
			servertest.Exchange{Request: "GET /api/posts?limit=1", Status: 200, Contains: "Turn the mains transformer",
				Header: after("/api/posts", "MDE5Y2YwZDUtYTgyMC03MDAwLTgwMDAtMDAwMDAwMDAwMDA3")},
			servertest.Exchange{Request: "GET " + inThread + "?limit=1", Status: 200, Contains: "The covered one at Lucerne",
				Header: after(inThread, "MDE5Y2JmMjktZTVjMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx")},
			servertest.Exchange{Request: "GET " + inThread + "?limit=1&cursor=MDE5Y2JmMjktZTVjMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx", Status: 200, Contains: "Any that still has a toll house"},
			servertest.Exchange{Request: "GET /api/posts/by-user/ada?limit=1", Status: 200, Contains: "Apples, whole",
				Header: after("/api/posts/by-user/ada", "MDE5Y2QyN2MtN2RlMC03MDAwLTgwMDAtMDAwMDAwMDAwMDA1")},
			servertest.Exchange{Request: "GET /api/posts/by-user/nobody", Status: 200, Contains: "[]", Header: map[string]string{"Link": ""}},
			servertest.Exchange{Request: "GET /api/posts/in-thread/a%2Fb", Status: 200, Contains: "[]"},
			servertest.Exchange{Request: "GET /api/posts?cursor=YWRh", Status: 400, Contains: "cursor"}, // a cursor of users
			servertest.Exchange{Request: "POST /api/posts", Body: `{"thread":"t","author":"ada","body":"Newest of all"}`, Status: 201,
				Contains: `"thread":"t","author":"ada","body":"Newest of all","created":"2`, Header: map[string]string{"Location": ""}},
			servertest.Exchange{Request: "GET /api/posts?limit=1", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{Request: "GET /api/posts/by-user/ada?limit=1", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{Request: "GET /api/posts/in-thread/t", Status: 200, Contains: "Newest of all"},
			servertest.Exchange{Request: "GET /api/posts/by-user", Status: 404},
			servertest.Exchange{Request: "POST /api/posts/by-user/ada", Status: 405, Header: map[string]string{"Allow": "GET, HEAD"}},
		)
	})
}

func TestNew(t *testing.T) {
	for _, d := range []posts.Draft{
		{Thread: "", Author: "ada", Body: "Bees!"},
		{Thread: strings.Repeat("t", 65), Author: "ada", Body: "Bees!"},
		{Thread: "t", Author: "", Body: "Bees!"},
		{Thread: "t", Author: strings.Repeat("a", 65), Body: "Bees!"},
		{Thread: "t", Author: "ada", Body: ""},
		{Thread: "t", Author: "ada", Body: "\n"},
		{Thread: "t", Author: "ada", Body: strings.Repeat("é", 5001)},
	} {
		if _, err := posts.New(d); err == nil {
			t.Errorf("%.80v passes", d)
		}
	}
	before := time.Now()
	post, err := posts.New(posts.Draft{Thread: strings.Repeat("t", 64), Author: strings.Repeat("a", 64), Body: strings.Repeat("é", 5000)})
	if err != nil || !table.IsID(post.ID) || post.Created.Before(before) || post.Created.Location() != time.UTC {
		t.Errorf("New = %.200v, %v; want an id and the time", post, err)
	}
}

// TestSeed also sees to it that the features' seeds are of one forum.
func TestSeed(t *testing.T) {
	known := map[string]bool{}
	for _, u := range users.Seed {
		known[u.ID] = true
	}
	for _, thread := range threads.Seed {
		known[thread.ID] = known[thread.Author]
	}
	for _, p := range posts.Seed {
		if _, err := posts.New(posts.Draft{Thread: p.Thread, Author: p.Author, Body: p.Body}); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		if made := table.NewID(p.Created); !table.IsID(p.ID) || made[:13] != p.ID[:13] {
			t.Errorf("%s is not an id of %s: want %s", p.ID, p.Created, made[:13])
		}
		if !known[p.Thread] || !known[p.Author] {
			t.Errorf("%s is by %q in %q, and one of them is missing", p.ID, p.Author, p.Thread)
		}
	}
}

func FuzzDraft(f *testing.F) {
	servertest.FuzzDraft[posts.Draft](f, "/api/posts", func(mux *server.Mux) {
		posts.Serve(mux, table.NewMemory[posts.Post]())
	}, `{"thread":"t","author":"ada","body":"Bees"}`, `{"thread":"t","author":"ada","body":"\n"}`)
}
