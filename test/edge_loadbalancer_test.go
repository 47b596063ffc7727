package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// called gives the fixture's environment a name.
func called(name string) change {
	return func(app *synth.App) {
		all := app.Context["environments"].(map[string]any)
		app.Context["environments"] = map[string]any{name: all["dev"]}
	}
}

// public is the fixture in an environment that people use, under a domain. It is none of the
// situations, but kept beside them, so that mutated finds it.
var public = situation{"public", services.Serving}

func atPublic(t *testing.T) *assembly.Stage {
	t.Helper()
	if assembled[public] == nil {
		assembled[public] = assemble(t, publicChanges()...)
	}
	return assembled[public]
}

// publicChanges make the fixture's environment public.
func publicChanges() []change {
	return []change{
		environment("protected", nil), environment("waf", nil), domain("fixture.example.com", "Z0123456789ABC"), called("prod"),
	}
}

// The load balancer hands on no request that two programs could read in two
// ways, and writes each down where only this account can read it.
func TestLoadBalancer(t *testing.T) {
	for _, stage := range []*assembly.Stage{at(t, situation{"live", services.Serving}), atPublic(t)} {
		assert.NoError(t, checkLoadBalancer(stage), stage.Name)
	}
}

func TestLoadBalancerMutants(t *testing.T) {
	for name, edit := range map[string]func(resources map[string]any){
		"a request read in two ways": func(resources map[string]any) {
			setAttribute(resources, "routing.http.desync_mitigation_mode", "defensive")
		},
		"headers that are none": func(resources map[string]any) {
			setAttribute(resources, "routing.http.drop_invalid_header_fields.enabled", "false")
		},
		"no log":           func(resources map[string]any) { setAttribute(resources, "access_logs.s3.enabled", "false") },
		"a log elsewhere":  func(resources map[string]any) { setAttribute(resources, "access_logs.s3.bucket", "elsewhere") },
		"in the clear":     func(resources map[string]any) { delete(accessLogs(resources), "BucketEncryption") },
		"under a key":      func(resources map[string]any) { setAlgorithm(accessLogs(resources), "aws:kms") },
		"open to anyone":   func(resources map[string]any) { delete(accessLogs(resources), "PublicAccessBlockConfiguration") },
		"kept for ever":    func(resources map[string]any) { delete(accessLogs(resources), "LifecycleConfiguration") },
		"read over HTTP":   func(resources map[string]any) { delete(bucketStatement(resources, "Deny"), "Condition") },
		"denied to no one": func(resources map[string]any) { bucketStatement(resources, "Deny")["Effect"] = "Allow" },
	} {
		mutant := mutated(t, situation{"live", services.Serving}, "Edge", edit)
		assert.Error(t, checkLoadBalancer(mutant), "%s: mutant passed the check", name)
	}
}

// The engine obeys every attribute that the templates set, so that a rehearsal shows what
// each does to a request.
func TestLoadBalancerAttributes(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkAttributes(stage.Stage), name)
	}
	assert.NoError(t, checkAttributes(atPublic(t)), "public")
	for attribute, value := range map[string]string{"stickiness.enabled": "true", "slow_start.duration_seconds": "30"} {
		mutant := mutated(t, allLive, "Alpha", func(resources map[string]any) {
			group := ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]
			group["TargetGroupAttributes"] = []any{map[string]any{"Key": attribute, "Value": value}}
		})
		assert.ErrorContains(t, checkAttributes(mutant), attribute, "mutant passed the check")
	}
	mutant := mutated(t, allLive, "Edge", func(resources map[string]any) {
		setAttribute(resources, "routing.http.desync_mitigation_mode", "lenient")
	})
	assert.ErrorContains(t, checkAttributes(mutant), "desync_mitigation_mode", "mutant passed the check")
}

func checkAttributes(stage *assembly.Stage) error {
	var errs []error
	for _, balancer := range stage.LoadBalancers {
		_, err := alb.ParseAttributes(balancer.Attributes)
		errs = append(errs, err)
	}
	for _, group := range stage.TargetGroups {
		errs = append(errs, alb.CheckTargetGroupAttributes(group.Attributes))
	}
	return errors.Join(errs...)
}

func setAttribute(resources map[string]any, key, value string) {
	attributes := ofType(resources, "AWS::ElasticLoadBalancingV2::LoadBalancer")[0]["LoadBalancerAttributes"].([]any)
	for _, a := range attributes {
		if attribute := a.(map[string]any); attribute["Key"] == key {
			attribute["Value"] = value
		}
	}
}

func accessLogs(resources map[string]any) map[string]any {
	return ofType(resources, "AWS::S3::Bucket")[0]
}

func setAlgorithm(bucket map[string]any, algorithm string) {
	rule := bucket["BucketEncryption"].(map[string]any)["ServerSideEncryptionConfiguration"].([]any)[0].(map[string]any)
	rule["ServerSideEncryptionByDefault"] = map[string]any{"SSEAlgorithm": algorithm}
}

// bucketStatement is the first statement of the bucket's policy with that effect.
func bucketStatement(resources map[string]any, effect string) map[string]any {
	document := ofType(resources, "AWS::S3::BucketPolicy")[0]["PolicyDocument"].(map[string]any)
	for _, s := range document["Statement"].([]any) {
		if statement := s.(map[string]any); statement["Effect"] == effect {
			return statement
		}
	}
	panic("no statement with " + effect)
}

func checkLoadBalancer(stage *assembly.Stage) error {
	balancer := only(stage, "Edge", "AWS::ElasticLoadBalancingV2::LoadBalancer")
	bucket := only(stage, "Edge", "AWS::S3::Bucket")
	got := stage.LoadBalancers[0].Attributes
	want := map[string]string{
		"routing.http.desync_mitigation_mode":             "strictest",
		"routing.http.drop_invalid_header_fields.enabled": "true",
		"access_logs.s3.enabled":                          "true",
		"access_logs.s3.bucket":                           bucket.Identity(),
	}
	var errs []error
	for key, value := range want {
		if got[key] != value {
			errs = append(errs, fmt.Errorf("%s: %s is %q, want %q", balancer.LogicalID, key, got[key], value))
		}
	}
	return errors.Join(append(errs, checkAccessLogs(stage, bucket))...)
}

func checkAccessLogs(stage *assembly.Stage, bucket assembly.Resource) error {
	properties, err := into[struct {
		BucketEncryption struct {
			ServerSideEncryptionConfiguration []struct {
				ServerSideEncryptionByDefault struct{ SSEAlgorithm string }
			}
		}
		PublicAccessBlockConfiguration map[string]bool
		LifecycleConfiguration         struct{ Rules []map[string]any }
		VersioningConfiguration        any
	}](bucket.Properties)
	if err != nil {
		return err
	}
	var errs []error
	rules := properties.BucketEncryption.ServerSideEncryptionConfiguration
	if len(rules) != 1 || rules[0].ServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
		errs = append(errs, fmt.Errorf("encrypted by %+v: the load balancer writes to AES256 alone", rules))
	}
	closed := map[string]bool{"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}
	if !maps.Equal(properties.PublicAccessBlockConfiguration, closed) {
		errs = append(errs, fmt.Errorf("public access: %v", properties.PublicAccessBlockConfiguration))
	}
	forgets := func(rule map[string]any) bool { return rule["ExpirationInDays"] == 90.0 && rule["Status"] == "Enabled" }
	if !slices.ContainsFunc(properties.LifecycleConfiguration.Rules, forgets) || properties.VersioningConfiguration != nil {
		errs = append(errs, fmt.Errorf("kept longer than 90 days: %+v %v", properties.LifecycleConfiguration, properties.VersioningConfiguration))
	}
	return errors.Join(append(errs, checkTLSOnly(stage, bucket))...)
}

// checkTLSOnly wants a bucket that refuses every request without TLS.
func checkTLSOnly(stage *assembly.Stage, bucket assembly.Resource) error {
	policy, err := into[struct {
		Bucket         string
		PolicyDocument struct{ Statement []assembly.Statement }
	}](only(stage, bucket.Stack, "AWS::S3::BucketPolicy").Properties)
	arn := fmt.Sprintf("${%s.%s.Arn}", bucket.Stack, bucket.LogicalID)
	for _, s := range policy.PolicyDocument.Statement {
		if s.Effect == "Deny" && slices.Equal(s.Action, []string{"s3:*"}) && slices.Equal(s.Resource, []string{arn, arn + "/*"}) &&
			slices.Equal(s.Principal["AWS"], []string{"*"}) && slices.Equal(s.Condition["Bool"]["aws:SecureTransport"], []string{"false"}) {
			return err
		}
	}
	return errors.Join(err, errors.New("the bucket can be read without TLS"))
}

// In a protected environment nothing that people depend on goes by mistake; in
// another "cdk destroy" leaves nothing behind but tables.
func TestProtection(t *testing.T) {
	for name, test := range map[string]struct {
		stage     *assembly.Stage
		protected bool
	}{
		"dev":             {at(t, situation{"live", services.Serving}), false},
		"prod":            {atPublic(t), true},
		"a protected dev": {assemble(t, environment("protected", true)), true},
		"an open prod":    {assemble(t, environment("protected", false), called("prod")), false},
	} {
		require.NoError(t, checkProtection(test.stage, test.protected), name)
		assert.Error(t, checkProtection(test.stage, !test.protected), "%s is protected and is not", name)
	}
}

func TestProtectionMutants(t *testing.T) {
	atPublic(t)
	for name, edit := range map[string]func(resources map[string]any){
		"an address that goes": func(resources map[string]any) { setAttribute(resources, "deletion_protection.enabled", "false") },
		"a log that goes": func(resources map[string]any) {
			resources[only(atPublic(t), "Edge", "AWS::S3::Bucket").LogicalID].(map[string]any)["DeletionPolicy"] = "Delete"
		},
		"a log that is emptied": func(resources map[string]any) {
			resources["Emptied"] = map[string]any{"Type": "Custom::S3AutoDeleteObjects", "Properties": map[string]any{}}
		},
	} {
		assert.Error(t, checkProtection(mutated(t, public, "Edge", edit), true), "%s: mutant passed the check", name)
	}
}

func checkProtection(stage *assembly.Stage, protected bool) error {
	bucket := only(stage, "Edge", "AWS::S3::Bucket")
	policy, emptied := "Delete", 1
	if protected {
		policy, emptied = "Retain", 0
	}
	errs := []error{checkTermination(stage, protected)}
	if got := stage.LoadBalancers[0].Attributes["deletion_protection.enabled"]; got != fmt.Sprint(protected) {
		errs = append(errs, fmt.Errorf("the load balancer is protected: %q, want %v", got, protected))
	}
	if bucket.DeletionPolicy != policy || bucket.UpdateReplacePolicy != policy {
		errs = append(errs, fmt.Errorf("the load balancer's log: %s and %s, want %s", bucket.DeletionPolicy, bucket.UpdateReplacePolicy, policy))
	}
	if got := len(slices.Collect(stage.Resources("Custom::S3AutoDeleteObjects"))); got != emptied {
		errs = append(errs, fmt.Errorf("%d buckets are emptied, want %d", got, emptied))
	}
	return errors.Join(errs...)
}

// checkTermination wants CloudFormation to refuse to delete the stack of the tables,
// or not to.
func checkTermination(stage *assembly.Stage, protected bool) error {
	data, ok := stage.Stack("Data")
	if !ok || data.TerminationProtection != protected {
		return fmt.Errorf("the stack of the tables: termination protection %v, want %v", !protected, protected)
	}
	return nil
}
