package connect

import (
	"slices"
	"time"
)

// Ejection says how long a proxy avoids a task that has failed five times within Window:
// Least the first time, once more so long each time after that, and Most at most.
//
// AWS documents the five failures, the window and the bounds, but neither what is a
// failure nor which part of the tasks may be avoided. Here every 5xx counts, and all
// tasks may be.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
type Ejection struct{ Window, Least, Most time.Duration }

// DefaultEjection is Service Connect's, which cannot be set.
var DefaultEjection = Ejection{Window: 30 * time.Second, Least: 30 * time.Second, Most: 300 * time.Second}

// failuresToEject is how many failures eject a task.
const failuresToEject = 5

// outlier is a task that has failed. A nil outlier has not.
type outlier struct {
	failures  []time.Time
	ejections int
	until     time.Time
}

func (o *outlier) ejected(now time.Time) bool { return o != nil && now.Before(o.until) }

// fail notes a failure, unless the task is ejected already.
func (o *outlier) fail(now time.Time, e Ejection) {
	if o.ejected(now) {
		return
	}
	old := func(t time.Time) bool { return now.Sub(t) > e.Window }
	o.failures = append(slices.DeleteFunc(o.failures, old), now)
	if len(o.failures) < failuresToEject {
		return
	}
	o.ejections++
	o.until = now.Add(min(time.Duration(o.ejections)*e.Least, e.Most))
}
