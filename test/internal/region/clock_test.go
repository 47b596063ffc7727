package region

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
