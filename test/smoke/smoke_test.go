package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/synth"
)

// complete is a catalog of programs of this module: alpha, beta, gamma and the
// monolith legacy.
func complete(t *testing.T) services.Catalog {
	t.Helper()
	program := func(name string) services.Image { return services.Image{Program: "services/shop/cmd/" + name} }
	catalog := services.Catalog{Name: "shop", Monolith: services.Service{Name: "legacy", Image: program("legacy")}}
	for i, name := range []string{"alpha", "beta", "gamma"} {
		catalog.Services = append(catalog.Services, services.Service{
			Name: name, Image: program(name), Priority: 100 * (i + 1),
			Paths: []string{"/api/" + name, "/api/" + name + "/*"},
		})
	}
	c, err := catalog.Complete()
	require.NoError(t, err)
	return c
}

func migration(t *testing.T, c services.Catalog, words ...string) services.Migration {
	t.Helper()
	phases := map[string]string{}
	for i, name := range c.Names() {
		phases[name] = words[i]
	}
	m, err := services.ParseMigration(c, phases)
	require.NoError(t, err)
	return m
}

// deployed answers as a load balancer in front of the programs: program names the one
// that has a path, and "" is the load balancer itself.
func deployed(t *testing.T, status int, program func(path string) string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := program(r.URL.Path); name != "" {
			w.Header().Set("X-Served-By", name)
			w.WriteHeader(status)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// owner is the program of a path when each service has its own paths.
func owner(path string) string {
	for _, name := range []string{"alpha", "beta", "gamma"} {
		if path == "/api/"+name || strings.HasPrefix(path, "/api/"+name+"/") {
			return name
		}
	}
	return "legacy"
}

func always(name string) func(string) string { return func(string) string { return name } }

// instead has an owner's paths answered by another program.
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
	below := []string{"/api/alpha", "/api/alpha/smoke", "/api/beta", "/api/beta/smoke", "/api/gamma", "/api/gamma/smoke"}
	alpha := below[:2]
	for name, test := range map[string]struct {
		migration services.Migration
		status    int
		program   func(path string) string
		wrong     []string
	}{
		"all live":                               {live, 200, owner, nil},
		"a 404 of the service":                   {live, 404, owner, nil},
		"a redirect":                             {live, 302, owner, nil},
		"all dark":                               {dark, 200, always("legacy"), nil},
		"weighted, by the service":               {weighted, 200, owner, nil},
		"weighted, by the monolith":              {weighted, 200, instead("alpha", "legacy"), nil},
		"drained":                                {drained, 200, instead("legacy", ""), nil},
		"live, by the monolith":                  {live, 200, instead("alpha", "legacy"), alpha},
		"weighted, by a third":                   {weighted, 200, instead("alpha", "gamma"), alpha},
		"dark, by the service":                   {dark, 200, owner, below},
		"drained, by the monolith":               {drained, 200, owner, []string{"/smoke"}},
		"drained, and the services are gone":     {drained, 200, always(""), below},
		"serving, and the monolith is gone":      {live, 200, instead("legacy", ""), []string{"/smoke"}},
		"a program that is not in the catalog":   {live, 200, instead("legacy", "nginx"), []string{"/smoke"}},
		"every program answers a server error":   {live, 503, owner, append(slices.Clone(below), "/smoke")},
		"every program answers the status 500":   {live, 500, owner, append(slices.Clone(below), "/smoke")},
		"every program answers a client's fault": {live, 499, owner, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []string
			answers := request(deployed(t, test.status, test.program), probes(c, test.migration, true))
			for _, a := range answers {
				if !a.right() {
					paths = append(paths, a.path)
				}
			}
			assert.ElementsMatch(t, test.wrong, paths)
			if len(test.wrong) == 0 {
				assert.NoError(t, wrong(answers))
			} else {
				assert.Error(t, wrong(answers))
			}
		})
	}
}

// Every path of the catalog has a probe in every phase, and the programs that may
// answer are those that the rules forward to.
func TestProbesFollowThePhases(t *testing.T) {
	c := complete(t)
	rapid.Check(t, func(r *rapid.T) {
		words := map[string]string{"legacy": "serving"}
		for _, s := range c.Services {
			words[s.Name] = rapid.SampledFrom([]string{"dark", "1%", "50%", "99%", "live", "strangled"}).Draw(r, s.Name)
		}
		m, err := services.ParseMigration(c, words)
		require.NoError(r, err)
		all := probes(c, m, true)
		require.Len(r, all, 7)
		for _, p := range all {
			name := owner(p.path)
			phase := m.Services[name]
			service, monolith := slices.Contains(p.programs, name), slices.Contains(p.programs, "legacy")
			assert.Equal(r, name == "legacy" || phase.Share > 0, service, "%s of %s: the service may answer", p.path, words[name])
			assert.Equal(r, phase.Share < 100, monolith, "%s of %s: the monolith may answer", p.path, words[name])
		}
	})
}

// A route is asked for in each of its hosts, and with a verb that changes nothing. Who may
// answer is up to the first rule that takes the request, and not to the route's own phase.
func TestProbesOfRoutes(t *testing.T) {
	c := complete(t)
	c.Services[0].Routes = []services.Route{
		{Paths: []string{"/a/*"}, Hosts: []string{"*.example.com", "example.com"}, Verbs: []string{"GET"}},
		{Paths: []string{"/head"}, Verbs: []string{"POST", "HEAD"}},
		{Paths: []string{"/post"}, Verbs: []string{"POST"}},
		{Paths: []string{"/a/*", "/api/beta/x"}},
	}
	got := map[string][]string{}
	for _, p := range probes(c, migration(t, c, "dark", "live", "live", "serving"), true) {
		got[p.String()] = p.programs
	}
	for _, other := range []string{"/api/gamma", "/api/gamma/smoke", "/api/beta", "/api/beta/smoke", "/smoke"} {
		delete(got, other)
	}
	monolith := []string{"legacy"}
	assert.Equal(t, map[string][]string{
		"smoke.example.com/a/smoke": monolith, "example.com/a/smoke": monolith, "HEAD /head": monolith, "/a/smoke": monolith,
		"/api/beta/x": {"beta"},
	}, got)

	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host+r.URL.Path)
	}))
	defer server.Close()
	request(server.URL, probes(c, migration(t, c, "dark", "live", "live", "serving"), true)[:3])
	address := strings.TrimPrefix(server.URL, "http://")
	assert.Equal(t, []string{"GET smoke.example.com/a/smoke", "GET example.com/a/smoke", "HEAD " + address + "/head"}, asked)
}

// A monolith of another module may leave X-Served-By out, a service of this one may not.
func TestForeignMonolith(t *testing.T) {
	c := complete(t)
	c.Monolith.Image = services.Image{Folder: "shop"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := owner(r.URL.Path); name != "legacy" && name != "alpha" {
			w.Header().Set("X-Served-By", name)
		}
	}))
	defer server.Close()
	err := wrong(request(server.URL, probes(c, migration(t, c, "live", "10%", "live", "serving"), true)))
	assert.EqualError(t, err, "smoke: /api/alpha: 200 of a program without X-Served-By, want alpha\n"+
		"smoke: /api/alpha/smoke: 200 of a program without X-Served-By, want alpha")
}

func TestNoServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := complete(t)
	for _, phases := range [][]string{{"live", "live", "live", "serving"}, {"strangled", "strangled", "strangled", "retired"}} {
		for _, a := range request(server.URL, probes(c, migration(t, c, phases...), true)) {
			assert.False(t, a.right(), "%v: %s", phases, a.path)
		}
	}
}

func TestReport(t *testing.T) {
	c := complete(t)
	m := migration(t, c, "live", "50%", "dark", "serving")
	got := report(stacks.Environment{App: c.Name, Name: "dev", Migration: m}, c,
		request(deployed(t, 200, instead("gamma", "beta")), probes(c, m, true)))
	for _, line := range []string{
		"## shop-dev",
		"| beta | 50% |", "| legacy | serving |",
		"| `/api/alpha/smoke` | alpha | 200 of alpha | right |",
		"| `/api/beta` | beta or legacy | 200 of beta | right |",
		"| `/api/gamma` | legacy | 200 of beta | **wrong** |",
	} {
		assert.Contains(t, got, line+"\n")
	}
}

// The command as the workflow runs it, with the app that ships.
func TestRun(t *testing.T) {
	t.Chdir("../..")
	app := shipped(t)
	environment, all := app.Environments[0], probes(app.Catalog, app.Environments[0].Migration, true)
	// configured answers as cdk.json says.
	configured := func(path string) string {
		i := slices.IndexFunc(all, func(p probe) bool { return p.path == path })
		if len(all[i].programs) == 0 {
			return ""
		}
		return all[i].programs[0]
	}
	outputs := filepath.Join(t.TempDir(), "outputs.json")
	write := func(stack, url string) {
		require.NoError(t, os.WriteFile(outputs, fmt.Appendf(nil, `{%q:{"Url":%q}}`, stack, url), 0o644))
	}

	stack := environment.StageName() + "-Edge"
	write(stack, deployed(t, http.StatusOK, configured))
	require.NoError(t, run([]string{environment.Name, outputs}, io.Discard))

	var out strings.Builder
	write(stack, deployed(t, http.StatusInternalServerError, configured))
	err := run([]string{environment.Name, outputs}, &out)
	require.ErrorContains(t, err, all[0].path)
	assert.Contains(t, out.String(), "## "+environment.StageName()+"\n")

	require.ErrorContains(t, run([]string{"other", outputs}, io.Discard), `environment "other" is not in cdk.json: want one of `)
	write("other-Edge", "http://localhost")
	require.EqualError(t, run([]string{environment.Name, outputs}, io.Discard),
		outputs+": no output Url of "+stack+" or "+strings.Replace(stack, "Edge", "Platform", 1)+": deploy the environment with --outputs-file")
	require.EqualError(t, run([]string{environment.Name}, io.Discard), "usage: smoke ENVIRONMENT OUTPUTS_FILE")
}

// shipped is the app as it ships.
func shipped(t *testing.T) *stacks.App {
	t.Helper()
	shipped, err := synth.Shipped(".")
	require.NoError(t, err)
	app, err := stacks.Read(shipped.Context, shipped.Catalog)
	require.NoError(t, err)
	return app
}
