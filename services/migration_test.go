package services

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// completed is the sample with its defaults.
func completed(t *testing.T) Catalog {
	t.Helper()
	c, err := sample().Complete()
	require.NoError(t, err)
	return c
}

func TestPhaseReadsBackWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(
			rapid.SampledFrom([]Phase{Dark, Live, Strangled}),
			rapid.Map(rapid.IntRange(1, 99), func(share int) Phase { return Phase{Share: share} }),
		).Draw(t, "phase")
		got, err := ParsePhase(want.String())
		require.NoError(t, err, "%q", want)
		require.Equal(t, want, got)
	})
}

func TestPhaseRefusesOtherWords(t *testing.T) {
	for _, word := range []string{"", "half", "0%", "100%", "-1%", "+5%", "05%", "5", "5 %", "5.5%", "Live", " live", "5%%"} {
		_, err := ParsePhase(word)
		assert.EqualError(t, err, "want dark, 1%–99%, live or strangled", "%q", word)
	}
}

// For every combination of phases, the monolith may leave only when no service needs
// it. A service that comes after it begins dark.
func TestMonolithLeavesLast(t *testing.T) {
	c := completed(t)
	words := []string{"dark", "25%", "live", "strangled"}
	for _, alpha := range words {
		for _, beta := range words {
			for _, gamma := range words {
				phases := []string{alpha, beta, gamma}
				for monolith, allowed := range map[string]string{
					"serving": "dark 25% live strangled", "drained": "live strangled", "retired": "strangled dark",
				} {
					want := true
					for _, p := range phases {
						want = want && strings.Contains(allowed, p)
					}
					_, err := ParseMigration(c, map[string]string{"alpha": alpha, "beta": beta, "gamma": gamma, "monolith": monolith})
					if want {
						assert.NoError(t, err, "%v with the monolith %s", phases, monolith)
					} else {
						assert.ErrorContains(t, err, "cannot be "+monolith, "%v with the monolith %s", phases, monolith)
					}
				}
			}
		}
	}
}

func TestMigrationErrorsSayWhatToDo(t *testing.T) {
	c := completed(t)
	for _, test := range []struct {
		change map[string]string
		want   string
	}{
		{map[string]string{"alpha": "half"}, `services: "alpha" asks for phase "half": want dark, 1%–99%, live or strangled`},
		{map[string]string{"delta": "live"}, `services: "delta" is not in the catalog: want one of alpha, beta, gamma, monolith`},
		{map[string]string{"alpha": "-"}, `services: "alpha" has no phase: add "alpha": "dark" to the migration`},
		{map[string]string{"monolith": "gone"}, `services: "monolith" asks for phase "gone": want serving, drained or retired`},
		{
			map[string]string{"monolith": "drained", "alpha": "25%", "gamma": "dark"},
			`services: "monolith" cannot be drained while "alpha" is 25% and "gamma" is dark: make every service live or strangled first`,
		},
		{
			map[string]string{"monolith": "retired", "alpha": "strangled", "beta": "strangled"},
			`services: "monolith" cannot be retired while "gamma" is live: make every service strangled first`,
		},
	} {
		words := map[string]string{"alpha": "live", "beta": "live", "gamma": "live", "monolith": "serving"}
		for name, word := range test.change {
			if words[name] = word; word == "-" {
				delete(words, name)
			}
		}
		_, err := ParseMigration(c, words)
		assert.EqualError(t, err, test.want, "%v", test.change)
	}
}
