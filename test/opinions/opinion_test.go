package main

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/stacks/controls"
	"example.com/strangler/test/internal/assembly/assemblytest"
)

var bucket = Finding{Rule: "CT.S3.PR.2", Construct: "shop-dev/Edge/AccessLogs/Resource", Says: "Require a log"}

func TestCompare(t *testing.T) {
	bare := []Stage{{Name: "shop-dev", Choices: []controls.Choice{controls.NotProtected}}}
	protected := []Stage{{Name: "shop-dev"}}
	findings := []Finding{bucket}
	for name, c := range map[string]struct {
		opinion      Opinion
		explanations []Explanation
		want         string
	}{
		"explained": {Opinion{findings, bare}, []Explanation{{bucket.Rule, nil, "Edge/AccessLogs/*", "why"}}, ""},
		"explained by a choice": {
			Opinion{findings, bare}, []Explanation{{bucket.Rule, chosen(controls.NotProtected), "Edge/AccessLogs/*", "why"}}, "",
		},
		"unexplained":          {Opinion{findings, bare}, nil, "shop-dev/Edge/AccessLogs/Resource: CT.S3.PR.2: Require a log"},
		"of another rule":      {Opinion{findings, bare}, []Explanation{{"CT.S3.PR.20", nil, "*/*/*", "why"}}, "Require a log"},
		"of another construct": {Opinion{findings, bare}, []Explanation{{bucket.Rule, nil, "Edge/Uploads/*", "why"}}, "Require a log"},
		"of a deeper one":      {Opinion{findings, bare}, []Explanation{{bucket.Rule, nil, "Edge", "why"}}, "Require a log"},
		"of another choice": {
			Opinion{findings, protected}, []Explanation{{bucket.Rule, chosen(controls.NotProtected), "Edge/AccessLogs/*", "why"}}, "Require a log",
		},
		"of the other choice": {
			Opinion{findings, bare}, []Explanation{{bucket.Rule, not(chosen(controls.NotProtected)), "Edge/AccessLogs/*", "why"}}, "Require a log",
		},
		"of a stage not checked": {
			Opinion{findings, []Stage{{Name: "shop-prod"}}}, []Explanation{{bucket.Rule, nil, "Edge/AccessLogs/*", "why"}}, "Require a log",
		},
		"of no stage": {
			Opinion{[]Finding{{bucket.Rule, "Edge/AccessLogs/Resource", "Require a log"}}, []Stage{{}}},
			[]Explanation{{bucket.Rule, nil, "*/*", "why"}}, "Require a log",
		},
		"stale": {Opinion{nil, bare}, []Explanation{{bucket.Rule, nil, "Edge/*", "why"}}, "remove the explanation"},
		"stale by a choice": {
			Opinion{nil, bare}, []Explanation{{bucket.Rule, chosen(controls.NotProtected), "Edge/*", "why"}}, "remove the explanation",
		},
		"of a choice not checked": {Opinion{nil, protected}, []Explanation{{bucket.Rule, chosen(controls.NotProtected), "Edge/*", "why"}}, ""},
		"beside the environments": {Opinion{nil, []Stage{{}}}, []Explanation{{bucket.Rule, nil, "Edge/*", "why"}}, ""},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, compare(c.opinion, c.explanations), c.want) })
	}
}

func TestCompareReportsEverything(t *testing.T) {
	other := Finding{Rule: "CT.S3.PR.4", Construct: bucket.Construct, Says: "Require an event"}
	err := compare(Opinion{[]Finding{bucket, other}, nil}, nil)
	wantError(t, err, "Require a log\nshop-dev/Edge/AccessLogs/Resource: CT.S3.PR.4: Require an event")
}

func TestExplanationsSayWhy(t *testing.T) {
	for _, e := range slices.Concat(nagExplanations(), guardExplanations()) {
		assert.NotEmpty(t, e.Reason, "%s of %s", e.Rule, e.Construct)
		_, err := path.Match(e.Construct, "")
		assert.NoError(t, err, "%s of %s", e.Rule, e.Construct)
	}
}

// An explanation holds for every app: its construct is in a stack that every app has,
// or in any stack.
func TestExplanationsNameNoApp(t *testing.T) {
	for _, e := range slices.Concat(nagExplanations(), guardExplanations()) {
		stack, _, _ := strings.Cut(e.Construct, "/")
		assert.Contains(t, []string{"*", "Platform", "Data", "Edge", "Watch"}, stack, "%s of %s", e.Rule, e.Construct)
	}
}

// The choices of an environment are read from its templates, one by one.
func TestStageChoices(t *testing.T) {
	const (
		balancer = `"Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"LoadBalancerAttributes": [
			{"Key": "deletion_protection.enabled", "Value": "PROTECTED"}]}}`
		listener = `"Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Protocol": "PROTOCOL",
			"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}}`
		firewall  = `, "Firewall": {"Type": "AWS::WAFv2::WebACL"}`
		resources = "{" + balancer + "," + listener + "FIREWALL}"
	)
	type values struct{ protected, protocol, firewall string }
	for name, test := range map[string]struct {
		values values
		want   []controls.Choice
	}{
		"all":          {values{"true", "HTTPS", firewall}, nil},
		"no domain":    {values{"true", "HTTP", firewall}, []controls.Choice{controls.NoDomain}},
		"no firewall":  {values{"true", "HTTPS", ""}, []controls.Choice{controls.NoFirewall}},
		"unprotected":  {values{"false", "HTTPS", firewall}, []controls.Choice{controls.NotProtected}},
		"none of them": {values{"false", "HTTP", ""}, []controls.Choice{controls.NoDomain, controls.NoFirewall, controls.NotProtected}},
	} {
		text := strings.NewReplacer("PROTECTED", test.values.protected, "PROTOCOL", test.values.protocol,
			"FIREWALL", test.values.firewall).Replace(resources)
		assert.Equal(t, test.want, stageOf(assemblytest.Stage(t, "eu-west-1", map[string]string{"Edge": text})).Choices, name)
	}
}

// wantError wants an error with a text, and none when the text is empty.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		return
	}
	require.ErrorContains(t, err, want)
}
