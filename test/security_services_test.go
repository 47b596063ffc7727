package test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/iam"
)

// callers are services of AWS that call by themselves, those that the environment uses
// and others.
var callers = []string{
	"budgets.amazonaws.com", "cloudwatch.amazonaws.com", "ec2.amazonaws.com", "ecs.amazonaws.com", "ecs-tasks.amazonaws.com",
	"events.amazonaws.com", "lambda.amazonaws.com", "s3.amazonaws.com", "vpc-flow-logs.amazonaws.com",
}

// serviceCall is a call of a service for a resource of an account, over TLS or not.
type serviceCall struct {
	service, account, source string
	plain                    bool
}

// may asks whether a service's call of an action is allowed.
func (c serviceCall) may(policies resourcePolicies, action, resource string) (bool, error) {
	decision, err := iam.Principal{Service: c.service}.Decide(iam.Request{
		Action: action, Resource: resource, Policy: policies.of(resource),
		Context: map[string]string{
			"aws:SourceAccount":         c.account,
			"aws:SourceArn":             c.source,
			"aws:PrincipalIsAWSService": "true",
			"aws:SecureTransport":       fmt.Sprint(!c.plain),
		},
	})
	return decision == iam.Allow, err
}

// publishing is what a service needs to publish to an encrypted topic.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
var publishing = struct{ topic, key []string }{
	topic: []string{"sns:Publish"},
	key:   []string{"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"},
}

// Alarms and budgets of the account reach the topic through its policy and its key's, and
// no other service and no other account does.
func TestAlarmsAndBudgetsPublish(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkPublishing(stage.Stage), name)
	}
}

func checkPublishing(stage *assembly.Stage) error {
	policies, err := policiesOf(stage)
	if err != nil {
		return err
	}
	topic := deployed(stage, only(stage, "Watch", "AWS::SNS::Topic").Identity())
	key := deployed(stage, fmt.Sprint(only(stage, "Watch", "AWS::SNS::Topic").Properties["KmsMasterKeyId"]))
	sources := map[string]string{
		"cloudwatch.amazonaws.com": regional("cloudwatch", "alarm:Alpha"),
		"budgets.amazonaws.com":    "arn:aws:budgets::" + accountID + ":budget/Alpha",
	}
	var errs []error
	expect := func(c serviceCall, action, resource string, want bool) {
		got, err := c.may(policies, action, resource)
		if err != nil || got != want {
			errs = append(errs, errors.Join(fmt.Errorf("%+v: %s on %s: %v, want %v", c, action, resource, got, want), err))
		}
	}
	for _, service := range callers {
		own, publishes := serviceCall{service: service, account: accountID, source: sources[service]}, sources[service] != ""
		foreign, plain := own, own
		foreign.account, foreign.source, plain.plain = "444455556666", strings.Replace(own.source, accountID, "444455556666", 1), true
		for _, action := range publishing.topic {
			expect(own, action, topic, publishes)
			expect(foreign, action, topic, false)
			expect(plain, action, topic, false)
		}
		for _, action := range publishing.key {
			expect(own, action, key, publishes)
			expect(foreign, action, key, false)
		}
		for _, action := range []string{"kms:CreateGrant", "kms:Encrypt", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"} {
			expect(own, action, key, false)
		}
		expect(own, "sns:Subscribe", topic, false)
		expect(own, "sns:SetTopicAttributes", topic, false)
	}
	return errors.Join(errs...)
}

func TestPublishingMutants(t *testing.T) {
	keyPolicy := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::KMS::Key")[0]["KeyPolicy"].(map[string]any)
	}
	topicPolicy := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::SNS::TopicPolicy")[0]["PolicyDocument"].(map[string]any)
	}
	// grant is the statement of a policy that allows services something.
	grant := func(policy map[string]any) map[string]any {
		for _, s := range policy["Statement"].([]any) {
			if principal, ok := s.(map[string]any)["Principal"].(map[string]any); ok && principal["Service"] != nil {
				return s.(map[string]any)
			}
		}
		return nil
	}
	without := func(policy map[string]any) {
		policy["Statement"] = slices.DeleteFunc(policy["Statement"].([]any), func(s any) bool {
			principal, ok := s.(map[string]any)["Principal"].(map[string]any)
			return ok && principal["Service"] != nil
		})
	}
	for name, edit := range map[string]func(resources map[string]any){
		"a key without the grant":   func(resources map[string]any) { without(keyPolicy(resources)) },
		"a topic without the grant": func(resources map[string]any) { without(topicPolicy(resources)) },
		"a key for alarms alone": func(resources map[string]any) {
			grant(keyPolicy(resources))["Principal"] = map[string]any{"Service": "cloudwatch.amazonaws.com"}
		},
		"a topic for budgets alone": func(resources map[string]any) {
			grant(topicPolicy(resources))["Principal"] = map[string]any{"Service": "budgets.amazonaws.com"}
		},
		"a key that only decrypts":   func(resources map[string]any) { grant(keyPolicy(resources))["Action"] = "kms:Decrypt" },
		"a key that only encrypts":   func(resources map[string]any) { grant(keyPolicy(resources))["Action"] = "kms:GenerateDataKey*" },
		"a key of another account":   func(resources map[string]any) { delete(grant(keyPolicy(resources)), "Condition") },
		"a topic of another account": func(resources map[string]any) { delete(grant(topicPolicy(resources)), "Condition") },
		"a condition that no call meets": func(resources map[string]any) {
			grant(keyPolicy(resources))["Condition"] = map[string]any{"StringEquals": map[string]any{"aws:SourceVpc": "vpc-1"}}
		},
		"a key that denies everyone": func(resources map[string]any) {
			policy := keyPolicy(resources)
			policy["Statement"] = append(policy["Statement"].([]any), map[string]any{
				"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
			})
		},
		"a topic that takes plain HTTP": func(resources map[string]any) {
			policy := topicPolicy(resources)
			policy["Statement"] = policy["Statement"].([]any)[1:]
		},
		"a topic for any service": func(resources map[string]any) {
			grant(topicPolicy(resources))["Principal"] = map[string]any{"Service": callers}
		},
		"a topic under the key of AWS": func(resources map[string]any) {
			ofType(resources, "AWS::SNS::Topic")[0]["KmsMasterKeyId"] = "alias/aws/sns"
		},
	} {
		assert.Error(t, checkPublishing(mutated(t, allLive, "Watch", edit)), "%s: mutant passed the check", name)
	}
}

// The service that a role is for assumes it through its trust policy, and no other does.
func TestServicesAssumeTheirRoles(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkAssuming(stage.Stage), name)
	}
	for name, edit := range map[string]func(trust map[string]any){
		"a trust of Lambda": func(trust map[string]any) { trust["Principal"] = map[string]any{"Service": "lambda.amazonaws.com"} },
		"a trust of two": func(trust map[string]any) {
			trust["Principal"] = map[string]any{"Service": []any{"ecs-tasks.amazonaws.com", "ec2.amazonaws.com"}}
		},
		"a trust of any account":    func(trust map[string]any) { delete(trust, "Condition") },
		"a trust of another action": func(trust map[string]any) { trust["Action"] = "sts:TagSession" },
	} {
		mutant := mutated(t, allLive, "Alpha", func(resources map[string]any) {
			document := ofType(resources, "AWS::IAM::Role")[0]["AssumeRolePolicyDocument"].(map[string]any)
			edit(document["Statement"].([]any)[0].(map[string]any))
		})
		assert.Error(t, checkAssuming(mutant), "%s: mutant passed the check", name)
	}
}

func checkAssuming(stage *assembly.Stage) error {
	policies, err := policiesOf(stage)
	if err != nil {
		return err
	}
	var errs []error
	for _, role := range stage.Roles {
		arn := deployedARN(stage, role.Resource)
		for _, service := range callers {
			for _, account := range []string{accountID, "444455556666"} {
				call := serviceCall{service: service, account: account, source: "arn:aws:ecs:eu-west-1:" + account + ":task/1"}
				// The CDK's own functions have a trust without a condition on the account.
				want := service == intendedService(stage, role) && (account == accountID || service == "lambda.amazonaws.com")
				if got, err := call.may(policies, "sts:AssumeRole", arn); err != nil || got != want {
					errs = append(errs, errors.Join(fmt.Errorf("%+v assumes %s: %v, want %v", call, role.LogicalID, got, want), err))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// intendedService is the service that a role is for.
func intendedService(stage *assembly.Stage, role assembly.Role) string {
	for _, task := range stage.TaskDefinitions {
		if role.ARN() == task.TaskRole || role.ARN() == task.ExecutionRole {
			return "ecs-tasks.amazonaws.com"
		}
	}
	if strings.HasPrefix(role.LogicalID, "RejectedRole") {
		return "vpc-flow-logs.amazonaws.com"
	}
	return "lambda.amazonaws.com"
}
