package services

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

var targetGroupName = regexp.MustCompile(`^[a-z][a-z0-9-]*-[a-z]{8}$`)

// A name is one that a load balancer takes, and changes with all that makes
// CloudFormation replace the group.
func TestTargetGroupName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stage := "shop-" + rapid.StringMatching(`[a-z][a-z0-9-]{0,19}`).Draw(t, "environment")
		s := Service{Name: rapid.StringMatching(`[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,8})?`).Draw(t, "service"), Port: rapid.IntRange(1, 65535).Draw(t, "port")}
		name := TargetGroupName(stage, s)
		if len(name) > longestTargetGroup || !targetGroupName.MatchString(name) {
			t.Errorf("%q is no name of a target group", name)
		}
		other := s
		other.Port = s.Port%65535 + 1
		if TargetGroupName(stage, s) != name || TargetGroupName(stage, other) == name || TargetGroupName(stage+"x", s) == name {
			t.Errorf("%q is not of its stage, service and port alone", name)
		}
	})
}
