package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/internal/region"
)

// A second here is a minute of the metrics, there and back.
func TestMinutesHere(t *testing.T) {
	tenSeconds := time.Now().Add(-10 * time.Second)
	assert.InDelta(t, 600, time.Since(then(tenSeconds)).Seconds(), 1)
	assert.InDelta(t, 10, time.Since(here(then(tenSeconds))).Seconds(), 0.1)
}

// What was counted is what each metric says, and without a request there is none.
func TestMetricsOfCounts(t *testing.T) {
	counts := region.Counts{
		Balancer: 1, Requests: 10, Classes: [6]int{2: 6, 4: 1, 5: 2}, Seen: true, Healthy: 2, Unhealthy: 1,
		Times: []time.Duration{time.Millisecond, 2 * time.Millisecond, 3 * time.Millisecond, time.Second},
	}
	for metric, want := range map[[2]string]float64{
		{"RequestCount", "Sum"}: 10, {"HTTPCode_Target_2XX_Count", "Sum"}: 6, {"HTTPCode_Target_5XX_Count", "Sum"}: 2,
		{"HTTPCode_ELB_5XX_Count", "Sum"}: 1,
		{"HealthyHostCount", "Maximum"}:   2, {"UnHealthyHostCount", "Minimum"}: 1,
		{"TargetResponseTime", "p50"}: 0.003, {"TargetResponseTime", "p99"}: 1,
	} {
		got, ok := valueOf(counts, metric[0], metric[1])
		assert.True(t, ok, metric)
		assert.InDelta(t, want, got, 1e-9, metric)
		_, ok = valueOf(region.Counts{}, metric[0], metric[1])
		assert.False(t, ok, metric)
	}
	for _, name := range []string{"HTTPCode_Target_3XX_Count", "TargetConnectionErrorCount"} {
		_, ok := valueOf(counts, name, "Sum")
		assert.False(t, ok, name)
	}
	_, ok := valueOf(counts, "TargetResponseTime", "Sum")
	assert.False(t, ok)
}

// A resource was changed when its last event was complete, and one that is replaced keeps its
// identity.
func TestUpdates(t *testing.T) {
	var u updates
	u.note(cloudformation.Event{Stack: "Alpha", LogicalID: "Rule", Status: cloudformation.Started})
	u.note(cloudformation.Event{Stack: "Alpha", Status: cloudformation.Complete})
	rule := assembly.Resource{Stack: "Alpha", LogicalID: "Rule"}.Identity()
	assert.Zero(t, u.of(rule))
	u.note(cloudformation.Event{Stack: "Alpha", LogicalID: "Rule", Status: cloudformation.Complete})
	assert.WithinDuration(t, time.Now(), u.of(rule), time.Minute)
	assert.Equal(t, rule, identity(rule))
	assert.Equal(t, rule, identity(rule+"/2"))
}
