package region

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/alb"
)

// What is counted of a group is what its targets answered, by class; what the load balancer
// answered in the place of one is a request without an answer, and its 503 is none.
func TestCounts(t *testing.T) {
	m := newMeter()
	began := time.Now()
	send := func(group http.HandlerFunc) {
		m.watch("group", group).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	}
	of := func(status int, own bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if own {
				w.Header().Set("Server", "awselb/2.0")
			}
			w.WriteHeader(status)
		}
	}
	for _, status := range []int{200, 204, 302, 404, 500, 503} {
		send(of(status, false))
	}
	send(of(502, true))
	send(of(504, true))
	send(of(503, true))
	send(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(30 * time.Millisecond)
		_, _ = w.Write([]byte("late"))
		time.Sleep(30 * time.Millisecond) // the answer has begun
	})
	got := m.counts("group", began.Add(-tick), time.Now().Add(tick))
	assert.Equal(t, 9, got.Requests)
	assert.Equal(t, [6]int{0, 0, 3, 1, 1, 2}, got.Classes)
	assert.Equal(t, 2, got.Balancer)
	assert.Len(t, got.Times, 7)
	assert.InDelta(t, 30, got.Percentile(0.99).Milliseconds(), 25)
	assert.Less(t, got.Percentile(0.5), 20*time.Millisecond)

	assert.Zero(t, m.counts("group", began.Add(-time.Minute), began.Add(-tick)), "before")
	assert.Zero(t, m.counts("other", began, time.Now().Add(tick)))
	assert.Zero(t, Counts{}.Percentile(0.5))
}

// The states of all targets are looked at while there are requests to any group, and not of
// one that is deleted.
func TestCountsOfTargets(t *testing.T) {
	m := newMeter()
	group := alb.NewTargetGroup(alb.Settings{HealthCheck: alb.HealthCheck{Interval: time.Hour}})
	defer group.Close()
	m.watch("idle", group)
	busy := m.watch("busy", http.NotFoundHandler())
	began := time.Now()
	busy.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	idle := m.counts("idle", began.Add(-tick), time.Now().Add(tick))
	assert.Equal(t, Counts{Seen: true}, idle)
	m.unwatch("idle")
	time.Sleep(2 * tick)
	began = time.Now()
	busy.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	assert.Zero(t, m.counts("idle", began, time.Now().Add(tick)))
}

// What is older than an hour is forgotten.
func TestCountsAreForgotten(t *testing.T) {
	m := newMeter()
	m.groups["group"] = map[int64]*Counts{}
	now := tickOf(time.Now())
	for at := range int64(3 * kept / tick) {
		m.groups["group"][now-at] = &Counts{Requests: 1}
	}
	m.forget("group", now)
	assert.Len(t, m.groups["group"], int(kept/tick)+1)
}
