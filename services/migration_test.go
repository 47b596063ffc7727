package services

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forum is the shipped catalog, complete.
func forum(t *testing.T) Catalog {
	t.Helper()
	c, err := Forum.Complete()
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
	c := forum(t)
	words := []string{"dark", "25%", "live", "strangled"}
	for _, users := range words {
		for _, threads := range words {
			for _, posts := range words {
				phases := []string{users, threads, posts}
				for monolith, allowed := range map[string]string{"serving": "dark 25% live strangled", "drained": "live strangled", "retired": "strangled"} {
					want := true
					for _, p := range phases {
						want = want && strings.Contains(allowed, p)
					}
					_, err := ParseMigration(c, map[string]string{"users": users, "threads": threads, "posts": posts, "monolith": monolith})
					if got := err == nil; got != want {
						t.Errorf("%v with the monolith %s: allowed is %v, want %v (%v)", phases, monolith, got, want, err)
					}
				}
			}
		}
	}
}

func TestMigrationErrorsSayWhatToDo(t *testing.T) {
	c := forum(t)
	for _, test := range []struct {
		change map[string]string
		want   string
	}{
		{map[string]string{"users": "half"}, `services: "users" asks for phase "half": want dark, 1%–99%, live or strangled`},
		{map[string]string{"user": "live"}, `services: "user" is not in the catalog: want one of users, threads, posts, monolith`},
		{map[string]string{"users": "-"}, `services: "users" has no phase: add "users": "dark" to the migration`},
		{map[string]string{"monolith": "gone"}, `services: "monolith" asks for phase "gone": want serving, drained or retired`},
		{map[string]string{"monolith": "drained", "users": "25%", "posts": "dark"}, `services: "monolith" cannot be drained while "users" is 25% and "posts" is dark: make every service live or strangled first`},
		{map[string]string{"monolith": "retired", "users": "strangled", "threads": "strangled"}, `services: "monolith" cannot be retired while "posts" is live: make every service strangled first`},
	} {
		words := map[string]string{"users": "live", "threads": "live", "posts": "live", "monolith": "serving"}
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
