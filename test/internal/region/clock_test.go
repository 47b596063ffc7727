//go:build unix

package region

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

// A program runs no faster, so what limits it is shortened less than what is waited for.
func TestLimitsOfPrograms(t *testing.T) {
	for _, test := range []struct {
		speed         float64
		scaled, limit time.Duration
	}{
		{1, time.Minute, time.Minute},
		{8, 7500 * time.Millisecond, 7500 * time.Millisecond},
		{10, 6 * time.Second, 6 * time.Second},
		{60, time.Second, 6 * time.Second},
	} {
		c := Clock{Speed: test.speed}
		assert.Equal(t, test.scaled, c.scaled(time.Minute), "at %g times the speed", test.speed)
		assert.Equal(t, test.limit, c.limit(time.Minute), "at %g times the speed", test.speed)
	}
}

// A target has a tenth of the time of its template to answer, and no less.
func TestTargetGroupHasTimeToAnswer(t *testing.T) {
	declared := targetGroup("orders", "/healthz")
	declared.HealthCheck.Interval, declared.HealthCheck.Timeout, declared.DeregistrationDelay = 5*time.Second, 3*time.Second, 20*time.Second
	r := &Region{clock: Clock{Speed: 25}, idleTimeout: time.Minute}
	settings, err := r.settings(declared)
	require.NoError(t, err)
	assert.Equal(t, 200*time.Millisecond, settings.HealthCheck.Interval)
	assert.Equal(t, 300*time.Millisecond, settings.HealthCheck.Timeout)
	assert.Equal(t, 800*time.Millisecond, settings.DeregistrationDelay)
	assert.Equal(t, 6*time.Second, settings.IdleTimeout)
}

func TestCalleeHasTimeToAnswer(t *testing.T) {
	m := &membership{clock: Clock{Speed: 25}}
	settings := m.settings(assembly.Endpoint{RequestTimeout: 15 * time.Second, IdleTimeout: time.Minute})
	assert.Equal(t, 1500*time.Millisecond, settings.RequestTimeout)
	assert.Equal(t, 6*time.Second, settings.IdleTimeout)
	assert.Equal(t, 1200*time.Millisecond, settings.Ejection.Least, "how long a task is avoided at least")
}

func TestProgramHasTimeToStop(t *testing.T) {
	s := system(map[string][]string{"Alpha": nil}).open(t)
	s.clock.Speed = 25
	s.deploy(t)
	require.Len(t, s.services, 1)
	for _, service := range s.services {
		assert.Equal(t, 3*time.Second, service.primary.stopTimeout, "of the 30 s that a template without one has")
	}
}

// A program that takes a second to start is not replaced before a tenth of its grace period.
func TestProgramHasTimeToStart(t *testing.T) {
	s := newServiceAt(t, "orders", Clock{Speed: 100}, declaredService())
	deploy(t, s, s.node(t, map[string]string{"LATE": "1000"}))
	assert.Len(t, s.addresses(), 2)
	assert.Equal(t, 2, s.started)
}
