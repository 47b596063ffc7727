package services

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// many is a catalog of n services with one route each, with changes.
func many(n int, edits ...func(all []Service)) Catalog {
	c := Catalog{Name: "fixture", Monolith: Service{Name: "legacy", Image: Image{Registry: "example.com/legacy:1"}}}
	for i := range n {
		name := fmt.Sprintf("s%d", i)
		c.Services = append(c.Services, Service{
			Name: name, Image: Image{Registry: "example.com/" + name + ":1"}, Priority: 10 * (i + 1), Paths: []string{"/" + name, "/" + name + "/*"},
		})
	}
	for _, edit := range edits {
		edit(c.Services)
	}
	return c
}

func complete(t testing.TB, c Catalog) Catalog {
	t.Helper()
	c, err := c.Complete()
	require.NoError(t, err)
	return c
}

var inside = Listener{PreviewFrom: []string{"10.0.0.0/16"}}

// One load balancer takes 49 services of one route. The error for more names those that leave,
// and both halves are then catalogs that the linter takes.
func TestTooManyServicesAreDivided(t *testing.T) {
	assert.NoError(t, inside.Lint(complete(t, many(49))))
	for name, test := range map[string]struct {
		edit func(all []Service)
		want string
	}{
		"the last": {func([]Service) {}, "move s49, s50, s51 to"},
		"those that call each other": {
			func(all []Service) { all[51].Calls, all[7].Calls = []string{"s7"}, []string{"s30"} }, "move s7, s30, s51 to",
		},
		"those that serve the same requests": {func(all []Service) { all[3].Paths = []string{"/s51/x"} }, "move s3, s50, s51 to"},
	} {
		c := many(52, test.edit)
		err := inside.Lint(complete(t, c))
		require.ErrorContains(t, err, "services: 106 listener rules: a load balancer takes 100: "+test.want, name)
		_, text, _ := strings.Cut(err.Error(), "move ")
		text, _, _ = strings.Cut(text, " to a second app")
		leaving := strings.Split(text, ", ")
		first, second := c, c
		second.Name = "fixture-2"
		first.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s Service) bool { return slices.Contains(leaving, s.Name) })
		second.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s Service) bool { return !slices.Contains(leaving, s.Name) })
		assert.NoError(t, inside.Lint(complete(t, first)), "%s: the first app", name)
		assert.NoError(t, inside.Lint(complete(t, second)), "%s: the second app", name)
		assert.Len(t, slices.Concat(first.Services, second.Services), 52, name)
	}
}

// What the monolith calls stays with it, and services that call each other all are not divided.
func TestServicesThatCannotLeave(t *testing.T) {
	called := many(50)
	called.Monolith.Calls = []string{"s49"}
	called.Monolith.CPU, called.Monolith.Memory = 512, 1024
	assert.ErrorContains(t, inside.Lint(complete(t, called)), "move s48 to a second app")
	chain := many(50, func(all []Service) {
		for i := range all[1:] {
			all[i+1].Calls = []string{all[i].Name}
		}
	})
	chain.Monolith.Calls = []string{"s0"}
	assert.ErrorContains(t, inside.Lint(complete(t, chain)), "would not help")
}

// BenchmarkLint takes the pairs of rules of more services than one load balancer takes.
func BenchmarkLint(b *testing.B) {
	for _, n := range []int{10, 33, 90} {
		c := complete(b, many(n))
		rules := Rules(inside.Plan(c, mostRules(c)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				require.NoError(b, lint(rules))
			}
		})
	}
}
