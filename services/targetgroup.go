package services

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// longestTargetGroup is the length of a target group's name at most.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
const longestTargetGroup = 32

// TargetGroupName returns the name of a service's target group in a stage, such as
// "shop-dev-orders-kqzvhwtb", of at most 32 characters. A dashboard finds the group's
// metrics by the name, so that it needs no reference to the group; a name that
// CloudFormation chose could end within the stage's. The last eight letters are a
// hash of the stage and the service alone: CloudFormation replaces a group whose name
// changes, and the live rule would lead to the old one while its tasks leave.
func TargetGroupName(stage string, s Service) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s", stage, s.Name))
	var end strings.Builder
	for _, b := range sum[:8] {
		end.WriteByte('a' + b%26) // no digits: CloudWatch would split the word at them
	}
	name := stage + "-" + s.Name
	if room := longestTargetGroup - len("-") - end.Len(); len(name) > room {
		name = strings.TrimRight(name[:room], "-")
	}
	return name + "-" + end.String()
}
