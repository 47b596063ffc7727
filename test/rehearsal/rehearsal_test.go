package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/forum/services"
	"example.com/forum/test/alb"
)

// Every step of the walk is one that the app accepts, and together they take
// each service through every phase and the monolith out.
func TestWalkIsAMigration(t *testing.T) {
	catalog, err := services.Forum.Complete()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string][]string{}
	for _, step := range walk(catalog) {
		if _, err := services.ParseMigration(catalog, step.phases); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		for name, phase := range step.phases {
			if words := seen[name]; len(words) == 0 || words[len(words)-1] != phase {
				seen[name] = append(words, phase)
			}
		}
	}
	for name, words := range seen {
		want := "dark 10% 50% live strangled"
		if name == catalog.Monolith.Name {
			want = "serving drained retired"
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s goes %s, want %s", name, got, want)
		}
	}
}

// openTestDoor puts a handler behind a door as the program "users", with all
// of /api/users; the load balancer answers the rest. Nil means no program.
func openTestDoor(t *testing.T, users http.HandlerFunc) *door {
	t.Helper()
	d, err := openDoor()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	groups := map[string]http.Handler{}
	if users != nil {
		groups["group"] = users
	}
	d.rules.Store(&rules{
		balancer: &alb.LoadBalancer{
			Listener: alb.Listener{
				Rules: []alb.Rule{{ID: "users", Priority: 1,
					Conditions: []alb.Condition{alb.PathPattern{"/api/users", "/api/users/*"}}, Action: alb.ForwardTo("group")}},
				Default: alb.FixedResponse{StatusCode: http.StatusNotFound},
			},
			TargetGroups: groups,
		},
		programs: map[string]string{"group": "users"},
	})
	return d
}

// Whatever is wrong with an answer is a failure, and an answer that is right is none.
func TestVisitorJudges(t *testing.T) {
	as := func(program string, status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Served-By", program)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	read := exchange{method: "GET", path: "/api/users/ada", status: http.StatusOK, check: hasID("ada")}
	for name, test := range map[string]struct {
		users    http.HandlerFunc
		exchange exchange
		want     string
	}{
		"a right answer":         {as("users", 200, `{"id":"ada"}`), read, ""},
		"a miss, as it should":   {as("users", 404, ``), exchange{method: "GET", path: "/api/users/x", status: 404}, ""},
		"an answer of the door":  {nil, exchange{method: "GET", path: "/elsewhere", status: 404}, ""},
		"another status":         {as("users", 503, `down`), read, "status 503, want 200: down"},
		"another program":        {as("monolith", 200, `{"id":"ada"}`), read, `answered by "monolith"`},
		"a program without name": {as("", 200, `{"id":"ada"}`), read, `answered by ""`},
		"another item":           {as("users", 200, `{"id":"bob"}`), read, `item "bob", want "ada"`},
		"no JSON":                {as("users", 200, `hello`), read, "body is not what it should be"},
		"no program behind it":   {nil, read, "status 503"},
		"a cut connection":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, read, "EOF"},
	} {
		v := newVisitor(t.Context(), openTestDoor(t, test.users))
		v.do(test.exchange)
		if failures := strings.Join(v.score.failures, "\n"); v.score.requests != 1 || (test.want == "") != (failures == "") || !strings.Contains(failures, test.want) {
			t.Errorf("%s: %d requests, failures %q, want %q", name, v.score.requests, failures, test.want)
		}
	}
}

// A write that was acknowledged must be there once: a lost and a doubled one
// are failures, and every page is read.
func TestAuditCountsEveryWrite(t *testing.T) {
	for name, test := range map[string]struct {
		stored []string
		want   string
	}{
		"all there": {[]string{"a", "b", "c"}, ""},
		"one lost":  {[]string{"a", "c"}, `"b" was acknowledged and is there 0 times`},
		"one twice": {[]string{"a", "b", "b", "c"}, `"b" was acknowledged and is there 2 times`},
	} {
		v := newVisitor(t.Context(), openTestDoor(t, func(w http.ResponseWriter, r *http.Request) {
			var page int
			fmt.Sscan(r.URL.Query().Get("page"), &page)
			w.Header().Set("X-Served-By", "users")
			if page+1 < len(test.stored) {
				w.Header().Set("Link", fmt.Sprintf(`</api/users?page=%d>; rel="next"`, page+1))
			}
			fmt.Fprintf(w, `[{"id":%q}]`, test.stored[page])
		}))
		audit(v, ledger{"/api/users": {"a", "b", "c"}})
		if failures := strings.Join(v.score.failures, "\n"); (test.want == "") != (failures == "") || !strings.Contains(failures, test.want) {
			t.Errorf("%s: failures %q, want %q", name, failures, test.want)
		}
	}
}

// The phases are what the templates are judged by: a path that the wrong program
// serves is a failure even when the listener's rules say so.
func TestPhasesAreChecked(t *testing.T) {
	catalog := services.Forum
	by := func(programs ...string) map[string]int {
		served := map[string]int{}
		for _, program := range programs {
			served[program]++
		}
		return served
	}
	for name, test := range map[string]struct {
		phase, monolith  string
		users, elsewhere map[string]int
		failures         int
	}{
		"dark":                       {"dark", "serving", by("monolith"), by("monolith"), 0},
		"shared":                     {"10%", "serving", by("users", "monolith"), by("monolith"), 0},
		"live":                       {"live", "serving", by("users"), by("monolith"), 0},
		"drained":                    {"live", "drained", by("users"), by(loadBalancer), 0},
		"dark, but served":           {"dark", "serving", by("users", "monolith"), by("monolith"), 1},
		"shared, but all of it":      {"10%", "serving", by("users"), by("monolith"), 1},
		"live, but not all":          {"live", "serving", by("users", "monolith"), by("monolith"), 1},
		"strangled, but not moved":   {"strangled", "serving", by("monolith"), by("monolith"), 1},
		"drained, but still serving": {"live", "drained", by("users"), by("monolith"), 1},
		"nobody asked":               {"live", "serving", nil, by("monolith"), 1},
	} {
		v := newVisitor(t.Context(), nil)
		v.score.served = map[string]map[string]int{
			"/api/users": test.users, elsewhere: test.elsewhere,
			"/api/threads": by("threads"), "/api/posts": by("posts"),
		}
		v.checkPhases(catalog, step{name, map[string]string{"users": test.phase, "threads": "live", "posts": "live", "monolith": test.monolith}})
		if len(v.score.failures) != test.failures {
			t.Errorf("%s: failures %q, want %d", name, v.score.failures, test.failures)
		}
	}
}

// A program that cannot start says why; one that runs ends with its context.
func TestProcess(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "users")
	if output, err := exec.Command("go", "build", "-o", binary, "../../services/cmd/users").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := start(ctx, "users", binary, "/healthz", nil); err == nil || !strings.Contains(err.Error(), "USERS_TABLE") {
		t.Errorf("a program without a table: %v, want its own words", err)
	}
	p, err := start(ctx, "users", binary, "/healthz", map[string]string{"STORE": "memory"})
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	proxy(p.address, http.DefaultTransport).ServeHTTP(response, httptest.NewRequest("GET", "/api/users", nil))
	if response.Code != http.StatusOK || response.Header().Get("X-Served-By") != "users" {
		t.Errorf("status %d by %q", response.Code, response.Header().Get("X-Served-By"))
	}
	cancel()
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		t.Error("the program outlives its context")
		p.kill()
	}
	response = httptest.NewRecorder()
	proxy(p.address, http.DefaultTransport).ServeHTTP(response, httptest.NewRequest("GET", "/api/users", nil))
	if response.Code != http.StatusBadGateway {
		t.Errorf("status %d from a program that is gone, want 502", response.Code)
	}
}

// Ctrl-C is said in one word, whatever it broke.
func TestInterruptible(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, work := range map[string]func() error{
		"an error": func() error { return errors.New("signal: interrupt") },
		"a panic":  func() error { panic("no response received from child process") },
		"nothing":  func() error { return nil },
	} {
		if err := interruptible(stopped, work); !errors.Is(err, errInterrupted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := interruptible(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("without a signal: %v", err)
	}
}

func TestShares(t *testing.T) {
	for want, served := range map[string]map[string]int{
		"monolith 90% users 10%": {"users": 20, "monolith": 180},
		"users":                  {"users": 7},
		"":                       nil,
	} {
		if got := shares(served); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
