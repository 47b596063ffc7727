package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services/server"
	"example.com/strangler/services/server/servertest"
	"example.com/strangler/services/table"
)

// thing is a record with nothing but an id.
type thing struct {
	ID string `json:"id"`
}

func (t thing) Keys() map[string]string { return map[string]string{"id": t.ID, "kind": "thing"} }

type draft struct {
	Name string `json:"name"`
	Size int    `json:"size"`
}

func isThing(id string) bool { return strings.HasPrefix(id, "thing-") }

func things(n int) (*server.Mux, []string) {
	var seed []thing
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("thing-%03d", i))
		seed = append(seed, thing{ids[i]})
	}
	store := table.NewMemory(seed...)
	mux, _ := logged()
	mux.Handle("GET /things", server.List(store.Query, func(r *http.Request) table.Query {
		return table.Query{Index: table.All, Value: "thing", Descending: r.FormValue("order") == "down"}
	}, isThing))
	mux.Handle("GET /things/{id}", server.Get(store.Get))
	mux.Handle("POST /things", server.Create(store.Create, func(d draft) (thing, error) {
		if d.Name == "bad" {
			return thing{}, errors.New("unexpected")
		}
		return thing{"thing-" + d.Name}, server.Text("name", d.Name, 1, 10)
	}, func(t thing) string { return "/things/" + t.ID }))
	return mux, ids
}

func TestRecords(t *testing.T) {
	mux, _ := things(3)
	servertest.Run(t, mux,
		servertest.Exchange{Request: "GET /things", Status: 200, Contains: `[{"id":"thing-000"},{"id":"thing-001"},{"id":"thing-002"}]`,
			Header: map[string]string{"Link": "", "Content-Type": "application/json"}},
		servertest.Exchange{Request: "GET /things?limit=3", Status: 200, Header: map[string]string{"Link": ""}},
		servertest.Exchange{Request: "GET /things?limit=2&order=down&x=%3E%0A", Status: 200, Contains: `[{"id":"thing-002"},{"id":"thing-001"}]`,
			Header: map[string]string{"Link": `</things?cursor=dGhpbmctMDAx&limit=2&order=down&x=%3E%0A>; rel="next"`}},
		servertest.Exchange{Request: "GET /things/thing-001", Status: 200, Contains: `{"id":"thing-001"}`},
		servertest.Exchange{Request: "GET /things/thing-9", Status: 404},
		servertest.Exchange{Request: "GET /things/" + strings.Repeat("x", 10000), Status: 404},
		servertest.Exchange{Request: "POST /things", Body: `{"name":"new"}`, Status: 201, Contains: `{"id":"thing-new"}`,
			Header: map[string]string{"Location": "/things/thing-new"}},
		servertest.Exchange{Request: "GET /things/thing-new", Status: 200},
		servertest.Exchange{
			Request: "POST /things", Body: `{"name":""}`, Status: 422, Contains: `"name"`, Header: map[string]string{"Location": ""},
		},
		servertest.Exchange{Request: "POST /things", Body: `{"name":"bad"}`, Status: 500},
	)
}

func TestEmptyList(t *testing.T) {
	mux, _ := things(0)
	servertest.Run(t, mux, servertest.Exchange{Request: "GET /things", Status: 200, Contains: "[]", Header: map[string]string{"Link": ""}})
}

// TestLinks follows the links of a list to its end.
func TestLinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mux, want := things(rapid.IntRange(0, 250).Draw(t, "records"))
		target := "/things"
		if rapid.Bool().Draw(t, "descending") {
			target += "?order=down"
			slices.Reverse(want)
		}
		limit := server.DefaultLimit
		if rapid.Bool().Draw(t, "limited") {
			limit = rapid.IntRange(1, server.MaxLimit).Draw(t, "limit")
			query := url.Values{"limit": {fmt.Sprint(limit)}}
			if strings.Contains(target, "?") {
				target += "&" + query.Encode()
			} else {
				target += "?" + query.Encode()
			}
		}
		for page := range slices.Chunk(want, limit) {
			answer := httptest.NewRecorder()
			mux.ServeHTTP(answer, httptest.NewRequest("GET", target, nil))
			var got []thing
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &got))
			var gotIDs []string
			for _, thing := range got {
				gotIDs = append(gotIDs, thing.ID)
			}
			require.Equal(t, page, gotIDs, target)
			link := answer.Header().Get("Link")
			last := page[len(page)-1] == want[len(want)-1]
			require.Equal(t, last, link == "", "%s is the last page, with the link %q", target, link)
			target = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		}
	})
}

// FuzzGet gets an arbitrary id: that of a record, or one whose response is the same
// 404 as any other's.
func FuzzGet(f *testing.F) {
	mux, ids := things(3)
	for _, id := range append(ids, "", ".", "..", "/", "a/b", "thing-001/", "thing-001\x00", "%2e", "\xff", strings.Repeat("x", 5000)) {
		f.Add(id)
	}
	missed := httptest.NewRecorder()
	mux.ServeHTTP(missed, httptest.NewRequest("GET", "/things/missed", nil))
	f.Fuzz(func(t *testing.T, id string) {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest("GET", "/things/"+url.PathEscape(id), nil))
		switch {
		case slices.Contains(ids, id):
			assert.Equal(t, 200, answer.Code, "%q", id)
			assert.Equal(t, fmt.Sprintf(`{"id":%q}`, id), answer.Body.String(), "%q", id)
		case id == "" || id == "/" || id == "." || id == "..": // another path
			assert.Equal(t, 404, answer.Code, "%q", id)
		default:
			assert.Equal(t, 404, answer.Code, "%q", id)
			assert.Equal(t, missed.Body.String(), answer.Body.String(), "%q", id)
		}
	})
}
