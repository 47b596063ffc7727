//go:build unix

package cmd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services/forum"
	"example.com/strangler/services/forum/threads"
	"example.com/strangler/services/table/dynamotest"
	"example.com/strangler/services/table/tabletest"
)

// forms starts the programs that serve threads and posts: the monolith with all tables,
// the monolith whose table of users has been taken from it, and the services. Each is a
// base URL by path.
func forms(t *testing.T, people *process) map[string]map[string]string {
	all := start(t, "monolith", "STORE=memory")
	threads := start(t, "threads", "STORE=memory", "USERS_URL="+people.url)
	posts := start(t, "posts", "STORE=memory", "USERS_URL="+people.url, "THREADS_URL="+threads.url)
	less := start(t, "monolith", append(tables(t, "threads", "posts"), "USERS_URL="+people.url)...)
	least := start(t, "monolith", append(tables(t, "posts"), "USERS_URL="+people.url, "THREADS_URL="+threads.url)...)
	return map[string]map[string]string{
		"monolith":               {"/api/threads": all.url, "/api/posts": all.url},
		"monolith without users": {"/api/threads": less.url},
		"monolith with posts":    {"/api/posts": least.url},
		"services":               {"/api/threads": threads.url, "/api/posts": posts.url},
	}
}

// tables creates empty tables of services, and returns the environment that names them.
func tables(t *testing.T, names ...string) []string {
	t.Helper()
	url := tabletest.Embedded(t)
	client := tabletest.Connect(t, url)
	var environment []string
	for _, name := range names {
		require.NoError(t, dynamotest.Create(t.Context(), client, name, dynamotest.SchemaOf(*forum.Catalog().Find(name).Table)))
		environment = append(environment, strings.ToUpper(name)+"_TABLE="+name)
	}
	for name, value := range dynamotest.Environment(url) {
		environment = append(environment, name+"="+value)
	}
	return environment
}

// answered is what a client gets for a write, without what differs between two writes.
type answered struct {
	status                          int
	retryAfter, mediaType, document string
}

func post(t *testing.T, url, body string) answered {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	var document map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&document))
	delete(document, "id")
	delete(document, "created")
	return answered{response.StatusCode, response.Header.Get("Retry-After"), response.Header.Get("Content-Type"), fmt.Sprint(document)}
}

// written counts the items of a path.
func written(t *testing.T, url string) int {
	t.Helper()
	var items []any
	require.NoError(t, json.NewDecoder(get(t, url+"?limit=100").Body).Decode(&items))
	return len(items)
}

// TestReferences has every answer about an author and a thread: they are the same from
// the monolith that looks them up itself, from one that has to ask, and from the
// services. A refused item is not stored, and no read depends on another service.
func TestReferences(t *testing.T) {
	people := start(t, "users", "STORE=memory")
	programs := forms(t, people)
	const none, thread = "none", `{"title":"Bees","author":%q}`
	postOf := func(thread, author string) string {
		return fmt.Sprintf(`{"thread":%q,"author":%q,"body":"Bees"}`, thread, author)
	}
	known := threads.Seed[0].ID
	check := func(path, body string, status int, contains string) {
		t.Helper()
		var first *answered
		for _, form := range slices.Sorted(maps.Keys(programs)) {
			base := programs[form][path]
			if base == "" {
				continue
			}
			before := written(t, base+path)
			got := post(t, base+path, body)
			assert.Equal(t, status, got.status, "%s: %s %s", form, body, got.document)
			assert.Contains(t, got.document, contains, form)
			assert.Equal(t, status == 503, got.retryAfter != "", "%s: Retry-After %q", form, got.retryAfter)
			assert.NotContains(t, got.document, none, "%s: the value is not repeated", form)
			assert.Equal(t, status == 201, written(t, base+path) == before+1, "%s: stored", form)
			if first == nil {
				first = &got
			}
			assert.Equal(t, *first, got, form)
		}
		require.NotNil(t, first)
	}
	check("/api/threads", fmt.Sprintf(thread, "ada"), 201, "ada")
	check("/api/threads", fmt.Sprintf(thread, none), 422, `The field "author" names nothing that exists.`)
	check("/api/threads", fmt.Sprintf(thread, "../ada"), 422, `The field "author" does not match`)
	check("/api/posts", postOf(known, "ada"), 201, "ada")
	check("/api/posts", postOf(known, none), 422, `The field "author" names nothing that exists.`)
	check("/api/posts", postOf(none, "ada"), 422, `The field "thread" names nothing that exists.`)
	check("/api/posts", postOf(none, none), 422, `The field "author"`)

	require.NoError(t, people.Process.Kill())
	people.Wait()
	delete(programs, "monolith") // it does not need the service
	check("/api/threads", fmt.Sprintf(thread, "ada"), 503, `This needs "users", which is out of reach: try again soon.`)
	check("/api/posts", postOf(known, "ada"), 503, `This needs "users", which is out of reach: try again soon.`)
	for form, bases := range programs {
		for path, base := range bases {
			assert.Equal(t, http.StatusOK, get(t, base+path).StatusCode, "%s: a read of %s", form, path)
		}
	}
}

// The trace of a client goes on to the service that a program asks, whether it traces
// itself or not.
func TestReferencesCarryTheTraceOn(t *testing.T) {
	const trace = "0123456789abcdef0123456789abcdef"
	arrived := make(chan string, 1)
	people := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { arrived <- r.Header.Get("Traceparent") }))
	defer people.Close()
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	for name, environment := range map[string][]string{
		"traces":         {"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL},
		"does not trace": nil,
	} {
		p := start(t, "threads", append(environment, "STORE=memory", "USERS_URL="+people.URL)...)
		request, err := http.NewRequest("POST", p.url+"/api/threads", strings.NewReader(`{"title":"Bees","author":"ada"}`))
		require.NoError(t, err)
		request.Header.Set("Traceparent", "00-"+trace+"-0123456789abcdef-01")
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		answer.Body.Close()
		assert.Equal(t, http.StatusCreated, answer.StatusCode, name)
		assert.Contains(t, <-arrived, "00-"+trace+"-", name)
	}
}
