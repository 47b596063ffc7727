package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/rehearsal/page"
)

// A rate is that of the last whole stretch between two readings, however often it is read.
func TestMeter(t *testing.T) {
	var m meter
	began := time.Now()
	read := func(after time.Duration, requests, failures int64) page.Connection {
		c := region.Connection{Caller: "beta", Callee: "alpha", Requests: requests, Failures: failures, Attempts: 9}
		return m.read([]region.Connection{c}, began.Add(after))[0]
	}
	rate := func(requests, errors float64) page.Connection {
		return page.Connection{Caller: "beta", Callee: "alpha", RequestsPerSecond: requests, ErrorsPerSecond: errors}
	}
	assert.Equal(t, rate(0, 0), read(0, 100, 10), "the first reading")
	assert.Equal(t, rate(0, 0), read(time.Second/2, 150, 20))
	assert.Equal(t, rate(50, 5), read(2*time.Second, 200, 20))
	assert.Equal(t, rate(50, 5), read(2*time.Second+time.Second/2, 900, 900), "before the next second is over")
	assert.Equal(t, rate(10, 0), read(3*time.Second, 210, 20))
	other := region.Connection{Caller: "gamma", Callee: "alpha", Requests: 7}
	assert.Equal(t, page.Connection{Caller: "gamma", Callee: "alpha"}, m.read([]region.Connection{other}, began.Add(5*time.Second))[0])
}
