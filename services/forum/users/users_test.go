package users_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services/forum"
	"example.com/strangler/services/forum/users"
	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
	"example.com/strangler/services/table/tabletest"
)

func TestUsers(t *testing.T) {
	tabletest.Each(t, *forum.Catalog().Find("users").Table, users.Seed, func(t *testing.T, store table.Table[users.User]) {
		mux := server.NewMux("users", slog.New(slog.DiscardHandler))
		users.Serve(mux, store)
		handle := strings.Repeat("z", 32)
		servertest.Run(t, mux,
			servertest.Exchange{Request: "GET /api/users/ada", Status: 200, Contains: `"id":"ada","name":"Ada Fenwick","bio":"Keeps bees,`},
			servertest.Exchange{Request: "GET /api/users/unknown", Status: 404},
			servertest.Exchange{Request: "GET /api/users?limit=1", Status: 200, Contains: `[{"id":"ada"`,
				Header: map[string]string{"Link": `</api/users?cursor=YWRh&limit=1>; rel="next"`}},
			servertest.Exchange{
				Request: "GET /api/users?cursor=YWRh", Status: 200, Contains: `[{"id":"bruno"`, Header: map[string]string{"Link": ""},
			},
			servertest.Exchange{Request: "GET /api/users?cursor=QWRh", Status: 400, Contains: "cursor"}, // Ada is no handle
			servertest.Exchange{Request: "POST /api/users", Body: `{"id":"` + handle + `","name":"Zoë"}`, Status: 201,
				Contains: `"name":"Zoë","bio":"","created":"2`, Header: map[string]string{"Location": "/api/users/" + handle}},
			servertest.Exchange{Request: "GET /api/users/" + handle, Status: 200, Contains: `"Zoë"`},
			servertest.Exchange{Request: "POST /api/users", Body: `{"id":"ada","name":"Another"}`, Status: 409, Contains: "taken"},
			servertest.Exchange{Request: "GET /api/users/ada", Status: 200, Contains: "Ada Fenwick"},
			servertest.Exchange{Request: "PUT /api/users/ada", Status: 405, Header: map[string]string{"Allow": "GET, HEAD"}},
			servertest.Exchange{Request: "DELETE /api/users", Status: 405, Header: map[string]string{"Allow": "GET, HEAD, POST"}},
		)
	})
}

func TestNew(t *testing.T) {
	for _, d := range []users.Draft{
		{ID: "", Name: "Ada"},
		{ID: "Ada", Name: "Ada"},
		{ID: "-ada", Name: "Ada"},
		{ID: "a/b", Name: "Ada"},
		{ID: "ada\n", Name: "Ada"},
		{ID: "ädä", Name: "Ada"},
		{ID: strings.Repeat("a", 33), Name: "Ada"},
		{ID: "ada", Name: ""},
		{ID: "ada", Name: " \t"},
		{ID: "ada", Name: strings.Repeat("é", 81)},
		{ID: "ada", Name: "Ada", Bio: strings.Repeat("é", 501)},
	} {
		_, err := users.New(d)
		assert.Error(t, err, "%+v", d)
	}
	for _, d := range []users.Draft{
		{ID: "a", Name: "A"},
		{ID: "0-9", Name: strings.Repeat("é", 80), Bio: strings.Repeat("é", 500)},
	} {
		_, err := users.New(d)
		assert.NoError(t, err, "%+v", d)
	}
}

func TestSeed(t *testing.T) {
	for _, u := range users.Seed {
		_, err := users.New(users.Draft{ID: u.ID, Name: u.Name, Bio: u.Bio})
		assert.NoError(t, err, u.ID)
	}
}

func FuzzDraft(f *testing.F) {
	servertest.FuzzDraft[users.Draft](f, "/api/users", func(mux *server.Mux) {
		users.Serve(mux, table.NewMemory[users.User]())
	}, `{"id":"ada","name":"Ada"}`, `{"id":"0-9","name":"Zoë","bio":"Bees"}`, `{"id":"Ada","name":"Ada"}`)
}
