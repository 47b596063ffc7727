//go:build unix

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/region"
)

var runServer = []string{"node", "test/internal/region/testdata/node/server.js"}

// inNode is a catalog of alpha and the monolith, which are programs in another language that
// name themselves in no header.
func inNode(string) services.Catalog {
	c := fixture.Running("first")
	for _, s := range []*services.Service{&c.Services[0], &c.Monolith} {
		s.Image = services.Image{
			Registry: fixture.Registry + s.Name + ":1.0", Run: runServer,
		}
		s.Environment = nil
	}
	return c
}

// Programs of another language go through a share and live, and who answers is known without
// their help.
func TestProgramsOfAnotherLanguage(t *testing.T) {
	r := newRehearsalOfFixture(t, inNode, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha", Status: 200},
		{Name: "legacy", Weight: 10, Target: "/settings", Status: 200},
	})
	r.region.RunAs(commandsOf(r.catalog))
	r.goLive(t)
	half := start(r.catalog).with("alpha", "50%")
	require.NoError(t, r.take(t.Context(), half, r.staged(t, half)))
	for _, step := range r.report.Steps {
		assert.Empty(t, step.Unexplained, step.Name)
	}
	shares := map[string]bool{}
	for _, s := range r.report.Steps[1].Shares {
		shares[s.Path+" "+s.Program] = s.Answered > 0
	}
	assert.True(t, shares["/api/alpha alpha"])
	assert.True(t, shares["/api/alpha legacy"])
}

// A monolith and two services, none with a health path of the kit's, one that starts 5 s late and
// one that answers its check with a redirect, go live and back under load.
func TestSystemOfAnotherLanguage(t *testing.T) {
	catalogOf := func(version string) services.Catalog {
		c := fixture.Connected(version)
		c.Services[1].Calls = nil
		environments := []map[string]string{{"LATE": "5000", "GRACE": "1500"}, {"HEALTH": "302", "GRACE": "1500"}, {"GRACE": "1500"}}
		for i, s := range []*services.Service{&c.Services[0], &c.Services[1], &c.Monolith} {
			s.Image = services.Image{Registry: fixture.Registry + s.Name + ":1.0", Run: runServer}
			s.Environment, s.Health = environments[i], services.Health{Path: "/"}
		}
		c.Services[1].Health = services.Health{Path: "/healthz", Codes: "200-399"}
		return c
	}
	r := newRehearsalOfFixture(t, catalogOf, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha", Status: 200},
		{Name: "beta", Path: "/api/beta", Weight: 10, Target: "/api/beta", Status: 200},
	})
	r.region.RunAs(commandsOf(r.catalog))
	require.NoError(t, r.open(t.Context(), r.report.Rate))
	t.Cleanup(r.load.Stop)
	dark := start(r.catalog)
	for _, step := range []step{dark, dark.with("alpha", "live").with("beta", "50%"), dark} {
		require.NoError(t, r.take(t.Context(), step, r.staged(t, step)))
	}
	for _, step := range r.report.Steps {
		assert.Empty(t, step.Unexplained, step.Name)
	}
}

// A program that ends at SIGTERM while requests still come to it loses them, and the report says
// which program and why. One that answers for a while longer loses none.
func TestProgramThatEndsAtSIGTERM(t *testing.T) {
	for grace, lost := range map[string]bool{"": true, "1000": false} {
		catalogOf := func(version string) services.Catalog {
			c := inNode(version)
			c.Services[0].Environment = map[string]string{"GRACE": grace}
			return c
		}
		r := newRehearsalAt(t, region.Clock{Startup: 300 * time.Millisecond, Speed: 10, Propagation: 3 * time.Second}, catalogOf, traffic.Traffic{
			{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha", Status: 200},
		})
		r.region.RunAs(commandsOf(r.catalog))
		r.goLive(t)
		require.NoError(t, r.suffer(t.Context(), r.faultNamed(t, "SIGTERM")))
		found := r.report.Faults[0]
		if !lost {
			assert.Empty(t, found.Unexplained)
			assert.Empty(t, found.Because)
			continue
		}
		assert.NotEmpty(t, found.Unexplained)
		assert.Regexp(t, `^alpha ended \d+ ms after SIGTERM, before every node of the load balancer knew: let it answer for some seconds more$`,
			found.Because)
	}
}

// A program of another language has limits of its own: slow and large bodies may not harm its
// other requests, and that is all. The same answers of a program of this module are a fault.
func TestBadClientsOfAnyProgram(t *testing.T) {
	r := newRehearsalOfFixture(t, inNode, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha", Status: 200},
	})
	r.region.RunAs(commandsOf(r.catalog))
	r.goLive(t)
	slow, err := dribble(t.Context(), r.region.URL()+"/api/alpha")
	require.NoError(t, err)
	defer slow.close()
	alpha := r.catalog.Services[0]
	require.NoError(t, r.suffer(t.Context(), r.slowClients(slow, alpha, "/api/alpha")))
	assert.Empty(t, r.report.Faults[0].Unexplained)
	assert.Regexp(t, `^200; \d+ slow bodies go on$`, r.report.Faults[0].Outcome)

	alpha.Image = services.Image{Program: "cmd/alpha"}
	require.EqualError(t, r.suffer(t.Context(), r.slowClients(slow, alpha, "/api/alpha")), "a body of 64 KiB + 1 got status 200, want 413")
}

// The update of a program that ends at its start is rolled back, whatever the program is.
func TestCrashOfAnyProgram(t *testing.T) {
	r := newRehearsalOfFixture(t, inNode, traffic.Traffic{
		{Name: "alpha", Path: "/api/alpha", Weight: 10, Target: "/api/alpha", Status: 200},
	})
	r.region.RunAs(commandsOf(r.catalog))
	live := r.goLive(t)
	require.Equal(t, "serving", live.phases["legacy"])
	outcome, err := r.crash(t.Context(), r.catalog.Services[0])
	require.NoError(t, err)
	assert.Equal(t, "rolled back, tasks untouched", outcome)
	assert.Empty(t, failed(r.load.Between(time.Time{}, time.Now())))
}

// A secret without a value is named before anything starts, a line each; those that a service
// takes are the monolith's until then.
func TestSecretsWithoutValues(t *testing.T) {
	c := inNode("")
	c.Services[0].Needs.Secrets = map[string]services.Secret{"B_KEY": {Parameter: "/b"}, "A_KEY": {Secret: "a"}}
	c.Services[0].Takes.Secrets = map[string]services.Secret{"OLD_KEY": {Secret: "old"}}
	c.Monolith.Needs.Secrets = c.Services[0].Takes.Secrets
	assert.EqualError(t, checkSecrets(c, nil, nil),
		`the secret A_KEY of "alpha" has no value here: write a line alpha.A_KEY=… into a file, and name that with --env`+"\n"+
			`the secret B_KEY of "alpha" has no value here: write a line alpha.B_KEY=… into a file, and name that with --env`+"\n"+
			`the secret OLD_KEY of "legacy" has no value here: write a line legacy.OLD_KEY=… into a file, and name that with --env`)
	assert.NoError(t, checkSecrets(c, region.Values{"": {"A_KEY": "1", "B_KEY": "2"}, "legacy": {"OLD_KEY": "3"}}, nil))
	assert.NoError(t, checkSecrets(c, region.Values{"legacy": {"OLD_KEY": "3"}}, []string{"alpha"}), "a program that cannot start")
	assert.Error(t, checkSecrets(c, region.Values{"alpha": {"A_KEY": "1", "B_KEY": "2", "OLD_KEY": "3"}}, nil), "of another program")
}

// faultNamed is one of the rehearsal's faults.
func (r *rehearsal) faultNamed(t *testing.T, name string) fault {
	t.Helper()
	all := r.faultsOf()
	i := slices.IndexFunc(all, func(f fault) bool { return f.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return all[i]
}

// A program that nothing says how to start is left out, with a line, where the rest can be
// rehearsed, and otherwise each is named before anything starts. A container engine starts any.
func TestProgramsThatCannotStart(t *testing.T) {
	c := inNode("")
	assert.Empty(t, unstartable(c, ""))
	c.Services = append(c.Services, services.Service{Name: "beta"})
	assert.Equal(t, []string{"beta"}, unstartable(c, ""))
	assert.Empty(t, unstartable(c, "docker"))
	assert.NoError(t, checkStart(c, []string{"beta"}))
	line := func(name string) string {
		return `"` + name + `" is no Go program of this module, and there is no container engine: say in Image.Run how to start it on this ` +
			`machine, such as []string{"node", "server.js"}, or install docker, podman or finch`
	}
	assert.EqualError(t, checkStart(c, []string{"alpha", "beta"}), line("alpha")+"\n"+line("beta"), "no service can")
	assert.EqualError(t, checkStart(c, []string{"beta", "legacy"}), line("beta")+"\n"+line("legacy"), "the monolith cannot")
	c.Services[0].Calls = []string{"beta"}
	assert.EqualError(t, checkStart(c, []string{"beta"}), line("beta"), "one that can calls it")
}

// What cannot start is not deployed, and what can is walked as far as that goes.
func TestRestIsRehearsed(t *testing.T) {
	r := newFixtureRehearsal(t)
	r.catalog, r.kinds = fixtureCatalog(t), fixtureKinds(t)
	r.cannot = []string{"beta", "omega"}
	names := []string{}
	for _, s := range r.rehearsed() {
		names = append(names, s.Name)
	}
	assert.Equal(t, []string{"alpha", "gamma"}, names)
	steps := walk(r.catalog, r.rehearsed())
	assert.Equal(t, "gamma strangled", steps[len(steps)-1].name)

	r.stages.app.Catalog = fixture.Catalog()
	r.stages.app.Images = nil
	r.stages.app.Context["environments"] = map[string]any{"dev": map[string]any{
		"region": "eu-west-1", "natGateways": 1, "endpoints": fixture.Endpoints(), "migration": start(r.catalog).phases,
	}}
	stage := r.staged(t, start(r.catalog))
	assert.ElementsMatch(t, []string{"Alpha", "Data", "Edge", "Gamma", "Legacy", "Platform", "Watch"}, r.needed(stage))
	r.cannot = nil
	assert.Contains(t, r.common(stage), "Omega")
}
