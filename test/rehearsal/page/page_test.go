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

	"github.com/google/go-cmp/cmp"

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
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// The scripts read these names.
func TestStateAsJSON(t *testing.T) {
	f := &fake{state: page.State{
		Services: []page.Service{{
			Name: "users", Phase: "10%", Phases: []string{"dark", "10%"}, Paths: []string{"/api/users"},
			Tasks: []page.Task{{Address: "127.0.0.1:1", State: "healthy"}}, RequestsPerSecond: 1.5, ErrorsPerSecond: 0.5, Deployed: true,
		}},
		Rules: []page.Rule{{
			Stack: "Users", ID: "LiveRule", Priority: 25100, Conditions: []string{"/api/users"},
			Shares: []page.Share{{Program: "users", Percent: 10}}, Live: true,
		}},
		Traffic:    page.Traffic{Series: []page.Series{{Program: "users", Requests: []float64{1}, Errors: []float64{0}}}},
		Answers:    []page.Answer{{Method: "GET", Path: "/api/users", Status: 200, Program: "users", Milliseconds: 1.25}},
		Deployment: page.Deployment{Asked: "users: dark → 10%", Changes: []page.Change{{Stack: "Users", Resource: "LiveRule", Action: "create", Detail: "d"}}},
	}}
	want := `{
  "services": [{"name": "users", "phase": "10%", "phases": ["dark", "10%"], "paths": ["/api/users"],
    "tasks": [{"address": "127.0.0.1:1", "state": "healthy"}],
    "requestsPerSecond": 1.5, "errorsPerSecond": 0.5, "deployed": true}],
  "rules": [{"stack": "Users", "id": "LiveRule", "priority": 25100, "conditions": ["/api/users"],
    "shares": [{"program": "users", "percent": 10}], "answer": "", "live": true}],
  "traffic": {"series": [{"program": "users", "requests": [1], "errors": [0]}]},
  "answers": [{"method": "GET", "path": "/api/users", "status": 200, "program": "users", "milliseconds": 1.25}],
  "deployment": {"running": false, "asked": "users: dark → 10%",
    "changes": [{"stack": "Users", "resource": "LiveRule", "action": "create", "detail": "d"}], "log": null, "error": ""}
}`
	answer, got := get(t, serve(t, f).URL+"/state")
	if kind := answer.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("Content-Type is %q", kind)
	}
	if diff := cmp.Diff(decode(t, want), decode(t, got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func decode(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestEventsFollowTheState(t *testing.T) {
	f := newFake()
	answer, err := http.Get(serve(t, f).URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("Content-Type is %q", kind)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	if s := nextEvent(t, lines); s.Services[2].Phase != "dark" || s.Deployment.Running {
		t.Errorf("at first posts is %s", s.Services[2].Phase)
	}
	if err := f.Move("posts", "10%"); err != nil {
		t.Fatal(err)
	}
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
			if err := json.Unmarshal([]byte(data), &state); err != nil {
				t.Fatal(err)
			}
			return state
		}
	}
	t.Fatalf("the stream ended: %v", lines.Err())
	return state
}

func TestPhase(t *testing.T) {
	const live = `{"name": "posts", "phase": "live"}`
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
		{name: "refused", body: live, refuse: errors.New(`"monolith" cannot be drained`), want: http.StatusUnprocessableEntity, says: `"monolith" cannot be drained`},
		{name: "busy", body: live, running: true, want: http.StatusConflict, says: page.ErrBusy.Error()},
		{name: "too large", body: `{"name": "` + strings.Repeat("n", 1<<10) + `"}`, want: http.StatusRequestEntityTooLarge},
		{name: "too large behind the order", body: live + strings.Repeat(" ", 1<<10), want: http.StatusRequestEntityTooLarge},
		{name: "from another site's page", body: live, header: sent("Sec-Fetch-Site", "cross-site"), want: http.StatusForbidden},
		{name: "from another origin", body: live, header: sent("Origin", "https://elsewhere.example"), want: http.StatusForbidden},
		{name: "a form", body: "name=posts", header: sent("Content-Type", "application/x-www-form-urlencoded"), want: http.StatusUnsupportedMediaType},
		{name: "as plain text", body: live, header: sent("Content-Type", "text/plain"), want: http.StatusUnsupportedMediaType},
		{name: "of no type", body: live, header: sent("Content-Type", ""), want: http.StatusUnsupportedMediaType},
		{name: "no JSON", body: "live", want: http.StatusBadRequest},
		{name: "an unknown field", body: `{"name": "posts", "share": 10}`, want: http.StatusBadRequest, says: "share"},
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
			if w.Code != c.want || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, c.want, c.says)
			}
			if moved := f.finish != nil; moved != (c.want == http.StatusAccepted) {
				t.Errorf("moved: %t", moved)
			}
		})
	}
}

func TestUnknownPath(t *testing.T) {
	for _, path := range []string{"/api/users", "/page.go", "/static/page.js"} {
		if answer, _ := get(t, serve(t, newFake()).URL+path); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
}

// A file names others in its attributes and imports.
var reference = regexp.MustCompile(`(?:src|href)="([^"#]+)"|from "([^"]+)"`)

// Every file that the page asks for is there, with a type that a browser accepts
// under nosniff, and asks for nothing from elsewhere.
func TestPageIsComplete(t *testing.T) {
	s := serve(t, newFake())
	types := map[string]string{"": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
	seen := map[string]bool{}
	for ask := []string{"/"}; len(ask) > 0; ask = ask[1:] {
		file := ask[0]
		if seen[file] {
			continue
		}
		seen[file] = true
		answer, body := get(t, s.URL+file)
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", file, answer.Status)
		}
		for key, want := range map[string]string{
			"Content-Type":            types[path.Ext(file)],
			"Content-Security-Policy": "default-src 'self'",
			"X-Content-Type-Options":  "nosniff",
		} {
			if got := answer.Header.Get(key); !strings.HasPrefix(got, want) || got == "" {
				t.Errorf("%s: %s is %q, want %s", file, key, got, want)
			}
		}
		for _, match := range reference.FindAllStringSubmatch(body, -1) {
			ask = append(ask, path.Join("/", match[1]+match[2]))
		}
	}
	for _, file := range []string{"/style.css", "/icon.svg", "/page.js", "/lines.js", "/dom.js"} {
		if !seen[file] {
			t.Errorf("nothing refers to %s", file)
		}
	}
}
