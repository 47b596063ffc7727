package services

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// longestTargetGroup is the room for a target group's name.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
const longestTargetGroup = 32

// TargetGroupName is what a service's target group is called in a stage, such as
// "forum-dev-users-kqzvhwtb". A dashboard finds the group's metrics by it, and so
// holds no service in place; a name that CloudFormation gave would be cut off
// before the stage's. Its end is of the stage, the service and its port, for
// CloudFormation makes the group anew when the port changes, while the old one is
// still there.
func TargetGroupName(stage string, s Service) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", stage, s.Name, s.Port))
	var end strings.Builder
	for _, b := range sum[:8] {
		end.WriteByte('a' + b%26) // no digits: CloudWatch would search for the letters between them
	}
	name := stage + "-" + s.Name
	if room := longestTargetGroup - len("-") - end.Len(); len(name) > room {
		name = strings.TrimRight(name[:room], "-")
	}
	return name + "-" + end.String()
}
