package services

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// completed is the sample with its defaults.
func completed(t *testing.T) Catalog {
	t.Helper()
	c, err := sample().Complete()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPhaseReadsBackWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(
			rapid.SampledFrom([]Phase{Dark, Live, Strangled}),
			rapid.Map(rapid.IntRange(1, 99), func(share int) Phase { return Phase{Share: share} }),
		).Draw(t, "phase")
		got, err := ParsePhase(want.String())
		if err != nil || got != want {
			t.Fatalf("ParsePhase(%q) = %v, %v", want, got, err)
		}
	})
}

func TestPhaseRefusesOtherWords(t *testing.T) {
	for _, word := range []string{"", "half", "0%", "100%", "-1%", "+5%", "05%", "5", "5 %", "5.5%", "Live", " live", "5%%"} {
		if p, err := ParsePhase(word); err == nil {
			t.Errorf("ParsePhase(%q) = %v, want an error", word, p)
		}
	}
}

// The monolith may leave only when nobody needs it, for every combination.
func TestMonolithLeavesLast(t *testing.T) {
	c := completed(t)
	words := []string{"dark", "25%", "live", "strangled"}
	for _, alpha := range words {
		for _, beta := range words {
			for _, gamma := range words {
				phases := []string{alpha, beta, gamma}
				for monolith, allowed := range map[string]string{"serving": "dark 25% live strangled", "drained": "live strangled", "retired": "strangled"} {
					want := true
					for _, p := range phases {
						want = want && strings.Contains(allowed, p)
					}
					_, err := ParseMigration(c, map[string]string{"alpha": alpha, "beta": beta, "gamma": gamma, "monolith": monolith})
					if got := err == nil; got != want {
						t.Errorf("%v with the monolith %s: allowed is %v, want %v (%v)", phases, monolith, got, want, err)
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
		{map[string]string{"user": "live"}, `services: "user" is not in the catalog: want one of alpha, beta, gamma, monolith`},
		{map[string]string{"alpha": "-"}, `services: "alpha" has no phase: add "alpha": "dark" to the migration`},
		{map[string]string{"monolith": "gone"}, `services: "monolith" asks for phase "gone": want serving, drained or retired`},
		{map[string]string{"monolith": "drained", "alpha": "25%", "gamma": "dark"}, `services: "monolith" cannot be drained while "alpha" is 25% and "gamma" is dark: make every service live or strangled first`},
		{map[string]string{"monolith": "retired", "alpha": "strangled", "beta": "strangled"}, `services: "monolith" cannot be retired while "gamma" is live: make every service strangled first`},
	} {
		words := map[string]string{"alpha": "live", "beta": "live", "gamma": "live", "monolith": "serving"}
		for name, word := range test.change {
			if words[name] = word; word == "-" {
				delete(words, name)
			}
		}
		_, err := ParseMigration(c, words)
		if fmt.Sprint(err) != test.want {
			t.Errorf("%v:\n got %v\nwant %s", test.change, err, test.want)
		}
	}
}
