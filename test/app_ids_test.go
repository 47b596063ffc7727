package test

import (
	"slices"
	"testing"

	"example.com/strangler/services"
)

// CloudFormation knows a resource by its logical id alone. Under another one, a
// table would be created anew and empty; a load balancer would get another
// address; and a target group would be replaced while rules forward to it. An id
// changes when a construct is renamed or moved, so these are written down.
func TestLogicalIDsArePinned(t *testing.T) {
	want := []string{
		"Data/GammaTableC82B36F0",
		"Data/BetaTable1D5C607C",
		"Data/AlphaTable9725E9C8",
		"Edge/LoadBalancerBE9EEC3A",
		"Edge/LoadBalancerHttpF4A6AC3E",
		"Legacy/LegacyTargetGroupDF5F5281",
		"Gamma/GammaTargetGroupD869FB62",
		"Beta/BetaTargetGroupFAB11ADF",
		"Alpha/AlphaTargetGroupEB1A1658",
	}
	var got []string
	for r := range at(t, situation{"live", services.Serving}).Resources(
		"AWS::DynamoDB::GlobalTable",
		"AWS::ElasticLoadBalancingV2::LoadBalancer",
		"AWS::ElasticLoadBalancingV2::Listener",
		"AWS::ElasticLoadBalancingV2::TargetGroup",
	) {
		got = append(got, r.Stack+"/"+r.LogicalID)
	}
	for _, id := range want {
		if !slices.Contains(got, id) {
			t.Errorf("%s is gone: bring it back, or its resource is replaced; there are %v", id, got)
		}
	}
}
