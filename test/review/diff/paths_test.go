package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// joined is a small environment before a listener that was there already, with a monolith
// outside of it.
func joined(t testing.TB, programs ...program) *assembly.Stage {
	t.Helper()
	there := strings.NewReplacer(
		ref("Edge", "Http"), "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2",
		ref("", "Group"), "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/3",
	)
	texts := map[string]string{}
	for id, resources := range templates(programs...) {
		if id == "Edge" {
			continue
		}
		text, err := json.Marshal(resources)
		require.NoError(t, err)
		texts[id] = there.Replace(string(text))
	}
	return stage(t, texts)
}

func TestPathsThatMove(t *testing.T) {
	for _, c := range []struct {
		name        string
		environment func(testing.TB, ...program) *assembly.Stage
		others      []program
		rest        string
	}{
		{"own listener", environment, []program{beta, legacy}, "legacy"},
		{"own listener without a monolith", environment, []program{beta}, "load balancer"},
		{"existing listener", joined, []program{beta}, "existing listener"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := func(share int) *assembly.Stage {
				return c.environment(t, append([]program{alpha.at(share)}, c.others...)...)
			}
			paths := "`/api/alpha`, `/api/alpha/*`: "
			assert.Equal(t, []string{paths + "alpha 0 → 100 %, " + c.rest + " 100 → 0 %."}, of(t, at(0), at(100)).Paths)
			assert.Empty(t, of(t, at(100), at(100)).Paths)
			if c.rest != "load balancer" {
				assert.Equal(t, []string{paths + "alpha 0 → 10 %, " + c.rest + " 100 → 90 %."}, of(t, at(0), at(10)).Paths)
				assert.Equal(t, []string{paths + "alpha 10 → 50 %, " + c.rest + " 90 → 50 %."}, of(t, at(10), at(50)).Paths)
			}
		})
	}
}
