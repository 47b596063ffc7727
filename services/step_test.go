package services

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func migrationOf(alpha, beta Phase, monolith MonolithPhase) Migration {
	return Migration{Services: map[string]Phase{"alpha": alpha, "beta": beta}, Monolith: monolith}
}

var anyPhase = rapid.Custom(func(t *rapid.T) Phase {
	share := rapid.IntRange(0, 100).Draw(t, "share")
	return Phase{Share: share, Strangled: share == 100 && rapid.Bool().Draw(t, "strangled")}
})

// While the monolith serves, the only wrong step is into strangled while the
// monolith still has a share.
func TestStepWhileTheMonolithServes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := anyPhase.Draw(t, "from"), anyPhase.Draw(t, "to")
		errs := Step(migrationOf(from, Live, Serving), migrationOf(to, Live, Serving))
		if to.Strangled && from.Share < 100 {
			assert.NotEmpty(t, errs, "%s to %s", from, to)
		} else {
			assert.Empty(t, errs, "%s to %s", from, to)
		}
	})
}

func TestStep(t *testing.T) {
	for name, test := range map[string]struct {
		before, after Migration
		want          string
	}{
		"the whole way, step by step": {migrationOf(Strangled, Strangled, Drained), migrationOf(Strangled, Strangled, Retired), ""},
		"and back":                    {migrationOf(Strangled, Strangled, Retired), migrationOf(Strangled, Strangled, Serving), ""},
		"drained":                     {migrationOf(Live, Strangled, Serving), migrationOf(Live, Strangled, Drained), ""},
		"past live": {
			migrationOf(Dark, Live, Serving), migrationOf(Strangled, Live, Serving), `"alpha" goes from dark to strangled: make it live first`,
		},
		"past drained": {
			migrationOf(Strangled, Strangled, Serving), migrationOf(Strangled, Strangled, Retired),
			"the monolith goes from serving to retired: make it drained first",
		},
		"drained too early": {
			migrationOf(Live, Live, Serving), migrationOf(Live, Phase{Share: 50}, Drained),
			`"beta" is 50% while the monolith is drained: make it live before`,
		},
		"retired too early": {
			migrationOf(Live, Strangled, Drained), migrationOf(Live, Strangled, Retired),
			`"alpha" is live while the monolith is retired: make it strangled before`,
		},
		"retired with a dark path": {
			migrationOf(Dark, Strangled, Drained), migrationOf(Dark, Strangled, Retired),
			`"alpha" is dark while the monolith is retired: make it strangled before`,
		},
		"new after the monolith": {
			Migration{Services: map[string]Phase{"beta": Strangled}, Monolith: Retired}, migrationOf(Dark, Strangled, Retired), "",
		},
		"from dark after it": {migrationOf(Dark, Strangled, Retired), migrationOf(Strangled, Strangled, Retired), ""},
		"back to dark after it": {
			migrationOf(Strangled, Strangled, Retired), migrationOf(Dark, Strangled, Retired),
			`"alpha" goes from strangled to dark while the monolith is retired: no program would serve its paths`,
		},
		"where it was wrong before": {migrationOf(Live, Dark, Retired), migrationOf(Live, Dark, Retired), ""},
		"a service that is new":     {Migration{Monolith: Serving}, migrationOf(Strangled, Dark, Serving), ""},
		"a service that goes":       {migrationOf(Dark, Live, Serving), Migration{Monolith: Serving}, ""},
	} {
		errs := Step(test.before, test.after)
		if test.want == "" {
			assert.Empty(t, errs, name)
			continue
		}
		if assert.Len(t, errs, 1, name) {
			assert.ErrorContains(t, errs[0], test.want, name)
		}
	}
}
