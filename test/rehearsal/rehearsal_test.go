package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"example.com/strangler/services"
	"example.com/strangler/services/forum"
	"example.com/strangler/test/internal/load"
)

func completeForum(t *testing.T) services.Catalog {
	t.Helper()
	catalog, err := forum.Catalog().Complete()
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

// Every step of the walk is one that the app accepts, and together they take
// each service through every phase and the monolith out.
func TestWalkIsAMigration(t *testing.T) {
	catalog := completeForum(t)
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

// The traffic asks for a path of every service, and its requests can be told
// apart.
func TestAsksCoverTheCatalog(t *testing.T) {
	names := map[string]bool{}
	writes, all := 0, 0
	for _, a := range asks() {
		if names[a.name] {
			t.Errorf("two asks are %q", a.name)
		}
		names[a.name] = true
		all += a.weight
		if a.writes {
			writes += a.weight
		}
	}
	for _, s := range completeForum(t).Services {
		if !slices.ContainsFunc(asked(), func(path string) bool { return slices.Contains(s.Paths, path) }) {
			t.Errorf("nobody asks for a path of %s", s.Name)
		}
	}
	if share := float64(writes) / float64(all); share < 1./30 || share > 1./26 {
		t.Errorf("one request in %.1f writes, want one in 28", 1/share)
	}
}

// Whatever is wrong with an answer is a failure, and an answer that is right is none.
func TestTrafficJudges(t *testing.T) {
	traffic := newTraffic("http://forum", newLedger())
	for name, test := range map[string]struct {
		url    string
		status int
		body   string
		want   string
	}{
		"a right answer":       {"/api/users/ada#users-read", 200, `{"id":"ada"}`, ""},
		"a miss, as it should": {"/api/users/nobody#users-miss", 404, ``, ""},
		"another status":       {"/api/users/ada#users-read", 503, `down`, "GET /api/users/ada: status 503, want 200: down"},
		"another item":         {"/api/users/ada#users-read", 200, `{"id":"bob"}`, `item "bob", want "ada"`},
		"no JSON":              {"/api/users/ada#users-read", 200, `hello`, "body is not what it should be"},
		"an empty list":        {"/api/posts?limit=10#posts-list", 200, `[]`, "0 items, want 1 to 10"},
		"too long a list":      {"/api/posts?limit=10#posts-list", 200, "[" + strings.Repeat("{},", 10) + "{}]", "11 items"},
		"the thread's post":    {"/api/posts/in-thread/thread-7#posts-in-thread", 200, `[{"thread":"thread-7"}]`, ""},
		"another's post":       {"/api/posts/in-thread/thread-7#posts-in-thread", 200, `[{"thread":"thread-8"}]`, `want the one of "thread-7"`},
		"two posts":            {"/api/posts/by-user/writer-7#posts-by-user", 200, `[{"author":"writer-7"},{"author":"writer-7"}]`, `want the one of "writer-7"`},
		"no answer":            {"/api/users/ada#users-read", 0, ``, "no answer: EOF"},
	} {
		result := &vegeta.Result{Method: "GET", URL: "http://forum" + test.url, Code: uint16(test.status), Body: []byte(test.body)}
		if test.status == 0 {
			result.Error = "EOF"
		}
		if _, failure := traffic.Judge(result); (test.want == "") != (failure == "") || !strings.Contains(failure, test.want) {
			t.Errorf("%s: %q, want %q", name, failure, test.want)
		}
	}
}

// Only a write that was acknowledged is in the ledger.
func TestLedgerKeepsAcknowledgedWrites(t *testing.T) {
	l := newLedger()
	traffic := newTraffic("http://forum", l)
	for _, status := range []int{201, 503, 0} {
		traffic.Judge(&vegeta.Result{URL: "http://forum/api/posts#posts-create", Code: uint16(status), Body: fmt.Appendf(nil, `{"id":"p%d","thread":"thread-%d"}`, status, status)})
	}
	if got := l.written("/api/posts"); !slices.Equal(got, []string{"p201"}) {
		t.Errorf("%q", got)
	}
	if got := l.pick("/api/posts"); got != "201" {
		t.Errorf("a post is found by %q, want the number of its thread", got)
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
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var page int
			fmt.Sscan(r.URL.Query().Get("page"), &page)
			if page+1 < len(test.stored) {
				w.Header().Set("Link", fmt.Sprintf(`</api/users?page=%d>; rel="next"`, page+1))
			}
			fmt.Fprintf(w, `[{"id":%q}]`, test.stored[page])
		}))
		seen, err := readAll(t.Context(), s.URL, "/api/users")
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		failures := strings.Join(auditOf("/api/users", []string{"a", "b", "c"}, seen).Unexplained, "\n")
		if (test.want == "") != (failures == "") || !strings.Contains(failures, test.want) {
			t.Errorf("%s: %q, want %q", name, failures, test.want)
		}
	}
}

// records are n answers to a path by each program.
func records(path string, by map[string]int) []load.Record {
	var all []load.Record
	for program, n := range by {
		for range n {
			all = append(all, load.Record{Path: path, Status: 200, Program: program})
		}
	}
	return all
}

// The phases are what the templates are judged by: a path that the wrong program
// serves, or serves too much of, is a failure whatever the listener's rules say.
func TestSharesAreJudgedByThePhases(t *testing.T) {
	catalog := completeForum(t)
	for name, test := range map[string]struct {
		phase, monolith  string
		users, elsewhere map[string]int
		wrong            int
	}{
		"dark":                       {"dark", "serving", map[string]int{"monolith": 200}, map[string]int{"monolith": 9}, 0},
		"shared":                     {"10%", "serving", map[string]int{"monolith": 180, "users": 20}, map[string]int{"monolith": 9}, 0},
		"live":                       {"live", "serving", map[string]int{"users": 200}, map[string]int{"monolith": 9}, 0},
		"drained":                    {"live", "drained", map[string]int{"users": 200}, map[string]int{"": 9}, 0},
		"dark, but served":           {"dark", "serving", map[string]int{"monolith": 199, "users": 1}, map[string]int{"monolith": 9}, 2},
		"shared, but too much":       {"10%", "serving", map[string]int{"monolith": 100, "users": 100}, map[string]int{"monolith": 9}, 2},
		"shared, but none of it":     {"10%", "serving", map[string]int{"monolith": 200}, map[string]int{"monolith": 9}, 2},
		"live, but not all":          {"live", "serving", map[string]int{"users": 199, "monolith": 1}, map[string]int{"monolith": 9}, 2},
		"strangled, but not moved":   {"strangled", "serving", map[string]int{"monolith": 200}, map[string]int{"monolith": 9}, 2},
		"drained, but still serving": {"live", "drained", map[string]int{"users": 200}, map[string]int{"monolith": 9}, 2},
		"nobody asked":               {"live", "serving", nil, map[string]int{"monolith": 9}, 1},
	} {
		step := step{name, map[string]string{"users": test.phase, "threads": "live", "posts": "live", "monolith": test.monolith}}
		want, err := step.shares(catalog)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(records("/api/users", test.users), records(elsewhere, test.elsewhere),
			records("/api/threads", map[string]int{"threads": 9}), records("/api/posts", map[string]int{"posts": 9}))
		if _, wrong := sharesOf(all, want); len(wrong) != test.wrong {
			t.Errorf("%s: %q, want %d", name, wrong, test.wrong)
		}
	}
}

// Our order may lose nothing and nobody else may either; the textbook's must.
func TestGaps(t *testing.T) {
	catalog := completeForum(t)
	mine, other := catalog.Services[0], catalog.Services[1]
	began := time.Now()
	failure := func(path string, status int, after time.Duration) load.Record {
		return load.Record{Path: path, Status: status, Failure: "failed", Start: began.Add(after)}
	}
	lost := []load.Record{failure("/api/threads", 503, time.Second), failure("/api/threads", 502, 3*time.Second)}
	for name, test := range map[string]struct {
		records        []load.Record
		ours, textbook int
	}{
		"as it should be":        {lost, 0, 0},
		"ours lost one":          {append(slices.Clone(lost), failure("/api/users", 503, 0)), 1, 0},
		"a third path lost one":  {append(slices.Clone(lost), failure("/api/posts", 503, 0)), 1, 0},
		"another kind of answer": {append(slices.Clone(lost), failure("/api/threads", 404, 0)), 0, 1},
		"no gap to be seen":      {records("/api/threads", map[string]int{"threads": 5}), 0, 1},
	} {
		gaps := gapsOf("change", mine, other, test.records)
		if len(gaps[0].Unexplained) != test.ours || len(gaps[1].Unexplained) != test.textbook {
			t.Errorf("%s: %q and %q, want %d and %d", name, gaps[0].Unexplained, gaps[1].Unexplained, test.ours, test.textbook)
		}
	}
	if g := gapsOf("change", mine, other, lost)[1]; g.Milliseconds != 2000 || total(g.Failures) != 2 {
		t.Errorf("%+v, want 2 failures in 2 s", g)
	}
}

// A fault explains what it may break and nothing else.
func TestFaultsExplain(t *testing.T) {
	began := time.Now()
	users := fault{paths: []string{"/api/users"}, statuses: []int{503}, patience: true}
	right := load.Record{Path: "/api/users", Status: 200, Program: "users"}
	explained := load.Record{Path: "/api/users", Status: 503, Failure: "failed", RetryAfter: "1", Start: began.Add(time.Second)}
	over := began.Add(2 * time.Second)
	change := func(change func(*load.Record)) load.Record {
		r := explained
		change(&r)
		return r
	}
	for name, test := range map[string]struct {
		fault       fault
		records     []load.Record
		unexplained int
	}{
		"as it should be": {users, []load.Record{right, explained}, 0},
		"another path":    {users, []load.Record{explained, change(func(r *load.Record) { r.Path = "/api/posts" })}, 1},
		"another status":  {users, []load.Record{explained, change(func(r *load.Record) { r.Status = 500 })}, 1},
		"no Retry-After":  {users, []load.Record{explained, change(func(r *load.Record) { r.RetryAfter = "" })}, 1},
		"not recovered":   {users, []load.Record{explained, change(func(r *load.Record) { r.Start = over })}, 1},
		"no harm done":    {users, []load.Record{right}, 1},
		"harmless":        {fault{harmless: true}, []load.Record{right}, 0},
		"not so harmless": {fault{harmless: true, paths: users.paths, statuses: users.statuses}, []load.Record{explained}, 1},
	} {
		if got := test.fault.result(began, over, "", test.records); len(got.Unexplained) != test.unexplained {
			t.Errorf("%s: %q, want %d", name, got.Unexplained, test.unexplained)
		}
	}
	elsewhere := load.Record{Path: elsewhere, Status: 404}
	result := users.result(began, over, "", []load.Record{right, elsewhere, explained, elsewhere})
	if result.Recovery != 1000 || result.Failed["/api/users"][503] != 1 || len(result.Unharmed) != 1 || result.Unharmed[elsewhere.Path] != 2 {
		t.Errorf("%+v", result)
	}
}

// Each part of a report counts towards its end.
func TestReportCounts(t *testing.T) {
	r := Report{
		Gaps:    []Gap{{Unexplained: []string{"a"}}},
		Steps:   []Step{{Unexplained: []string{"b", "c"}}},
		Parity:  []Parity{{Mismatches: []string{"d"}}},
		Faults:  []Fault{{Unexplained: []string{"e"}}},
		Scaling: []Scaling{{Unexplained: []string{"h"}}},
		Audit:   []Audit{{Unexplained: []string{"f"}}},
		Logs:    Logs{Unexplained: []string{"g"}},
	}
	if n := r.count(); n != 8 {
		t.Errorf("%d, want 8", n)
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

func TestParse(t *testing.T) {
	for args, want := range map[string]options{
		"":                           {rate: 500, faults: true, startup: 2 * time.Second, speed: 10},
		"--serve":                    {rate: 50, faults: true, serve: true, startup: 2 * time.Second, speed: 10},
		"--serve --rate 7":           {rate: 7, faults: true, serve: true, startup: 2 * time.Second, speed: 10},
		"--faults=false --json a":    {rate: 500, json: "a", startup: 2 * time.Second, speed: 10},
		"--startup 0s --speed 1":     {rate: 500, faults: true, speed: 1},
		"--rate 2000 --startup=10ms": {rate: 2000, faults: true, startup: 10 * time.Millisecond, speed: 10},
	} {
		if got, err := parse(strings.Fields(args)); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", args, got, err, want)
		}
	}
	for _, args := range []string{"--rate 0", "--startup -1s", "--speed 0.5", "--speed NaN", "--speed Inf", "--serve --json a", "--serve --faults=false", "posts", "--nonsense"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
}

// The README has a row for every flag, and none for another.
func TestReadmeNamesTheFlags(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, row := range regexp.MustCompile("(?m)^\\| `--([a-z]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		named = append(named, row[1])
	}
	var flags []string
	new(options).flags().VisitAll(func(f *flag.Flag) { flags = append(flags, f.Name) })
	slices.Sort(named)
	if !slices.Equal(named, flags) {
		t.Errorf("the README names %q, the flags are %q", named, flags)
	}
}

func TestWithoutNode(t *testing.T) {
	t.Setenv("JSII_NODE", filepath.Join(t.TempDir(), "node"))
	if err := findNode(); err == nil || !strings.Contains(err.Error(), "install Node") {
		t.Errorf("%v", err)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", address)
	if err == nil {
		defer taken.Close()
	}
	// Whether this test or somebody else has it, the port is in use.
	if err := new(rehearsal).serve(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "localhost:8080") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

// What goes to a file is plain: no colour, no line that is written over.
func TestScreenIsPlainInAFile(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := newScreen(file, "")
	s.progress("something", func() (int, int) { return 1, 1 })
	s.gapHead()
	s.gap(Gap{Change: "change", Traffic: Traffic{Failures: map[int]int{503: 2}}, Unexplained: []string{"a", "b", "c", "d", "e", "f", "g"}})
	s.close()
	out, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	text := string(out)
	if strings.ContainsAny(text, "\x1b\r") || strings.Contains(text, "something") {
		t.Errorf("%q", text)
	}
	if !strings.Contains(text, "2 × 503") || !strings.Contains(text, "    e\n    and 2 more\n") {
		t.Errorf("%s", text)
	}
}

// A collector is left out, and that is said.
func TestCollectorIsSaidToBeLeftOut(t *testing.T) {
	var out strings.Builder
	s := &screen{out: &out}
	catalog := completeForum(t)
	if s.leftOut(catalog); out.Len() > 0 {
		t.Errorf("without a collector: %q", out.String())
	}
	catalog.Services[0].Collector = "collector:1"
	const want = "left out: the collector of users, as only programs of this module run here\n"
	if s.leftOut(catalog); out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
