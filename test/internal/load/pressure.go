package load

import (
	"os"
	"regexp"
	"strconv"
	"time"
)

// reading is how long, since the machine's start, at least one program has waited for a
// processor.
type reading struct {
	at     time.Time
	waited time.Duration
}

// stalled finds the microseconds in what Linux says of its processors.
//
// https://docs.kernel.org/accounting/psi.html
var stalled = regexp.MustCompile(`(?m)^some .*total=(\d+)`)

// readPressure reads the waits of this machine. They are nil where the system does not
// count them, as macOS does not.
func readPressure() *time.Duration {
	content, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return nil
	}
	return parsePressure(string(content))
}

func parsePressure(content string) *time.Duration {
	found := stalled.FindStringSubmatch(content)
	if found == nil {
		return nil
	}
	microseconds, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return nil
	}
	return new(time.Duration(microseconds) * time.Microsecond)
}

// share returns the share of the time between two readings around a stretch in which a
// program has waited, 0 to 1, and zero when there are none.
func share(readings []reading, from, to time.Time) float64 {
	var first, last *reading
	for i, r := range readings {
		if first == nil || !r.at.After(from) {
			first = &readings[i]
		}
		if last = &readings[i]; !r.at.Before(to) {
			break
		}
	}
	if first == nil || !last.at.After(first.at) {
		return 0
	}
	return float64(last.waited-first.waited) / float64(last.at.Sub(first.at))
}
