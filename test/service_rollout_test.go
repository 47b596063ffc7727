package test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/rollout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deployment is how long a deployment of a stack's service takes.
func deployment(t *testing.T, stage *assembly.Stage, stack string) rollout.Deployment {
	t.Helper()
	i := slices.IndexFunc(stage.Services, func(s assembly.Service) bool { return s.Stack == stack })
	require.GreaterOrEqual(t, i, 0, "no service in %s", stack)
	d, err := rollout.Of(stage, stage.Services[i])
	require.NoError(t, err)
	return d
}

// The table of a deployment's times has what the templates of a service of defaults say.
func TestReadmeRolloutIsTheTemplates(t *testing.T) {
	ours := deployment(t, at(t, allLive), "Alpha")
	byDefault := deployment(t, defaultService(t), "Default")
	seconds := func(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
	var want [][]string
	for i, part := range ours.Parts {
		because := "assumed"
		if part.Because != "" {
			because = "`" + part.Because + "`"
		}
		want = append(want, []string{part.What, because, seconds(part.Duration), seconds(byDefault.Parts[i].Duration)})
	}
	want = append(want, []string{"together", "", seconds(ours.Total()), seconds(byDefault.Total())})
	compareReadme(t, "| part | decided by | as it ships | with the CDK's defaults |", want)
}

// A deployment takes longer by just what its template waits longer.
func TestRolloutMutants(t *testing.T) {
	before := deployment(t, at(t, allLive), "Alpha").Total()
	group := func(edit func(properties map[string]any)) func(resources map[string]any) {
		return func(resources map[string]any) { edit(ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]) }
	}
	for name, test := range map[string]struct {
		edit func(resources map[string]any)
		more time.Duration
	}{
		"the check that AWS has by default": {group(func(properties map[string]any) {
			properties["HealthCheckIntervalSeconds"] = 30
		}), 25 * time.Second},
		"the delay that AWS has by default": {group(func(properties map[string]any) {
			properties["TargetGroupAttributes"] = []any{}
		}), 280 * time.Second},
		"one task more at a time": {func(resources map[string]any) {
			ofType(resources, "AWS::ECS::Service")[0]["DeploymentConfiguration"].(map[string]any)["MaximumPercent"] = 150
		}, rollout.StartUp + 5*time.Second},
		"a grace period, which no good deployment needs": {func(resources map[string]any) {
			ofType(resources, "AWS::ECS::Service")[0]["HealthCheckGracePeriodSeconds"] = 600
		}, 0},
	} {
		after := deployment(t, mutated(t, allLive, "Alpha", test.edit), "Alpha").Total()
		assert.Equal(t, before+test.more, after, "%s: %v before, want %v more", name, before, test.more)
	}
}
