package page_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/rehearsal/page"
)

func serve(t *testing.T, r page.Rehearsal) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(page.Handler(r))
	t.Cleanup(s.Close)
	// The browser leaves its stream open; Close would wait for it.
	t.Cleanup(s.CloseClientConnections)
	return s
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(body)
}

// The scripts read these names.
func TestStateAsJSON(t *testing.T) {
	f := &fake{state: page.State{
		Name: "fixture",
		Services: []page.Service{{
			Name: "alpha", Phase: "10%", Phases: []string{"dark", "10%"}, Paths: []string{"/api/alpha"}, Only: []string{"a.com"},
			Routes: []page.Route{{Name: "alpha.reads", Phase: "live", Phases: []string{"live"}, Paths: []string{"/a"}, Only: []string{"GET"}}},
			Tasks:  []page.Task{{Address: "127.0.0.1:1", State: "healthy"}}, RequestsPerSecond: 1.5, ErrorsPerSecond: 0.5, Deployed: true,
		}},
		Connections: []page.Connection{{Caller: "beta", Callee: "alpha", RequestsPerSecond: 2.5, ErrorsPerSecond: 0.5}},
		Rules: []page.Rule{{
			Stack: "Alpha", ID: "LiveRule", Priority: 25100, Rewrite: "a → b",
			Conditions: []page.Condition{{Kind: "header", Name: "X-Route-To", Values: []string{"alpha"}}},
			Shares:     []page.Share{{Program: "alpha", Percent: 10}}, Live: true,
		}},
		Traffic: page.Traffic{Series: []page.Series{{Program: "alpha", Requests: []float64{1}, Errors: []float64{0}}}},
		Answers: []page.Answer{{Method: "GET", Path: "/api/alpha", Status: 200, Program: "alpha", Milliseconds: 1.25}},
		Deployment: page.Deployment{
			Move: "alpha: dark → 10%", Changes: []page.Change{{Stack: "Alpha", Resource: "LiveRule", Action: "create", Detail: "d"}},
		},
		Timeline: []page.Event{{Number: 7, Time: at(5).UTC(), Kind: "task", Program: "alpha", Text: "task 1 has ended", Failed: true}},
	}}
	want := `{
  "name": "fixture",
  "services": [{"name": "alpha", "phase": "10%", "phases": ["dark", "10%"], "paths": ["/api/alpha"], "only": ["a.com"],
    "routes": [{"name": "alpha.reads", "phase": "live", "phases": ["live"], "paths": ["/a"], "only": ["GET"]}],
    "tasks": [{"address": "127.0.0.1:1", "state": "healthy"}],
    "requestsPerSecond": 1.5, "errorsPerSecond": 0.5, "deployed": true}],
  "connections": [{"caller": "beta", "callee": "alpha", "requestsPerSecond": 2.5, "errorsPerSecond": 0.5}],
  "rules": [{"stack": "Alpha", "id": "LiveRule", "priority": 25100, "rewrite": "a → b",
    "conditions": [{"kind": "header", "name": "X-Route-To", "values": ["alpha"]}],
    "shares": [{"program": "alpha", "percent": 10}], "answer": "", "live": true}],
  "traffic": {"series": [{"program": "alpha", "requests": [1], "errors": [0]}]},
  "answers": [{"method": "GET", "path": "/api/alpha", "status": 200, "program": "alpha", "milliseconds": 1.25}],
  "deployment": {"running": false, "move": "alpha: dark → 10%",
    "changes": [{"stack": "Alpha", "resource": "LiveRule", "action": "create", "detail": "d"}], "log": null, "error": ""},
  "timeline": [{"number": 7, "time": "` + at(5).UTC().Format(time.RFC3339) + `", "kind": "task", "program": "alpha",
    "text": "task 1 has ended", "failed": true}]
}`
	answer, got := get(t, serve(t, f).URL+"/state")
	assert.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	assert.JSONEq(t, want, got)
}

// The logs are asked for by program, and of a program of the catalog alone.
func TestLogs(t *testing.T) {
	s := serve(t, newFake())
	answer, got := get(t, s.URL+"/logs?program=beta")
	assert.Equal(t, "application/json", answer.Header.Get("Content-Type"))
	assert.JSONEq(t, `[
  {"task": 3, "address": "127.0.0.1:40022", "ended": false,
    "lines": ["{\"level\":\"INFO\",\"msg\":\"serving\"}", "<b onclick=\"alert(1)\">bold</b>"]},
  {"task": 2, "address": "127.0.0.1:35519", "ended": true, "lines": ["no database"]}
]`, got)
	for _, unknown := range []string{"", "?program=delta"} {
		answer, got := get(t, s.URL+"/logs"+unknown)
		assert.Equal(t, http.StatusNotFound, answer.StatusCode)
		assert.Contains(t, got, "/logs?program=alpha")
	}
}

func TestEventsFollowTheState(t *testing.T) {
	f := newFake()
	answer, err := http.Get(serve(t, f).URL + "/events")
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	first := nextEvent(t, lines)
	assert.Equal(t, "dark", first.Services[2].Phase)
	assert.False(t, first.Deployment.Running)
	require.NoError(t, f.Move("gamma", "10%"))
	for !nextEvent(t, lines).Deployment.Running {
	}
	f.finish()
	for nextEvent(t, lines).Services[2].Phase != "10%" {
	}
}

func nextEvent(t *testing.T, lines *bufio.Scanner) (state page.State) {
	t.Helper()
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			require.NoError(t, json.Unmarshal([]byte(data), &state))
			return state
		}
	}
	require.FailNow(t, "the stream ended", "%v", lines.Err())
	return state
}

func TestPhase(t *testing.T) {
	const live = `{"name": "gamma", "phase": "live"}`
	sent := func(key, value string) http.Header { return http.Header{key: {value}} }
	for _, c := range []struct {
		name    string
		body    string
		header  http.Header
		refuse  error
		running bool
		want    int
		says    string
	}{
		{name: "accepted", body: live, want: http.StatusAccepted},
		{name: "with a charset", body: live, header: sent("Content-Type", "application/json; charset=utf-8"), want: http.StatusAccepted},
		{name: "from this page", body: live, header: sent("Sec-Fetch-Site", "same-origin"), want: http.StatusAccepted},
		{
			name: "refused", body: live, refuse: errors.New(`"legacy" cannot be drained`), want: http.StatusUnprocessableEntity,
			says: `"legacy" cannot be drained`,
		},
		{name: "busy", body: live, running: true, want: http.StatusConflict, says: page.ErrBusy.Error()},
		{name: "too large", body: `{"name": "` + strings.Repeat("n", 1<<10) + `"}`, want: http.StatusRequestEntityTooLarge},
		{name: "too large behind the order", body: live + strings.Repeat(" ", 1<<10), want: http.StatusRequestEntityTooLarge},
		{name: "from another site's page", body: live, header: sent("Sec-Fetch-Site", "cross-site"), want: http.StatusForbidden},
		{name: "from another origin", body: live, header: sent("Origin", "https://elsewhere.example"), want: http.StatusForbidden},
		{
			name: "a form", body: "name=gamma", header: sent("Content-Type", "application/x-www-form-urlencoded"),
			want: http.StatusUnsupportedMediaType,
		},
		{name: "as plain text", body: live, header: sent("Content-Type", "text/plain"), want: http.StatusUnsupportedMediaType},
		{name: "of no type", body: live, header: sent("Content-Type", ""), want: http.StatusUnsupportedMediaType},
		{name: "no JSON", body: "live", want: http.StatusBadRequest},
		{name: "an unknown field", body: `{"name": "gamma", "share": 10}`, want: http.StatusBadRequest, says: "share"},
		{name: "two orders", body: live + live, want: http.StatusBadRequest, says: "more than one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			f.refuse = c.refuse
			f.state.Deployment.Running = c.running
			req := httptest.NewRequest("POST", "/phase", strings.NewReader(c.body))
			req.Header.Set("Content-Type", "application/json")
			for key, values := range c.header {
				req.Header[key] = values
			}
			w := httptest.NewRecorder()
			page.Handler(f).ServeHTTP(w, req)
			assert.Equal(t, c.want, w.Code, w.Body)
			assert.Contains(t, w.Body.String(), c.says)
			assert.Equal(t, c.want == http.StatusAccepted, f.finish != nil, "whether a phase is moved")
		})
	}
}

func TestUnknownPath(t *testing.T) {
	for _, path := range []string{"/api/alpha", "/page.go", "/static/page.js"} {
		answer, _ := get(t, serve(t, newFake()).URL+path)
		assert.Equal(t, http.StatusNotFound, answer.StatusCode, path)
	}
}

// A file names others in its attributes and imports.
var reference = regexp.MustCompile(`(?:src|href)="([^"#]+)"|from "([^"]+)"`)

// Every file that the page refers to is there, with a type that a browser accepts
// under nosniff, and refers to nothing from elsewhere.
func TestPageIsComplete(t *testing.T) {
	s := serve(t, newFake())
	types := map[string]string{"": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	seen := map[string]bool{}
	for files := []string{"/"}; len(files) > 0; files = files[1:] {
		file := files[0]
		if seen[file] {
			continue
		}
		seen[file] = true
		answer, body := get(t, s.URL+file)
		assert.Equal(t, http.StatusOK, answer.StatusCode, file)
		for key, want := range map[string]string{
			"Content-Type":            types[path.Ext(file)],
			"Content-Security-Policy": "default-src 'self'",
			"X-Content-Type-Options":  "nosniff",
		} {
			got := answer.Header.Get(key)
			require.NotEmpty(t, want, file)
			assert.True(t, strings.HasPrefix(got, want), "%s: %s is %q, want %s", file, key, got, want)
		}
		for _, match := range reference.FindAllStringSubmatch(body, -1) {
			files = append(files, path.Join("/", match[1]+match[2]))
		}
	}
	for _, file := range []string{"/style.css", "/icon.svg", "/page.js", "/lines.js", "/dom.js"} {
		assert.Contains(t, seen, file, "no file refers to it")
	}
}

// Paths are what the handler serves, so that all else is left to the app.
func TestPaths(t *testing.T) {
	s := serve(t, newFake())
	paths := page.Paths()
	assert.Subset(t, paths, []string{"/{$}", "/state", "/events", "/logs", "/phase", "/page.js", "/style.css"})
	for _, path := range paths {
		method := http.MethodGet
		if path == "/phase" {
			method = http.MethodPost
		}
		request, err := http.NewRequest(method, s.URL+strings.TrimSuffix(path, "{$}")+"?program=beta", nil)
		require.NoError(t, err)
		answer, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err, path)
		answer.Body.Close()
		assert.NotEqual(t, http.StatusNotFound, answer.StatusCode, path)
	}
}
