package test

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/example"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/inputs"
	"example.com/strangler/test/internal/synth"
)

var update = flag.Bool("update", false, "write the snapshots in testdata instead of comparing with them")

// One jsii kernel serves every test: it costs seconds to start, and is one
// process behind one pipe, so no test that synthesizes runs in parallel.
//
// The assemblies stay in memory, and to mark them again and again would take a third of the
// tests' time, so the garbage collector waits until the heap is five times what is in use.
func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(400)
	var err error
	if scratch, err = os.MkdirTemp("", "strangler-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	jsii.Close()
	os.RemoveAll(scratch)
	os.Exit(code)
}

// scratch is a folder for what several tests share.
var scratch string

// change is an edit of the shipped app.
type change func(*synth.App)

// shipped is the app as it ships.
func shipped(t testing.TB) *synth.App {
	t.Helper()
	inputs.Watch(t, "../services", "testdata")
	app, err := synth.Shipped("..")
	require.NoError(t, err)
	app.Staging, app.Images = staging(), images()
	return app
}

// onItsOwn is the app as it ships, in one environment, dev: that of cdk.json which comes first,
// with a network and a load balancer of its own.
func onItsOwn(t testing.TB) *synth.App {
	t.Helper()
	app := shipped(t)
	app.OnItsOwn()
	all := app.Context["environments"].(map[string]any)
	first := slices.Min(slices.Collect(maps.Keys(all)))
	app.Context["environments"] = map[string]any{"dev": all[first]}
	return app
}

// neutral is a catalog of no example in one environment where every service is
// live, with changes. What holds of it holds whatever ships.
func neutral(t testing.TB, changes ...change) *synth.App {
	t.Helper()
	app := shipped(t)
	app.Catalog, app.Images = fixture.Catalog(), fixtureImages()
	migration := map[string]any{app.Catalog.Monolith.Name: "serving"}
	for _, s := range app.Catalog.Services {
		migration[s.Name] = "live"
	}
	app.Context["environments"] = map[string]any{"dev": map[string]any{
		"region": "eu-west-1", "protected": false, "waf": false, "traces": true, "endpoints": fixture.Endpoints(),
		"migration": migration,
	}}
	for _, change := range changes {
		change(app)
	}
	return app
}

// staging is where images are staged, outside of the module: the go command keeps the result of
// tests only while no folder in the module that they open changes.
func staging() string { return filepath.Join(scratch, "build") }

// staged are the images of a catalog.
func staged(catalog services.Catalog) *constructs.Images {
	return constructs.StageImages("..", staging(), catalog.All())
}

// images are those of the shipped catalog.
var images = sync.OnceValue(func() *constructs.Images { return staged(example.Catalog()) })

// fixtureImages are those of the fixture, which are all in a registry.
var fixtureImages = sync.OnceValue(func() *constructs.Images { return staged(fixture.Catalog()) })

// contextKey sets a key as "-c key=value" does; nil removes it.
func contextKey(key string, value any) change {
	return func(app *synth.App) {
		if app.Context[key] = value; value == nil {
			delete(app.Context, key)
		}
	}
}

// contextKeys sets several keys: contextKeys("alpha", "25%", "gamma", "dark").
func contextKeys(pairs ...string) change {
	return func(app *synth.App) {
		for i := 0; i < len(pairs); i += 2 {
			app.Context[pairs[i]] = pairs[i+1]
		}
	}
}

// environment sets a field of the dev environment; nil removes it.
func environment(field string, value any) change {
	return func(app *synth.App) {
		dev := app.Context["environments"].(map[string]any)["dev"].(map[string]any)
		if dev[field] = value; value == nil {
			delete(dev, field)
		}
	}
}

// editService changes a service, a worker or the monolith of the catalog.
func editService(name string, edit func(*services.Service)) change {
	return func(app *synth.App) {
		for _, programs := range [][]services.Service{app.Catalog.Services, app.Catalog.Workers} {
			for i := range programs {
				if programs[i].Name == name {
					edit(&programs[i])
				}
			}
		}
		if app.Catalog.Monolith.Name == name {
			edit(&app.Catalog.Monolith)
		}
	}
}

func monolithImage(reference string) change {
	return editService("legacy", func(s *services.Service) { s.Image = services.Image{Registry: reference} })
}

// addService puts another service into the catalog, in the phase given.
func addService(s services.Service, phase string) change {
	return func(app *synth.App) {
		app.Catalog.Services = append(app.Catalog.Services, s)
		app.Context[s.Name] = phase
	}
}

// completed is the fixture's catalog with its defaults.
func completed(t testing.TB) services.Catalog {
	t.Helper()
	c, err := fixture.Catalog().Complete()
	require.NoError(t, err)
	return c
}

// assemble synthesizes the fixture with changes and returns its only environment.
func assemble(t testing.TB, changes ...change) *assembly.Stage {
	t.Helper()
	return onlyStage(t, synthesized(t, neutral(t, changes...)))
}

// synthesized is the assembly of an app. It stays until the tests end and must not be changed,
// because tests that synthesize the same share it. Images that a test stages by itself are not
// shared: their sources may change.
func synthesized(t testing.TB, app *synth.App) *assembly.Assembly {
	t.Helper()
	key, shareable := synthesisOf(t, app), app.Images != nil
	if a := syntheses[key]; shareable && a != nil {
		return a
	}
	folder, err := os.MkdirTemp(scratch, "")
	require.NoError(t, err)
	a, err := app.Synthesize(folder)
	require.NoError(t, err)
	if shareable {
		syntheses[key] = a
	}
	return a
}

// synthesis is all that an assembly depends on: the staged images, and the context and the
// catalog as JSON.
type synthesis struct {
	images *constructs.Images
	input  string
}

var syntheses = map[synthesis]*assembly.Assembly{}

// synthesisOf is that of an app. A phase in the context is the same as in the migration of every
// environment, which it overrides.
func synthesisOf(t testing.TB, app *synth.App) synthesis {
	t.Helper()
	text, err := json.Marshal(app.Context)
	require.NoError(t, err)
	var context map[string]any
	require.NoError(t, json.Unmarshal(text, &context))
	for _, key := range app.Catalog.Keys() {
		phase, overrides := context[key]
		if !overrides {
			continue
		}
		delete(context, key)
		for _, e := range context["environments"].(map[string]any) {
			e.(map[string]any)["migration"].(map[string]any)[key] = phase
		}
	}
	input, err := json.Marshal(struct {
		Context map[string]any
		Catalog services.Catalog
	}{context, app.Catalog})
	require.NoError(t, err)
	return synthesis{app.Images, string(input)}
}

func onlyStage(t testing.TB, a *assembly.Assembly) *assembly.Stage {
	t.Helper()
	require.Len(t, a.Stages, 1)
	return a.Stages[0]
}

// everyoneAt sets all services to one phase, and the monolith to its own.
func everyoneAt(phase string, monolith services.MonolithPhase) change {
	return func(app *synth.App) {
		for _, s := range app.Catalog.Services {
			app.Context[s.Name] = shared(phase, s.Routes, "")
			for _, r := range s.Routes {
				if r.Name != "" {
					app.Context[r.Key(s.Name)] = shared(strings.Replace(phase, "strangled", "live", 1), s.Routes, r.Name)
				}
			}
		}
		app.Context[app.Catalog.Monolith.Name] = string(monolith)
	}
}

// shared is a phase, or "live" for a share of routes that cannot be shared: one of them rewrites
// the URL for its service alone.
func shared(phase string, routes []services.Route, name string) string {
	alone := func(r services.Route) bool { return r.Name == name && r.Rewrite.Regex != "" && !r.Rewrite.Shared }
	if strings.HasSuffix(phase, "%") && slices.ContainsFunc(routes, alone) {
		return "live"
	}
	return phase
}

// situation is a phase that all services are in, and the monolith's.
type situation struct {
	phase    string
	monolith services.MonolithPhase
}

// situations are those from which every combination of phases can be composed,
// because a service's stack depends on no other's phase: see
// TestPhaseChangesItsOwnStack.
var situations = []situation{
	{"dark", services.Serving},
	{"25%", services.Serving},
	{"live", services.Serving},
	{"strangled", services.Serving},
	{"live", services.Drained},
	{"strangled", services.Drained},
	{"strangled", services.Retired},
}

// asShipped is the app as it ships.
func asShipped(t testing.TB) *assembly.Assembly {
	t.Helper()
	return synthesized(t, shipped(t))
}

var assembled = map[situation]*assembly.Stage{}

// at is the fixture in a situation.
func at(t testing.TB, s situation) *assembly.Stage {
	t.Helper()
	if assembled[s] == nil {
		assembled[s] = assemble(t, everyoneAt(s.phase, s.monolith))
	}
	return assembled[s]
}

// mutated reads a situation's assembly again, after an edit of one stack's template.
func mutated(t testing.TB, s situation, stack string, edit func(resources map[string]any)) *assembly.Stage {
	t.Helper()
	return mutate(t, at(t, s), stack, edit)
}

// mutate reads a stage's assembly again, after an edit of one stack's template.
func mutate(t testing.TB, stage *assembly.Stage, stack string, edit func(resources map[string]any)) *assembly.Stage {
	t.Helper()
	original, ok := stage.Stack(stack)
	require.True(t, ok, "no stack %s", stack)
	var template map[string]any
	require.NoError(t, json.Unmarshal(original.Text, &template))
	edit(template["Resources"].(map[string]any))
	edited, err := json.Marshal(template)
	require.NoError(t, err)
	// The stage's folder is in that of the assembly.
	folder, source := t.TempDir(), filepath.Dir(filepath.Dir(original.File))
	require.NoError(t, os.CopyFS(folder, os.DirFS(source)))
	nested, err := filepath.Rel(source, original.File)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, nested), edited, 0o644))
	a, err := assembly.Read(folder)
	require.NoError(t, err)
	return onlyStage(t, a)
}
