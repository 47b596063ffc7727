package test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

func stickyFor(name string, duration time.Duration) change {
	return editService(name, func(s *services.Service) { s.Sticky = duration })
}

// The group of a sticky program keeps its clients, and so does every rule that shares
// requests with it, as long as the stickier one of the two wants. A rule for one program needs
// no cookie.
func TestStickyProgramsHaveStickyShares(t *testing.T) {
	groups := func(stage *assembly.Stage) map[string]time.Duration {
		all := map[string]time.Duration{}
		for _, group := range stage.TargetGroups {
			duration, err := alb.Stickiness(group.Attributes)
			require.NoError(t, err)
			all[group.Stack] = duration
		}
		return all
	}
	for name, test := range map[string]struct {
		alpha, legacy, rule time.Duration
	}{
		"neither":      {0, 0, 0},
		"the service":  {time.Hour, 0, time.Hour},
		"the monolith": {0, time.Minute, time.Minute},
		"both":         {time.Hour, 7 * 24 * time.Hour, 7 * 24 * time.Hour},
	} {
		sticky := []change{stickyFor("alpha", test.alpha), stickyFor("legacy", test.legacy)}
		shared := assemble(t, append(sticky, contextKey("alpha", "25%"))...)
		assert.Equal(t, test.alpha, groups(shared)["Alpha"], name)
		assert.Equal(t, test.legacy, groups(shared)["Legacy"], name)
		assert.Zero(t, groups(shared)["Beta"], name)
		ruleOf := func(stage *assembly.Stage) alb.Rule {
			return onlyListener(t, stage).Route(httptest.NewRequest("GET", "http://a.com/api/alpha", nil))
		}
		assert.Equal(t, test.rule, ruleOf(shared).GroupStickiness, "%s: the rule that shares", name)
		live := assemble(t, sticky...)
		assert.Zero(t, ruleOf(live).GroupStickiness, "%s: the rule for one program", name)
		var want []string
		if test.alpha > 0 {
			want = append(want, "Alpha")
		}
		if test.legacy > 0 {
			want = append(want, "Legacy")
		}
		assert.Equal(t, want, changed(at(t, allLive), live), "%s: the stacks that change", name)
	}
}

// A group that becomes sticky under a share is a finding: the load balancer refuses it
// before it learns that the rule is sticky too.
func TestReviewOfStickiness(t *testing.T) {
	shared := contextKey("alpha", "25%")
	for _, name := range []string{"alpha", "legacy"} {
		before, after := assemble(t, shared), assemble(t, shared, stickyFor(name, time.Hour))
		findings := strings.Join(reviewed(t, before, after).Findings, "\n")
		assert.Contains(t, findings, "its clients stick to their tasks from now on, while a rule of alpha shares requests", name)
		assert.Empty(t, reviewed(t, after, before).Findings, "%s: back", name)
		live := assemble(t, stickyFor(name, time.Hour))
		assert.Empty(t, reviewed(t, at(t, allLive), live).Findings, "%s: while all are live", name)
		assert.Empty(t, reviewed(t, live, after).Findings, "%s: then a share", name)
	}
}
