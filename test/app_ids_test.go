package test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// CloudFormation identifies a resource by its logical id alone. Under another id a
// table would be replaced by an empty one, a load balancer would get another
// address, and a target group would be replaced while rules forward to it. An id
// changes when a construct is renamed or moved, so these are pinned here, and those
// of the shipped app in its snapshots.
func TestLogicalIDsArePinned(t *testing.T) {
	want := []string{
		"Data/AlphaTable3D97084C",
		"Data/BetaTable58199183",
		"Data/GammaTable9362730E",
		"Data/OmegaTable9828FD02",
		"Edge/LoadBalancerBE9EEC3A",
		"Edge/LoadBalancerHttpF4A6AC3E",
		"Legacy/LegacyTargetGroup53E06F7A",
		"Alpha/AlphaTargetGroup4F3F2369",
		"Beta/BetaTargetGroupB0FA898A",
		"Gamma/GammaTargetGroup856FE6FC",
	}
	var got []string
	for r := range at(t, allLive).Resources(
		"AWS::DynamoDB::GlobalTable",
		"AWS::ElasticLoadBalancingV2::LoadBalancer",
		"AWS::ElasticLoadBalancingV2::Listener",
		"AWS::ElasticLoadBalancingV2::TargetGroup",
	) {
		got = append(got, r.Stack+"/"+r.LogicalID)
	}
	assert.ElementsMatch(t, want, got, "a resource whose id changes is replaced: bring the id back")
}
