package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
)

// untaggable are the types for which CloudFormation has no tags, by its reference.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
var untaggable = []string{
	"AWS::ApplicationAutoScaling::ScalableTarget",
	"AWS::ApplicationAutoScaling::ScalingPolicy",
	"AWS::EC2::Route",
	"AWS::EC2::SecurityGroupEgress",
	"AWS::EC2::SecurityGroupIngress",
	"AWS::EC2::SubnetRouteTableAssociation",
	"AWS::EC2::VPCGatewayAttachment",
	"AWS::ECS::ClusterCapacityProviderAssociations",
	"AWS::IAM::Policy",
	"AWS::Logs::QueryDefinition",
	"AWS::Route53::RecordSet",
	"AWS::S3::BucketPolicy",
	"AWS::SNS::Subscription",
	"AWS::SNS::TopicPolicy",
	"AWS::WAFv2::LoggingConfiguration",
	"AWS::WAFv2::WebACLAssociation",
	"Custom::S3AutoDeleteObjects",
	"Custom::VpcRestrictDefaultSG",
}

// Every resource that can have tags names its app, environment and service. Tasks get
// them from their ECS service.
func TestEveryResourceIsTagged(t *testing.T) {
	for _, s := range situations {
		assert.NoError(t, checkTags(at(t, s), "dev"), "%v", s)
	}
	assert.NoError(t, checkTags(atPublic(t), "prod"))
}

func TestTagMutants(t *testing.T) {
	for name, edit := range map[string]func(resources map[string]any){
		"a new type without tags": func(r map[string]any) { r["Cache"] = map[string]any{"Type": "AWS::ElastiCache::ServerlessCache"} },
		"one tag less": func(r map[string]any) {
			p := r[only(at(t, allLive), "Alpha", ecsService).LogicalID].(map[string]any)["Properties"].(map[string]any)
			p["Tags"] = p["Tags"].([]any)[1:]
		},
		"the tag of another service": func(r map[string]any) {
			p := r[only(at(t, allLive), "Alpha", "AWS::Budgets::Budget").LogicalID].(map[string]any)["Properties"].(map[string]any)
			p["ResourceTags"].([]any)[2].(map[string]any)["Value"] = "beta"
		},
		"tasks without tags": func(r map[string]any) {
			p := r[only(at(t, allLive), "Alpha", ecsService).LogicalID].(map[string]any)["Properties"].(map[string]any)
			delete(p, "PropagateTags")
		},
	} {
		assert.Error(t, checkTags(mutated(t, allLive, "Alpha", edit), "dev"), "%s: mutant passed the check", name)
	}
}

func checkTags(stage *assembly.Stage, environment string) error {
	var errs []error
	for r := range stage.Resources() {
		if slices.Contains(untaggable, r.Type) {
			continue
		}
		want := map[string]string{}
		for _, tag := range services.Tags(strings.TrimSuffix(stage.Name, "-"+environment), environment, ownerOf(stage, r)) {
			want[tag.Key] = tag.Value
		}
		got := tagsOf(r)
		maps.DeleteFunc(got, func(key, _ string) bool { _, wanted := want[key]; return !wanted })
		if !maps.Equal(got, want) {
			const help = "tag it, or add its type to those without tags"
			errs = append(errs, fmt.Errorf("%s %s has the tags %v, want %v: %s", r.Type, r.LogicalID, got, want, help))
		}
		if r.Type == ecsService && r.Properties["PropagateTags"] != "SERVICE" {
			errs = append(errs, fmt.Errorf("the tasks of %s have no tags", r.LogicalID))
		}
	}
	return errors.Join(errs...)
}

// ownerOf is the service that owns a resource: the table's, or the stack's.
func ownerOf(stage *assembly.Stage, r assembly.Resource) string {
	for _, table := range stage.Tables {
		if table.Identity() == r.Identity() {
			return owner(table)
		}
	}
	for _, s := range fixture.Catalog().All() {
		if s.ID() == r.Stack {
			return s.Name
		}
	}
	return services.Shared
}

// tagsOf reads tags wherever a type has them.
func tagsOf(r assembly.Resource) map[string]string {
	tags := map[string]string{}
	lists := []any{r.Properties["Tags"], r.Properties["ResourceTags"]}
	if replicas, ok := r.Properties["Replicas"].([]any); ok {
		lists = append(lists, replicas[0].(map[string]any)["Tags"])
	}
	for _, list := range lists {
		list, _ := list.([]any)
		for _, tag := range list {
			tag := tag.(map[string]any)
			tags[fmt.Sprint(tag["Key"])] = fmt.Sprint(tag["Value"])
		}
	}
	return tags
}
