package test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/network"
	"example.com/strangler/test/internal/synth"
	"example.com/strangler/test/review/diff"
)

// sizes are numbers of programs to measure with. The first two are services; of the last, half
// are workers, because one load balancer takes no more services.
var sizes = []int{10, 33, 90}

// grown is a catalog of n programs, the services among them live.
func grown(n int) change {
	return func(app *synth.App) {
		app.Catalog = fixture.Grown(n)
		for _, s := range app.Catalog.Services {
			app.Context[s.Name] = "live"
		}
	}
}

// BenchmarkGrowth takes the engines over the templates, of more and more programs.
//
//	go test ./test -run '^$' -bench Growth
func BenchmarkGrowth(b *testing.B) {
	stages, changed := map[int]*assembly.Stage{}, map[int]*assembly.Stage{}
	for _, n := range sizes {
		stages[n] = assemble(b, grown(n))
		changed[n] = assemble(b, grown(n), contextKey("alpha", "25%"))
	}
	for _, engine := range []struct {
		name string
		run  func(before, after *assembly.Stage) error
	}{
		{"Review", func(before, after *assembly.Stage) error {
			_, err := diff.Of(before, after)
			return err
		}},
		{"Permissions", func(stage, _ *assembly.Stage) error {
			reach(stage)
			return nil
		}},
		{"Reachability", func(stage, _ *assembly.Stage) error {
			n, err := network.Of(stage)
			n.Links()
			return err
		}},
	} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", engine.name, n), func(b *testing.B) {
				for b.Loop() {
					require.NoError(b, engine.run(stages[n], changed[n]))
				}
			})
		}
	}
}

// The largest catalog of the benchmarks is one that the app takes, and has that many programs.
func TestGrownCatalogs(t *testing.T) {
	for _, n := range sizes {
		c, err := fixture.Grown(n).Complete()
		require.NoError(t, err)
		assert.Len(t, c.All(), n+1, "programs and the monolith")
	}
	last := sizes[len(sizes)-1]
	assert.Len(t, assemble(t, grown(last)).Services, last+1, "ECS services")
}

// A catalog with more services than one load balancer takes is refused, and the error names
// those that leave for a second app. Then both are synthesized, and nothing of the one has a name
// of the other.
func TestTwoAppsForTooManyServices(t *testing.T) {
	whole := fixture.Grown(fixture.MostServices)
	for i := range 3 {
		more := whole.Services[0]
		more.Name, more.Priority, more.MonolithPercent = fmt.Sprintf("more%d", i), 20000+i, 0
		more.Paths = []string{"/api/" + more.Name}
		whole.Services = append(whole.Services, more)
	}
	of := func(c services.Catalog) change {
		return func(app *synth.App) {
			environment("migration", map[string]any{c.Monolith.Name: "serving"})(app)
			app.Catalog = c
			for _, s := range c.Services {
				app.Context[s.Name] = "live"
			}
		}
	}
	_, err := neutral(t, of(whole)).Synthesize(t.TempDir())
	require.ErrorContains(t, err, "a load balancer takes 100: move more0, more1, more2 to a second app")

	first, second := whole, whole
	first.Services, second.Services = whole.Services[:fixture.MostServices], whole.Services[fixture.MostServices:]
	second.Name += "-2"
	names := map[string]bool{}
	for _, c := range []services.Catalog{first, second} {
		for _, group := range assemble(t, of(c)).TargetGroups {
			name := group.Properties["Name"].(string)
			assert.False(t, names[name], "target group %s of both", name)
			names[name] = true
		}
	}
	assert.Len(t, names, len(whole.Services)+2, "target groups, the monolith's twice")
}
