package services

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A program of this module keeps an idle connection for longer than the load balancer.
func TestIdleTimeout(t *testing.T) {
	program := Service{Paths: []string{"/a"}, Image: Image{Program: "a"}, Routes: []Route{{Paths: []string{"/a"}}}}
	for balancer, want := range map[time.Duration]string{
		time.Minute: "", 40 * time.Second: "", 61 * time.Second: "1m11s", 4000 * time.Second: "1h6m50s",
	} {
		assert.Equal(t, want, program.IdleTimeout(balancer), "%s", balancer)
	}
	other := program
	other.Image = Image{Registry: "a"}
	assert.Empty(t, other.IdleTimeout(time.Hour), "a program of another module")
	worker := Service{Image: Image{Program: "a"}}
	assert.Empty(t, worker.IdleTimeout(time.Hour), "a worker")
}
