package load

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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
	})
	<-late
	p.Stop()
	assert.GreaterOrEqual(t, p.Longest(began, time.Now()), 50*time.Millisecond)
}
