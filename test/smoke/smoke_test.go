package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/strangler/services"
	"example.com/strangler/services/forum"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

func complete(t *testing.T) services.Catalog {
	t.Helper()
	c, err := forum.Catalog().Complete()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func migration(t *testing.T, c services.Catalog, words ...string) services.Migration {
	t.Helper()
	phases := map[string]string{}
	for i, name := range c.Names() {
		phases[name] = words[i]
	}
	m, err := services.ParseMigration(c, phases)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// deployed answers as a load balancer with the services' programs behind it: who
// has a path is what says, where "" is the load balancer.
func deployed(t *testing.T, status int, who func(path string) string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := who(r.URL.Path); name != "" {
			w.Header().Set("X-Served-By", name)
			w.WriteHeader(status)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// owner has a path when each service has its own.
func owner(path string) string {
	for _, name := range []string{"users", "threads", "posts"} {
		if path == "/api/"+name || strings.HasPrefix(path, "/api/"+name+"/") {
			return name
		}
	}
	return "monolith"
}

func always(name string) func(string) string { return func(string) string { return name } }

// instead has an owner's path answered by another.
func instead(of, name string) func(string) string {
	return func(path string) string {
		if owner(path) == of {
			return name
		}
		return owner(path)
	}
}

func TestAnswers(t *testing.T) {
	c := complete(t)
	live := migration(t, c, "live", "live", "live", "serving")
	weighted := migration(t, c, "10%", "live", "live", "serving")
	dark := migration(t, c, "dark", "dark", "dark", "serving")
	drained := migration(t, c, "live", "strangled", "live", "drained")
	for name, test := range map[string]struct {
		migration services.Migration
		status    int
		who       func(string) string
		wrong     string
	}{
		"all live":                         {live, 200, owner, ""},
		"a path that a program has not":    {live, 404, owner, ""},
		"a redirect":                       {live, 302, owner, ""},
		"all dark":                         {dark, 200, always("monolith"), ""},
		"weighted, by the service":         {weighted, 200, owner, ""},
		"weighted, by the monolith":        {weighted, 200, instead("users", "monolith"), ""},
		"drained":                          {drained, 200, instead("monolith", ""), ""},
		"live, by the monolith":            {live, 200, instead("users", "monolith"), "/api/users /api/users/smoke"},
		"weighted, by a third":             {weighted, 200, instead("users", "posts"), "/api/users /api/users/smoke"},
		"dark, by the service":             {dark, 200, owner, "/api/posts /api/posts/smoke /api/threads /api/threads/smoke /api/users /api/users/smoke"},
		"drained, by the monolith":         {drained, 200, owner, "/smoke"},
		"drained, and a service is gone":   {drained, 200, always(""), "/api/posts /api/posts/smoke /api/threads /api/threads/smoke /api/users /api/users/smoke"},
		"serving, and the monolith is out": {live, 200, instead("monolith", ""), "/smoke"},
		"nobody's own name":                {live, 200, instead("monolith", "nginx"), "/smoke"},
		"a program that fails":             {live, 503, owner, "/api/posts /api/posts/smoke /api/threads /api/threads/smoke /api/users /api/users/smoke /smoke"},
	} {
		var paths []string
		answers := ask(deployed(t, test.status, test.who), probes(c, test.migration))
		for _, a := range answers {
			if !a.right() {
				paths = append(paths, a.path)
			}
		}
		slices.Sort(paths)
		if got := strings.Join(paths, " "); got != test.wrong || (wrong(answers) != nil) != (test.wrong != "") {
			t.Errorf("%s: wrong are %q, want %q", name, got, test.wrong)
		}
	}
}

// Whatever the phases are, every path is asked for and each answer has one reading:
// who may answer is who the rules forward it to.
func TestProbesFollowThePhases(t *testing.T) {
	c := complete(t)
	rapid.Check(t, func(r *rapid.T) {
		words := map[string]string{"monolith": "serving"}
		for _, s := range c.Services {
			words[s.Name] = rapid.SampledFrom([]string{"dark", "1%", "50%", "99%", "live", "strangled"}).Draw(r, s.Name)
		}
		m, err := services.ParseMigration(c, words)
		if err != nil {
			r.Fatal(err)
		}
		all := probes(c, m)
		if len(all) != 7 {
			r.Fatalf("%d paths, want 7", len(all))
		}
		for _, p := range all {
			name := owner(p.path)
			phase := m.Services[name]
			if service := slices.Contains(p.programs, name); service != (name == "monolith" || phase.Share > 0) {
				r.Errorf("%s of %s: the service may answer: %v", p.path, words[name], service)
			}
			if monolith := slices.Contains(p.programs, "monolith"); monolith != (phase.Share < 100) {
				r.Errorf("%s of %s: the monolith may answer: %v", p.path, words[name], monolith)
			}
		}
	})
}

// A monolith from elsewhere need not know of X-Served-By; a service may not forget it.
func TestForeignMonolith(t *testing.T) {
	c := complete(t)
	c.Monolith.Image = services.Image{Folder: "shop"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := owner(r.URL.Path); name != "monolith" && name != "users" {
			w.Header().Set("X-Served-By", name)
		}
	}))
	defer server.Close()
	err := wrong(ask(server.URL, probes(c, migration(t, c, "live", "10%", "live", "serving"))))
	if want := "smoke: /api/users: 200 of nobody that says its name, want users\nsmoke: /api/users/smoke: 200 of nobody that says its name, want users"; fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestNobodyIsThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := complete(t)
	for _, phases := range [][]string{{"live", "live", "live", "serving"}, {"strangled", "strangled", "strangled", "retired"}} {
		answers := ask(server.URL, probes(c, migration(t, c, phases...)))
		for _, a := range answers {
			if a.right() {
				t.Errorf("%v: %s is right", phases, a.path)
			}
		}
	}
}

func TestReport(t *testing.T) {
	c := complete(t)
	m := migration(t, c, "live", "50%", "dark", "serving")
	got := report(stacks.Environment{Name: "dev", Migration: m}, c, ask(deployed(t, 200, instead("posts", "threads")), probes(c, m)))
	for _, line := range []string{
		"| threads | 50% |", "| monolith | serving |",
		"| `/api/users/smoke` | users | 200 of users | right |",
		"| `/api/threads` | threads or monolith | 200 of threads | right |",
		"| `/api/posts` | monolith | 200 of threads | **wrong** |",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no line %s in\n%s", line, got)
		}
	}
}

// The command as the workflow runs it, against what cdk.json says today.
func TestRun(t *testing.T) {
	t.Chdir("../..")
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	write := func(stack, url string) {
		if err := os.WriteFile(outputs, fmt.Appendf(nil, `{%q:{"Url":%q}}`, stack, url), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	write("forum-dev-Edge", deployed(t, 500, owner))
	if err := run([]string{"dev", outputs}, &out); err == nil || !strings.Contains(err.Error(), "/api/users") || !strings.Contains(out.String(), "## forum-dev") {
		t.Errorf("%v\n%s", err, &out)
	}
	write("forum-dev-Edge", asConfigured(t))
	if err := run([]string{"dev", outputs}, &out); err != nil {
		t.Error(err)
	}
	if err := run([]string{"prdo", outputs}, &out); fmt.Sprint(err) != `environment "prdo" is not in cdk.json: want one of dev` {
		t.Error(err)
	}
	write("forum-prod-Edge", "http://localhost")
	if err := run([]string{"dev", outputs}, &out); fmt.Sprint(err) != outputs+": no output Url of forum-dev-Edge: deploy the environment with --outputs-file" {
		t.Error(err)
	}
}

// asConfigured answers as cdk.json says today.
func asConfigured(t *testing.T) string {
	t.Helper()
	shipped, err := synth.Shipped(".")
	if err != nil {
		t.Fatal(err)
	}
	app, err := stacks.Read(shipped.Context, shipped.Catalog)
	if err != nil {
		t.Fatal(err)
	}
	all := probes(app.Catalog, app.Environments[0].Migration)
	return deployed(t, http.StatusOK, func(path string) string {
		i := slices.IndexFunc(all, func(p probe) bool { return p.path == path })
		if len(all[i].programs) == 0 {
			return ""
		}
		return all[i].programs[0]
	})
}
