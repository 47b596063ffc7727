//go:build unix

package region

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// shared is a system in which one rule divides the requests between alpha and beta, whose
// clients stick to their tasks.
func shared(stickiness object) template {
	s := system(map[string][]string{"Alpha": nil, "Beta": nil})
	for _, name := range []string{"Alpha", "Beta"} {
		s.part(name + "Targets")["TargetGroupAttributes"] = []object{
			{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}, {"Key": "stickiness.enabled", "Value": "true"},
			{"Key": "stickiness.type", "Value": "lb_cookie"}, {"Key": "stickiness.lb_cookie.duration_seconds", "Value": "600"},
		}
	}
	s["Shared"] = object{"Type": listenerRuleType, "Properties": object{
		"ListenerArn": ref("Listener"), "Priority": 9,
		"Conditions": []object{{"Field": "path-pattern", "PathPatternConfig": object{"Values": []string{"/called"}}}},
		"Actions": []object{{"Type": "forward", "ForwardConfig": object{
			"TargetGroups": []object{
				{"TargetGroupArn": ref("AlphaTargets"), "Weight": 50}, {"TargetGroupArn": ref("BetaTargets"), "Weight": 50},
			},
			"TargetGroupStickinessConfig": stickiness,
		}}},
	}, "DependsOn": []string{"AlphaService", "BetaService"}}
	return s
}

// Under a share a browser meets one program, and one task of it, whichever node its
// requests come to. Others meet the other.
func TestSessionStaysOnOneSide(t *testing.T) {
	r := shared(object{"Enabled": true, "DurationSeconds": 600}).start(t)
	eventually(t, "every node knows every task", func() bool { return len(r.healthy("Alpha")) == 2 && len(r.healthy("Beta")) == 2 })
	time.Sleep(time.Second) // until both nodes have learned of the rule
	tasks := map[string]int{}
	for range 40 {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		client := http.Client{Jar: jar}
		task := called(t, client, r.URL())
		tasks[task]++
		for range 10 {
			require.Equal(t, task, called(t, client, r.URL()), "the task of a browser")
		}
	}
	assert.Len(t, tasks, 4, "the tasks that browsers have met")
}

// called is the port of the task that answers.
func called(t *testing.T, client http.Client, url string) string {
	t.Helper()
	response, err := client.Get(url + "/called")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", body)
	return string(body)
}

// A rule that divides requests anew each time is refused for groups whose clients stick to
// their targets, and so is such an attribute of a group that has the rule.
//
// https://github.com/argoproj/argo-rollouts/issues/1577
func TestStickyTargetsNeedStickyGroups(t *testing.T) {
	s := shared(object{"Enabled": false})
	r := newTestRegion(t)
	stage := s.stage(t)
	deployment := of(stage)
	for _, group := range stage.TargetGroups {
		require.NoError(t, r.Create(t.Context(), deployment, first(group.Resource)))
	}
	rule, ok := assembly.Find(stage.ListenerRules, "${System.Shared}")
	require.True(t, ok)
	err := r.Create(t.Context(), deployment, first(rule.Resource))
	require.EqualError(t, err, "you must enable group stickiness on rule ${System.Shared} "+
		"if you enabled target stickiness on one of its target groups")

	plain := of(s.withoutStickiness().stage(t))
	for _, group := range plain.TargetGroups {
		require.NoError(t, r.Update(t.Context(), plain, first(group.Resource), first(group.Resource)))
	}
	require.NoError(t, r.Create(t.Context(), plain, first(rule.Resource)))
	err = r.Update(t.Context(), deployment, first(stage.TargetGroups[0].Resource), first(stage.TargetGroups[0].Resource))
	require.ErrorContains(t, err, "you must enable group stickiness on rule ${System.Shared}")
}

func (t template) withoutStickiness() template {
	for _, name := range []string{"Alpha", "Beta"} {
		t.part(name + "Targets")["TargetGroupAttributes"] = []object{{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}}
	}
	return t
}
