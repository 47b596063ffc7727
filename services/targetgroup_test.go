package services

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

var targetGroupName = regexp.MustCompile(`^[a-z][a-z0-9-]*-[a-z]{8}$`)

// A name is one that a load balancer takes. It tells stages and services apart, and
// does not follow what changes in a service that has traffic.
func TestTargetGroupName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stage := "shop-" + rapid.StringMatching(`[a-z][a-z0-9-]{0,19}`).Draw(t, "environment")
		s := Service{
			Name: rapid.StringMatching(`[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,8})?`).Draw(t, "service"), Port: rapid.IntRange(1, 65535).Draw(t, "port"),
		}
		name := TargetGroupName(stage, s)
		assert.LessOrEqual(t, len(name), longestTargetGroup)
		assert.Regexp(t, targetGroupName, name)
		other := s
		other.Port = s.Port%65535 + 1
		assert.Equal(t, name, TargetGroupName(stage, s))
		assert.Equal(t, name, TargetGroupName(stage, other), "another port")
		other.Name += "x"
		assert.NotEqual(t, name, TargetGroupName(stage, other), "another service")
		assert.NotEqual(t, name, TargetGroupName(stage+"x", s), "another stage")
	})
}
