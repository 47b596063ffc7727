package load

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProbeKnowsWhenTheMachineIsBusy(t *testing.T) {
	at := func(milliseconds int) time.Time { return time.UnixMilli(int64(milliseconds)) }
	p := &Probe{}
	p.note(at(0), at(6))      // in time
	p.note(at(100), at(160))  // 55 ms late
	p.note(at(500), at(1505)) // 1 s late
	for name, test := range map[string]struct {
		from, to int
		want     time.Duration
	}{
		"before":            {0, 90, 0},
		"the whole":         {0, 2000, time.Second},
		"the first":         {50, 400, 55 * time.Millisecond},
		"the end of one":    {150, 400, 55 * time.Millisecond},
		"the start of one":  {170, 510, time.Second},
		"within one":        {600, 700, time.Second},
		"after":             {1505, 9000, 0},
		"between the two":   {160, 500, 0},
		"no time":           {300, 300, 0},
		"from end to start": {2000, 1600, 0},
	} {
		assert.Equal(t, test.want, p.Longest(at(test.from), at(test.to)), name)
	}
}

func TestProbeMeasuresEachSleep(t *testing.T) {
	var naps atomic.Int32
	began, late := time.Now(), make(chan struct{})
	p := startProbe(func(d time.Duration) {
		time.Sleep(d)
		switch naps.Add(1) {
		case 2:
			time.Sleep(50 * time.Millisecond)
		case 3:
			close(late)
		}
	}, func() *time.Duration { return new(time.Since(began) / 2) })
	<-late
	p.Stop()
	assert.GreaterOrEqual(t, p.Longest(began, time.Now()), 50*time.Millisecond)
	assert.NotEmpty(t, p.readings)
}

// What the system counts is read around a stretch of time.
func TestShareOfWaiting(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	readings := []reading{{at(0), time.Second}, {at(10), time.Second}, {at(20), 10 * time.Second}, {at(30), 20 * time.Second}}
	for name, test := range map[string]struct {
		from, to int
		want     float64
	}{
		"idle":             {0, 10, 0},
		"busy":             {10, 20, 0.9},
		"within":           {12, 15, 0.9},
		"the last":         {25, 30, 1},
		"after the last":   {22, 99, 1},
		"before the first": {-9, 10, 0},
		"the whole":        {0, 30, 19.0 / 30},
	} {
		assert.InDelta(t, test.want, share(readings, at(test.from), at(test.to)), 1e-9, name)
	}
	assert.Zero(t, share(nil, at(0), at(1)), "a system that does not count")
	assert.Zero(t, share(readings[:1], at(0), at(1)), "one reading")
}

func TestPressureOfLinux(t *testing.T) {
	linux := "some avg10=92.36 avg60=90.33 avg300=59.51 total=24067380078\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
	waited := parsePressure(linux)
	require.NotNil(t, waited)
	assert.Equal(t, 24067380078*time.Microsecond, *waited)
	assert.Nil(t, parsePressure("full total=3"))
	assert.Nil(t, parsePressure(""))
}
