package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/load"
)

var _ load.Traffic = (*stream)(nil)

func named(t *testing.T, kinds traffic.Traffic, name string) traffic.Kind {
	t.Helper()
	for _, k := range kinds {
		if k.Name == name {
			return k
		}
	}
	require.Failf(t, "no such kind", "%q", name)
	return traffic.Kind{}
}

// The example's traffic fits its catalog, whichever it is.
func TestExampleTraffic(t *testing.T) {
	catalog, kinds := exampleKinds(t)
	for _, s := range catalog.Services {
		assert.NotEmpty(t, newStream("", kinds, newLedger()).to(s.Patterns()).drawn, s.Name)
	}
}

// The kit adds what no catalog's services may get, and what changes nothing.
func TestKitRequests(t *testing.T) {
	kinds := fixtureKinds(t)
	root, other, header := named(t, kinds, "kit-root"), named(t, kinds, "kit-other-case"), named(t, kinds, "kit-preview-header")
	assert.Equal(t, elsewhere, groupOf(root))
	assert.Equal(t, "/", root.Target)
	assert.Equal(t, elsewhere, groupOf(other))
	assert.Equal(t, "/API/ALPHA", other.Target)
	assert.Equal(t, "/api/alpha", groupOf(header))
	assert.Equal(t, map[string]string{services.PreviewHeader: "alpha"}, header.Header)
	assert.Equal(t, "/api/alpha/{{id}}", header.Target)
	for _, k := range []traffic.Kind{root, other, header} {
		assert.Equal(t, 2, k.Weight, k.Name)
	}

	// A service may have the root, or a path in both cases.
	routes := []services.Route{{Paths: []string{"/", "/a", "/?", "/x/*"}}}
	catalog := services.Catalog{Services: []services.Service{{Name: "all", Routes: routes}}}
	kinds, err := requestKinds(catalog,
		traffic.Traffic{{Name: "a", Path: "/a", Target: "/a", Header: map[string]string{"Accept": "text/plain"}}})
	require.NoError(t, err)
	require.Len(t, kinds, 2)
	assert.Equal(t, map[string]string{"Accept": "text/plain", services.PreviewHeader: "all"}, kinds[1].Header)
	assert.Equal(t, "/FILES/X/X", otherCaseOf("/files/?/*"))
}

func TestServiceWithoutTraffic(t *testing.T) {
	_, err := requestKinds(fixtureCatalog(t), fixtureKinds(t)[:6])
	assert.ErrorContains(t, err, `no request counts for a path of "gamma": add a traffic.Kind`)
}

// A request is filled with a new number or with an item of before, and its URL says which.
func TestStreamFillsRequests(t *testing.T) {
	kinds, l := fixtureKinds(t), newLedger()
	l.add("/api/alpha", values{number: 7, id: "a b/c"})
	l.add("/api/beta", values{number: 8, id: "eight", others: map[string]values{"/api/alpha": {number: 7, id: "a b/c"}}})
	s := newStream("http://fixture", kinds, l)
	for name, want := range map[string]struct{ url, body string }{
		"alpha-read":   {"/api/alpha/a%20b%2Fc#alpha-read:7", ""},
		"alpha-create": {"/api/alpha#alpha-create:1", `{"id":"item-1","name":"Item 1"}`},
		"beta-one":     {"/api/beta/in-group/group-8#beta-one:8", ""},
		"beta-of":      {"/api/beta/of/a%20b%2Fc#beta-of:8,7", ""},
		"settings":     {"/api/alphabet#settings:0", ""},
	} {
		target, _ := s.target(named(t, kinds, name))
		assert.Equal(t, "http://fixture"+want.url, target.URL)
		assert.Equal(t, want.body, string(target.Body), name)
		assert.Equal(t, want.body != "", target.Header.Get("Content-Type") == "application/json", "%s: Content-Type", name)
	}
	target, _ := s.target(named(t, kinds, "beta-create"))
	assert.Equal(t, "http://fixture/api/beta#beta-create:2,7", target.URL)
	assert.JSONEq(t, `{"group":"group-2","of":"a b/c","size":2}`, string(target.Body))
	target, _ = s.target(named(t, kinds, "gamma-file"))
	assert.Equal(t, "key", target.Header.Get("X-Key"))
	assert.JSONEq(t, `{"id":"a\"b"}`, values{number: 1, id: `a"b`}.body(traffic.Kind{Body: `{"id":"{{id}}"}`}))
}

// Each kind is drawn as often as its weight says, and a part has only its paths.
func TestStreamDrawsByWeight(t *testing.T) {
	s := newStream("", fixtureKinds(t), newLedger())
	assert.Len(t, s.drawn, s.kinds.Weight())
	for _, k := range s.to([]string{"/api/beta"}).drawn {
		assert.Equal(t, "/api/beta", k.Path, k.Name)
	}
	assert.Len(t, s.to([]string{"/api/beta"}).drawn, 13)
}

// Everything that is wrong with an answer is a failure, and an answer that is right is none.
func TestStreamJudges(t *testing.T) {
	l := newLedger()
	l.add("/api/alpha", values{number: 7, id: "item-7"})
	l.add("/api/beta", values{number: 8, id: "eight"})
	kinds := fixtureKinds(t)
	for i := range kinds {
		if kinds[i].Name == "kit-root" {
			kinds[i].Status = 302
		}
	}
	s := newStream("http://fixture", kinds, l)
	for name, test := range map[string]struct {
		url     string
		status  int
		program string
		body    string
		want    string
	}{
		"a right answer":       {"/api/alpha/item-7#alpha-read:7", 200, "", `{"id":"item-7"}`, ""},
		"a miss, as it should": {"/api/alpha/unknown#alpha-miss:0", 404, "", ``, ""},
		"another status":       {"/api/alpha/item-7#alpha-read:7", 503, "", `down`, "GET /api/alpha/item-7: status 503, want 200: down"},
		"a further status":     {"/files/a/b#gamma-file:0", 304, "", ``, ""},
		"none of both":         {"/files/a/b#gamma-file:0", 302, "", ``, "status 302, want 200"},
		"another item":         {"/api/alpha/item-7#alpha-read:7", 200, "", `{"id":"item-8"}`, `id is "item-8", want "item-7"`},
		"no field":             {"/api/alpha/item-7#alpha-read:7", 200, "", `{}`, `id is "", want "item-7"`},
		"no JSON":              {"/api/alpha/item-7#alpha-read:7", 200, "", `hello`, "body is not what it should be"},
		"two values":           {"/api/alpha/item-7#alpha-read:7", 200, "", `{"id":"item-7"}{}`, "it goes on"},
		"an empty list":        {"/api/beta?limit=10#beta-list:0", 200, "", `[]`, "0 items, want 1 to 10"},
		"too long a list":      {"/api/beta?limit=10#beta-list:0", 200, "", "[" + strings.Repeat("{},", 10) + "{}]", "11 items"},
		"no list":              {"/api/beta?limit=10#beta-list:0", 200, "", `{}`, "body is not what it should be"},
		"the group's item":     {"/api/beta/in-group/group-8#beta-one:8", 200, "", `[{"group":"group-8"}]`, ""},
		"another group's":      {"/api/beta/in-group/group-8#beta-one:8", 200, "", `[{"group":"group-9"}]`, `group is "group-9", want "group-8"`},
		"two items": {
			"/api/beta/in-group/group-8#beta-one:8", 200, "", `[{"group":"group-8"},{"group":"group-8"}]`, "2 items, want 1 to 1",
		},
		"no answer":           {"/api/alpha/item-7#alpha-read:7", 0, "", ``, "no answer: EOF"},
		"no id":               {"/api/beta#beta-create:9,7", 201, "", `{"id":"x","of":"item-7"}`, `no field "key"`},
		"of another":          {"/api/beta#beta-create:9,7", 201, "", `{"key":"x","of":"item-8"}`, `of is "item-8", want "item-7"`},
		"a list of what is":   {"/api/beta/of/item-7#beta-of:8,7", 200, "", `[{"of":"item-7"},{"of":"item-7"}]`, ""},
		"one is another's":    {"/api/beta/of/item-7#beta-of:8,7", 200, "", `[{"of":"item-7"},{"of":"item-9"}]`, `of is "item-9", want "item-7"`},
		"learned":             {"/#kit-root:0", 302, "legacy", ``, ""},
		"not learned":         {"/#kit-root:0", 404, "legacy", ``, "status 404, want 302"},
		"the load balancer's": {"/#kit-root:0", 404, loadBalancer, ``, ""},
		"not for a service":   {"/api/alpha/item-7#alpha-read:7", 404, "", ``, "status 404, want 200"},
	} {
		result := &vegeta.Result{
			Method: "GET", URL: "http://fixture" + test.url, Code: uint16(test.status), Body: []byte(test.body), Headers: http.Header{},
		}
		if test.program == loadBalancer {
			result.Headers.Set("Server", "awselb/2.0")
		} else {
			result.Headers.Set(load.ProgramHeader, test.program)
		}
		if test.status == 0 {
			result.Error = "EOF"
		}
		failure := s.Judge(result).Failure
		if test.want == "" {
			assert.Empty(t, failure, name)
		} else {
			assert.Contains(t, failure, test.want, name)
		}
	}
	assert.Equal(t, elsewhere, s.Judge(&vegeta.Result{URL: "http://fixture/#kit-root:0"}).Path)
	assert.Equal(t, "/api/beta", s.Judge(&vegeta.Result{URL: "http://fixture/api/beta#beta-list:0"}).Path)
	assert.Equal(t, []string{"/api/alpha"}, s.Judge(&vegeta.Result{URL: "http://fixture/api/beta#beta-create:0,0"}).Needs)
}

// Only a write that was acknowledged is in the ledger, with the items that it names.
func TestLedgerKeepsAcknowledgedWrites(t *testing.T) {
	kinds, l := fixtureKinds(t), newLedger()
	l.add("/api/alpha", values{number: 3, id: "item-3"})
	s := newStream("http://fixture", kinds, l)
	for number, status := range map[int]int{4: 201, 5: 503, 6: 0} {
		s.Judge(&vegeta.Result{
			URL: fmt.Sprintf("http://fixture/api/beta#beta-create:%d,3", number), Code: uint16(status),
			Body: fmt.Appendf(nil, `{"key":"b%d","of":"item-3"}`, number),
		})
	}
	want := values{number: 4, id: "b4", others: map[string]values{"/api/alpha": {number: 3, id: "item-3"}}}
	assert.Equal(t, []values{want}, l.written("/api/beta"))
	assert.Equal(t, want, l.pick("/api/beta"))
	beta := named(t, kinds, "beta-create")
	assert.Equal(t, want, l.of(beta, want.numbers(beta)))
	assert.Equal(t, values{number: 4, id: "b4"}, l.of(traffic.Kind{}, "4"))
	assert.Equal(t, values{number: 5}, l.of(traffic.Kind{}, "5"))
	assert.Empty(t, l.written("/api/gamma"))
}

// A new item names any item of the other path. What asks for the items of one names one
// that has some.
func TestItemsOfOtherPaths(t *testing.T) {
	kinds, l := fixtureKinds(t), newLedger()
	for number := range int64(20) {
		l.add("/api/alpha", values{number: number + 1, id: fmt.Sprintf("item-%d", number+1)})
	}
	l.add("/api/beta", values{number: 30, id: "b", others: map[string]values{"/api/alpha": {number: 5, id: "item-5"}}})
	drawn, lists := map[string]bool{}, map[string]bool{}
	for range 500 {
		v := l.draw(named(t, kinds, "beta-create"))
		drawn[v.others["/api/alpha"].id] = true
		v = l.draw(named(t, kinds, "beta-of"))
		lists[v.target(named(t, kinds, "beta-of"))] = true
	}
	assert.Len(t, drawn, 20)
	assert.Equal(t, map[string]bool{"/api/beta/of/item-5": true}, lists)
	gamma := l.draw(traffic.Kind{Path: "/files/?/*", Target: "/files/of/{{id:/api/alpha}}"})
	assert.NotEmpty(t, gamma.others["/api/alpha"].id, "of a path whose items name none")
	l.add("/api/gamma", values{number: 40, id: "g"})
	both := l.draw(traffic.Kind{Path: "/api/beta", Target: "/{{id}}/{{id:/api/gamma}}"})
	assert.Equal(t, "g", both.others["/api/gamma"].id)
	assert.Equal(t, "b", both.id)
	assert.Len(t, l.written("/api/beta")[0].others, 1, "what is in the ledger stays as it is")
}

// The seed writes one item to each path, and learns the statuses that the kit cannot know.
func TestSeed(t *testing.T) {
	status := http.StatusFound
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"id":"id of %[1]s","key":"key of %[1]s","of":"id of /api/alpha"}`, r.URL.Path)
		case r.URL.Path == "/":
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	kinds, l := fixtureKinds(t), newLedger()
	require.NoError(t, seed(s.URL, kinds, l))
	assert.Equal(t, "id of /api/alpha", l.pick("/api/alpha").id)
	assert.Equal(t, "key of /api/beta", l.pick("/api/beta").id)
	assert.Equal(t, http.StatusFound, named(t, kinds, "kit-root").Status)
	assert.Equal(t, http.StatusNotFound, named(t, kinds, "kit-other-case").Status)

	status = http.StatusBadGateway
	assert.ErrorContains(t, seed(s.URL, fixtureKinds(t), newLedger()), "GET /: status 502, want one below 500")
}

// A write that was acknowledged must be there once: a lost and a doubled one
// are failures, and every page is read.
func TestAuditCountsEveryWrite(t *testing.T) {
	written := []values{{number: 1, id: "a"}, {number: 2, id: "b"}, {number: 3, id: "c"}}
	for name, test := range map[string]struct {
		stored []string
		want   []string
	}{
		"all there": {[]string{"a", "b", "c"}, nil},
		"one lost":  {[]string{"a", "c"}, []string{`/api/alpha: "b" was acknowledged and is there 0 times`}},
		"one twice": {[]string{"a", "b", "b", "c"}, []string{`/api/alpha: "b" was acknowledged and is there 2 times`}},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var page int
			fmt.Sscan(r.URL.Query().Get("page"), &page)
			if page+1 < len(test.stored) {
				link := fmt.Sprintf("?page=%d", page+1) // of the same path
				if page%2 == 1 {
					link = "/api/alpha" + link
				}
				w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, link))
			}
			fmt.Fprintf(w, `[{"id":%q}]`, test.stored[page])
		}))
		seen, err := readBack(t.Context(), s.URL, "", traffic.Item{ID: "id", ReadBack: "/api/alpha?limit=1"}, written)
		s.Close()
		require.NoError(t, err, name)
		assert.Equal(t, test.want, auditOf("/api/alpha", written, seen).Unexplained, name)
	}
}

// Items without a list are read one by one.
func TestAuditReadsEachItem(t *testing.T) {
	status := http.StatusNotFound
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/beta/a":
			fmt.Fprint(w, `{"key":"a"}`)
		case "/api/beta/b":
			fmt.Fprint(w, `{"key":"another"}`)
		default:
			w.WriteHeader(status)
		}
	}))
	defer s.Close()
	item := traffic.Item{ID: "key", ReadBack: "/api/beta/{{id}}"}
	written := []values{{number: 1, id: "a"}, {number: 2, id: "b"}, {number: 3, id: "c"}}
	seen, err := readBack(t.Context(), s.URL, "", item, written)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`/api/beta: "b" was acknowledged and is there 0 times`,
		`/api/beta: "c" was acknowledged and is there 0 times`,
	}, auditOf("/api/beta", written, seen).Unexplained)
	status = http.StatusServiceUnavailable
	_, err = readBack(t.Context(), s.URL, "", item, written)
	assert.ErrorContains(t, err, "/api/beta/c: status 503")
}

// A request to a path that its service does not have is found before anything starts.
func TestTargetOfNoPath(t *testing.T) {
	kinds := slices.Clone(fixtureKinds(t))
	kinds[0].Target = "/api/alphabet/{{id}}"
	_, err := requestKinds(fixtureCatalog(t), kinds)
	assert.EqualError(t, err,
		`traffic: "alpha-read": no path of "alpha" takes the target "/api/alphabet/{{id}}": add one to the catalog, such as "/api/alpha/*"`)
}
