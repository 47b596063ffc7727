package diff

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/services"
)

// The phases of an environment are read from its templates, whatever its monolith is
// called, and wherever its name stands among the others.
func TestPhasesOfAnyMonolith(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.StringMatching(`[a-z][a-z0-9]{0,8}`).Filter(func(s string) bool {
			return s != "alpha" && s != "beta" && s != "edge" && s != "data" && s != "platform"
		}).Draw(r, "name")
		state := rapid.SampledFrom([]string{"0%", "1%", "50%", "99%", "100%", "strangled", "drained"}).Draw(r, "state")
		service, monolith := alpha, legacy.called(name)
		want := services.Migration{
			Services: map[string]services.Phase{"alpha": services.Strangled, "beta": services.Live},
			Routes:   map[string]services.Phase{},
			Monolith: services.Serving,
		}
		switch state {
		case "drained":
			monolith.share, monolith.tables, want.Monolith = 0, nil, services.Drained
		case "strangled":
			monolith.tables = nil
		default:
			share, err := strconv.Atoi(strings.TrimSuffix(state, "%"))
			require.NoError(r, err)
			service, want.Services["alpha"] = alpha.at(share), services.Phase{Share: share}
		}
		assert.Equal(r, want, migrationOf(environment(t, service, beta, monolith)), "%s: %s", name, state)
	})
	retired := services.Migration{
		Services: map[string]services.Phase{"alpha": services.Strangled, "beta": services.Strangled},
		Routes:   map[string]services.Phase{},
		Monolith: services.Retired,
	}
	assert.Equal(t, retired, migrationOf(environment(t, alpha, beta)))
}

// A monolith of another name in the base is that side's monolith: no phase changes, and
// neither name is a service.
func TestRenamedMonolith(t *testing.T) {
	before, after := environment(t, alpha.at(50), beta, legacy), environment(t, alpha.at(50), beta, legacy.called("core"))
	d := of(t, before, after)
	assert.Empty(t, d.Phases)
	for _, finding := range d.Findings {
		assert.NotContains(t, finding, "Phase: ")
	}
	d = of(t, before, environment(t, alpha, beta, legacy.called("core")))
	assert.Equal(t, []string{"Phase of alpha: 50% → live."}, d.Phases)
	// The step that skips a phase is found across the two names.
	strangling := legacy.called("core")
	strangling.tables = nil
	d = of(t, before, environment(t, alpha, beta, strangling))
	assert.Contains(t, d.Findings, "Phase: `\"alpha\" goes from 50% to strangled: make it live first, and wait until it has proved itself`.")
}
