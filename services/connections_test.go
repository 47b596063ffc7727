package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calling is the sample with calls by caller.
func calling(calls map[string][]string) Catalog {
	c := sample()
	for i := range c.Services {
		c.Services[i].Calls = calls[c.Services[i].Name]
	}
	c.Monolith.Calls = calls[c.Monolith.Name]
	return c
}

func TestConnections(t *testing.T) {
	c, err := calling(map[string][]string{"gamma": {"beta", "alpha"}, "beta": {"alpha"}, "monolith": {"gamma"}}).Complete()
	require.NoError(t, err)
	assert.Equal(t, []Connection{{"beta", "alpha"}, {"gamma", "beta"}, {"gamma", "alpha"}, {"monolith", "gamma"}}, c.Connections())
	assert.Equal(t, "beta → alpha", c.Connections()[0].String())
	assert.Equal(t, []string{"beta", "gamma"}, c.Find("alpha").Callers())
	assert.Equal(t, []string{"monolith"}, c.Find("gamma").Callers())
	assert.Equal(t, "MY_SHOP_URL", URLVariable("my-shop"))
	assert.Equal(t, "http://my-shop", URL("my-shop"))
}

// A proxy takes room in a task with connections, and in no other.
func TestRoomForProxies(t *testing.T) {
	c, err := calling(map[string][]string{"beta": {"alpha"}}).Complete()
	require.NoError(t, err)
	for name, want := range map[string][4]int{
		"alpha": {512, 1024, 256, 960},
		"beta":  {512, 1024, 256, 960},
		"gamma": {256, 512, 256, 512},
	} {
		s := c.Find(name)
		assert.Equal(t, want, [4]int{s.CPU, s.Memory, s.ProgramCPU(), s.ProgramMemory()}, name)
		assert.Equal(t, name != "gamma", s.Connected(), name)
	}
	s := Service{CPU: 1024, Memory: 2048, Collector: "collector:1", callers: []string{"beta"}}
	assert.Equal(t, [2]int{736, 1728}, [2]int{s.ProgramCPU(), s.ProgramMemory()})
}

func TestCallsThatCannotBe(t *testing.T) {
	calls := func(caller string, callees ...string) func(*Catalog) {
		return func(c *Catalog) {
			for i := range c.Services {
				if c.Services[i].Name == caller {
					c.Services[i].Calls = callees
				}
			}
			if c.Monolith.Name == caller {
				c.Monolith.Calls = callees
			}
		}
	}
	for name, test := range map[string]struct {
		edits []func(*Catalog)
		want  string
	}{
		"an unknown callee": {
			[]func(*Catalog){calls("beta", "omega")},
			`services: "beta" calls "omega", which is not in the catalog: want one of alpha, beta, gamma, delta, monolith, or remove the call`,
		},
		"a call twice": {[]func(*Catalog){calls("beta", "alpha", "alpha")}, `"beta" calls "alpha" twice: remove one`},
		"itself":       {[]func(*Catalog){calls("beta", "beta")}, `beta → beta go in a circle`},
		"each other":   {[]func(*Catalog){calls("beta", "alpha"), calls("alpha", "beta")}, `alpha → beta → alpha go in a circle`},
		"a circle": {
			[]func(*Catalog){calls("alpha", "beta"), calls("beta", "gamma"), calls("gamma", "alpha")}, `alpha → beta → gamma → alpha`,
		},
		"a circle of others": {
			[]func(*Catalog){calls("alpha", "beta"), calls("beta", "gamma"), calls("gamma", "beta")}, `beta → gamma → beta`,
		},
		"the monolith and back":   {[]func(*Catalog){calls("alpha", "monolith"), calls("monolith", "alpha")}, `alpha → monolith → alpha`},
		"a service below its own": {[]func(*Catalog){calls("alpha", "delta")}, `alpha → delta → alpha go in a circle`},
		"too small a task": {
			[]func(*Catalog){calls("beta", "alpha"), func(c *Catalog) { c.Services[0].CPU, c.Services[0].Memory = 256, 512 }},
			`"alpha": 256 CPU units: its calls go through a proxy that takes 256 of them; want 512 or more`,
		},
		"the proxy's port": {
			[]func(*Catalog){calls("beta", "alpha"), func(c *Catalog) { c.Services[0].Port = ConnectionPort }},
			`"alpha": port 12080 is its proxy's: choose another Port`,
		},
		"a variable that is set": {
			[]func(*Catalog){calls("beta", "alpha"), func(c *Catalog) { c.Services[1].Environment = map[string]string{"ALPHA_URL": "http://a"} }},
			`"beta": environment variable ALPHA_URL is the URL of "alpha": remove it`,
		},
		"the host itself": {
			[]func(*Catalog){func(c *Catalog) { c.Services[0].Name = "localhost" }, calls("beta", "localhost")},
			`"localhost": the name is that of each task itself: rename the service`,
		},
	} {
		c := nested("/api/alpha/avatars")
		for _, edit := range test.edits {
			edit(&c)
		}
		_, err := c.Complete()
		assert.ErrorContains(t, err, test.want, name)
	}
}

// A service comes after those that it refers to, in whatever order the catalog lists them.
func TestOrder(t *testing.T) {
	for name, test := range map[string]struct {
		calls map[string][]string
		want  []string
	}{
		"no calls":       {nil, []string{"alpha", "beta", "gamma", "delta"}},
		"calls":          {map[string][]string{"alpha": {"gamma"}, "gamma": {"beta"}}, []string{"beta", "gamma", "alpha", "delta"}},
		"the monolith":   {map[string][]string{"alpha": {"monolith"}, "monolith": {"beta"}}, []string{"alpha", "beta", "gamma", "delta"}},
		"below a caller": {map[string][]string{"beta": {"delta"}}, []string{"alpha", "delta", "beta", "gamma"}},
	} {
		c := nested("/api/alpha/avatars")
		for i := range c.Services {
			c.Services[i].Calls = test.calls[c.Services[i].Name]
		}
		c.Monolith.Calls = test.calls["monolith"]
		c, err := c.Complete()
		require.NoError(t, err, name)
		var got []string
		for _, s := range c.Order() {
			got = append(got, s.Name)
		}
		assert.Equal(t, test.want, got, name)
	}
}

func TestRetiredMonolithIsCalledByNone(t *testing.T) {
	c, err := calling(map[string][]string{"beta": {"monolith"}}).Complete()
	require.NoError(t, err)
	words := map[string]string{"alpha": "strangled", "beta": "strangled", "gamma": "strangled", "monolith": "retired"}
	_, err = ParseMigration(c, words)
	require.EqualError(t, err, `services: "monolith" cannot be retired while "beta" calls it: remove that call first`)
	words["monolith"] = "drained"
	_, err = ParseMigration(c, words)
	require.NoError(t, err)
}
