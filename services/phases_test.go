package services

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// reading is the sample in which what alpha reads has a phase of its own.
func reading(t require.TestingT) Catalog {
	c, err := routed(
		Route{Name: "reads", Paths: []string{"/api/alpha", "/api/alpha/*"}, Verbs: []string{"GET", "HEAD"}},
		Route{Paths: []string{"/api/alpha", "/api/alpha/*"}},
	).Complete()
	require.NoError(t, err)
	return c
}

func wordsWith(pairs ...string) map[string]string {
	words := map[string]string{"alpha": "dark", "alpha.reads": "dark", "beta": "live", "gamma": "live", "monolith": "serving"}
	for i := 0; i < len(pairs); i += 2 {
		words[pairs[i]] = pairs[i+1]
	}
	return words
}

func TestPhasesOfRoutes(t *testing.T) {
	c := reading(t)
	assert.Equal(t, []string{"alpha", "alpha.reads", "beta", "gamma", "monolith"}, c.Keys())
	reads, rest := "1 25100 [{alpha 100}]", "2 25101 [{alpha 100}]"
	for name, test := range map[string]struct {
		reads, alpha string
		want         []string
	}{
		"dark":                 {"dark", "dark", nil},
		"reads alone":          {"live", "dark", []string{reads}},
		"a share of reads":     {"25%", "dark", []string{"1 25100 [{alpha 25} {monolith 75}]"}},
		"shares of both":       {"50%", "10%", []string{"1 25100 [{alpha 50} {monolith 50}]", "2 25101 [{alpha 10} {monolith 90}]"}},
		"a share of the rest":  {"live", "10%", []string{reads, "2 25101 [{alpha 10} {monolith 90}]"}},
		"back by a share":      {"50%", "live", []string{"1 25100 [{alpha 50} {monolith 50}]", rest}},
		"strangled as a whole": {"live", "strangled", []string{reads, rest}},
	} {
		m, err := ParseMigration(c, wordsWith("alpha.reads", test.reads, "alpha", test.alpha))
		require.NoError(t, err, name)
		var got []string
		for _, r := range Plan(c, m, nil)["alpha"].Live {
			got = append(got, fmt.Sprint(r.Number, " ", r.Priority, " ", r.Forward))
		}
		assert.Equal(t, test.want, got, name)
		assert.Len(t, Plan(c, m, nil)["alpha"].Preview, 2, name)
	}
}

func TestPhasesThatRoutesCannotHave(t *testing.T) {
	c := reading(t)
	unset := wordsWith()
	delete(unset, "alpha.reads")
	retired := func(reads, alpha string) map[string]string {
		return wordsWith("alpha.reads", reads, "alpha", alpha, "beta", "strangled", "gamma", "strangled", "monolith", "retired")
	}
	const keys = "want one of alpha, alpha.reads, beta, gamma, monolith"
	for _, test := range []struct {
		words map[string]string
		want  string
	}{
		{unset, `"alpha.reads" has no phase: add "alpha.reads": "dark" to the migration`},
		{wordsWith("alpha.reads", "half"), `"alpha.reads" asks for phase "half": want dark, 1%–99%, live or strangled`},
		{wordsWith("alpha.writes", "live"), `"alpha.writes" is not in the catalog: ` + keys},
		{wordsWith("beta.reads", "live"), `"beta.reads" is not in the catalog: ` + keys},
		{
			wordsWith("alpha.reads", "strangled"),
			`"alpha.reads" asks for phase "strangled": a route has dark, 1%–99% or live, and "alpha" is strangled as a whole`,
		},
		{
			wordsWith("alpha.reads", "25%", "alpha", "strangled"),
			`"alpha.reads" asks for phase "25%": "alpha" is strangled: make "alpha.reads" live first`,
		},
		{wordsWith("alpha", "strangled"), `"alpha.reads" asks for phase "dark": "alpha" is strangled: make "alpha.reads" live first`},
		{
			wordsWith("alpha", "live"),
			`"alpha.reads" asks for phase "dark": "alpha" is live and takes its requests: make "alpha" dark too, or give its routes other verbs ` +
				`or hosts`,
		},
		{
			wordsWith("alpha.reads", "25%", "alpha", "live", "monolith", "drained"),
			`"monolith" cannot be drained while "alpha.reads" is 25%: make every service live or strangled first`,
		},
		{
			wordsWith("alpha", "1%", "monolith", "drained"),
			`"monolith" cannot be drained while "alpha.reads" is dark and "alpha" is 1%: make every service live or strangled first`,
		},
		{retired("1%", "strangled"), `"monolith" cannot be retired while "alpha.reads" is 1%: make every service strangled first`},
	} {
		_, err := ParseMigration(c, test.words)
		assert.EqualError(t, err, "services: "+test.want)
	}
	for _, words := range []map[string]string{
		wordsWith("alpha.reads", "live", "alpha", "live", "monolith", "drained"),
		retired("live", "strangled"), retired("dark", "dark"), retired("live", "dark"),
	} {
		_, err := ParseMigration(c, words)
		assert.NoError(t, err, "%v", words)
	}
}

// A rule rewrites what the rest of a share gets too, so both must want it.
func TestNoShareOfARewrite(t *testing.T) {
	rewrite := Rewrite{Regex: "^/api/(.*)$", Replace: "/$1"}
	for _, shared := range []bool{false, true} {
		rewrite.Shared = shared
		c, err := routed(Route{Paths: []string{"/api/alpha"}, Rewrite: rewrite}).Complete()
		require.NoError(t, err)
		require.NoError(t, Lint(c, []string{"10.0.0.0/16"}))
		for _, word := range []string{"dark", "1%", "99%", "live", "strangled"} {
			words := wordsWith("alpha", word)
			delete(words, "alpha.reads")
			m, err := ParseMigration(c, words)
			if !shared && word[len(word)-1] == '%' {
				assert.EqualError(t, err, `services: "alpha" asks for phase "`+word+`": the rule rewrites the URL of [/api/alpha] for the program `+
					`with the rest too: go from dark to live, or set Shared in its Rewrite if both want it`)
				continue
			}
			require.NoError(t, err, word)
			rules := Plan(c, m, nil)["alpha"]
			for _, r := range append(rules.Preview, rules.Live...) {
				assert.Equal(t, rewrite, r.Rewrite, "%s: %s", word, r)
			}
		}
	}
}

// Only a rule that shares is sticky, for as long as the stickier of its programs.
func TestStickyRules(t *testing.T) {
	c := completed(t)
	c.Services[0].Sticky, c.Monolith.Sticky = time.Hour, time.Minute
	words := map[string]string{"alpha": "live", "beta": "25%", "gamma": "25%", "monolith": "serving"}
	for alpha, want := range map[string]time.Duration{"live": 0, "strangled": 0, "1%": time.Hour} {
		words["alpha"] = alpha
		m, err := ParseMigration(c, words)
		require.NoError(t, err)
		plan := Plan(c, m, nil)
		assert.Equal(t, want, plan["alpha"].Live[0].Sticky, alpha)
		assert.Equal(t, time.Minute, plan["beta"].Live[0].Sticky, "shared with a sticky monolith")
		assert.Zero(t, plan["monolith"].Live[0].Sticky, "the monolith's own rule")
		assert.Zero(t, plan["alpha"].Preview[0].Sticky, "a preview rule")
	}
}

// The rest of a share below another service depends on the routes of that, too.
func TestRestBelowRoutes(t *testing.T) {
	c := reading(t)
	delta := Service{Name: "delta", Priority: 50, Routes: []Route{{Paths: []string{"/api/alpha/avatars"}}}}
	for name, test := range map[string]struct {
		verbs        []string
		reads, alpha string
		want         string
		err          string
	}{
		"all live":            {nil, "live", "live", "alpha", ""},
		"all dark":            {nil, "dark", "dark", "monolith", ""},
		"reads below reads":   {[]string{"GET"}, "live", "dark", "alpha", ""},
		"writes beside reads": {[]string{"POST"}, "live", "dark", "monolith", ""},
		"in part below reads": {
			nil, "live", "dark", "", `"/api/alpha/avatars" goes on to another program than the paths below those of "alpha"`,
		},
		"both below reads": {[]string{"GET", "POST"}, "live", "dark", "", `"POST /api/alpha/avatars" goes on to another program`},
		"below a share of reads": {
			[]string{"GET"}, "25%", "dark", "", `below those of "alpha.reads", which is at 25%: make "alpha.reads" dark or live first`,
		},
		"beside a share of reads":   {[]string{"POST"}, "25%", "dark", "monolith", ""},
		"below a share of the rest": {[]string{"POST"}, "live", "25%", "", `its paths are below those of "alpha", which is at 25%`},
	} {
		delta.Routes[0].Verbs = test.verbs
		nested := c
		nested.Services = append([]Service{delta}, c.Services...)
		m, err := ParseMigration(nested, wordsWith("alpha.reads", test.reads, "alpha", test.alpha, "delta", "40%"))
		if test.err != "" {
			assert.ErrorContains(t, err, test.err, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, []Weight{{"delta", 40}, {test.want, 60}}, Plan(nested, m, nil)["delta"].Live[0].Forward, name)
	}
}

// Every pair of phases that routes may have is one deployment apart, but for what is
// strangled before all of it is live.
func TestStepsOfRoutes(t *testing.T) {
	c := reading(t)
	word := rapid.SampledFrom([]string{"dark", "1%", "50%", "live", "strangled"})
	draw := func(t *rapid.T, name string) (Migration, bool) {
		words := wordsWith("alpha", word.Draw(t, name), "alpha.reads", word.Draw(t, name+" reads"))
		m, err := ParseMigration(c, words)
		return m, err == nil
	}
	rapid.Check(t, func(t *rapid.T) {
		before, ok := draw(t, "before")
		after, fits := draw(t, "after")
		if !ok || !fits {
			return
		}
		skips := after.Services["alpha"].Strangled && (before.Services["alpha"].Share < 100 || before.Routes["alpha.reads"].Share < 100)
		assert.Equal(t, skips, len(Step(before, after)) > 0, "%v to %v: %v", before, after, Step(before, after))
	})
	live, err := ParseMigration(c, wordsWith("alpha.reads", "live", "alpha", "live"))
	require.NoError(t, err)
	part := live
	part.Routes = map[string]Phase{"alpha.reads": {Share: 25}}
	strangled := live
	strangled.Services = maps.Clone(live.Services)
	strangled.Services["alpha"] = Strangled
	assert.EqualError(t, Step(part, strangled)[0],
		`services: "alpha.reads" goes from 25% to strangled: make it live first, and wait until it has proved itself`)
	drained := part
	drained.Monolith = Drained
	assert.EqualError(t, Step(live, drained)[0], `services: "alpha.reads" is 25% while the monolith is drained: make it live before`)
	retired := part
	retired.Monolith = Retired
	assert.ErrorContains(t, Step(live, retired)[3], `services: "alpha.reads" is 25% while the monolith is retired: make it live before`)
	dark := retired
	dark.Routes = map[string]Phase{"alpha.reads": Dark}
	assert.EqualError(t, Step(retired, dark)[0],
		`services: "alpha.reads" goes from 25% to dark while the monolith is retired: no program would serve its paths`)
	assert.Empty(t, Step(part, part))
	assert.Empty(t, Step(live, part), "back by one word")
}
