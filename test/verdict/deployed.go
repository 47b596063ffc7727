package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"example.com/strangler/test/internal/assembly"
)

// clients call the APIs that a verdict reads.
type clients struct {
	stacks   *cloudformation.Client
	balancer *elbv2.Client
	metrics  *cloudwatch.Client
}

func newClients(account aws.Config) clients {
	return clients{cloudformation.NewFromConfig(account), elbv2.NewFromConfig(account), cloudwatch.NewFromConfig(account)}
}

// deployed is what an environment has in the account.
type deployed struct {
	// resources are by their identities in the assembly.
	resources map[string]resource
	// rules are those of the listeners that the environment's rules are in, theirs and those of
	// others.
	rules []elbtypes.Rule
	// groups and attributes are of the target groups of the programs that are judged, by their
	// identities.
	groups     map[string]elbtypes.TargetGroup
	attributes map[string]map[string]string
	// missing are the stacks that are not there, and moving those that are being deployed.
	missing, moving []string
}

// resource is one that a stack has in the account.
type resource struct {
	id      string
	updated time.Time
}

// id is the physical id of what an identity names. What no stack has is named by its ARN.
func (d *deployed) id(identity string) string {
	if strings.HasPrefix(identity, "arn:") {
		return identity
	}
	return d.resources[identity].id
}

// readDeployed reads what an environment has in the account, and the target groups.
func (c clients) readDeployed(ctx context.Context, stage *assembly.Stage, groups []string) (*deployed, error) {
	d := &deployed{
		resources: map[string]resource{}, groups: map[string]elbtypes.TargetGroup{}, attributes: map[string]map[string]string{},
	}
	for _, stack := range stage.Stacks {
		if err := c.readStack(ctx, d, stack); err != nil {
			return nil, err
		}
	}
	listeners := map[string]bool{}
	for _, rule := range stage.ListenerRules {
		if arn := d.id(rule.Listener); arn != "" && !listeners[arn] {
			listeners[arn] = true
			if err := c.readRules(ctx, d, arn); err != nil {
				return nil, err
			}
		}
	}
	for _, group := range groups {
		if arn := d.id(group); arn != "" {
			if err := c.readGroup(ctx, d, group, arn); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func (c clients) readStack(ctx context.Context, d *deployed, stack *assembly.Stack) error {
	pages := cloudformation.NewListStackResourcesPaginator(c.stacks, &cloudformation.ListStackResourcesInput{StackName: &stack.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isMissing(err) {
			d.missing = append(d.missing, stack.Name)
			return nil
		}
		if err != nil {
			return fmt.Errorf("stack %s: %w", stack.Name, err)
		}
		for _, r := range page.StackResourceSummaries {
			identity := assembly.Resource{Stack: stack.ID, LogicalID: aws.ToString(r.LogicalResourceId)}.Identity()
			d.resources[identity] = resource{aws.ToString(r.PhysicalResourceId), aws.ToTime(r.LastUpdatedTimestamp)}
			if strings.HasSuffix(string(r.ResourceStatus), "_IN_PROGRESS") {
				d.moving = append(d.moving, fmt.Sprintf("%s of stack %s is %s", aws.ToString(r.LogicalResourceId), stack.Name, r.ResourceStatus))
			}
		}
	}
	return nil
}

// isMissing reports whether there is no such stack.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func isMissing(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "ValidationError" && strings.Contains(answer.ErrorMessage(), "does not exist")
}

func (c clients) readRules(ctx context.Context, d *deployed, listener string) error {
	pages := elbv2.NewDescribeRulesPaginator(c.balancer, &elbv2.DescribeRulesInput{ListenerArn: &listener})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("the rules of %s: %w", listener, err)
		}
		d.rules = append(d.rules, page.Rules...)
	}
	return nil
}

func (c clients) readGroup(ctx context.Context, d *deployed, identity, arn string) error {
	groups, err := c.balancer.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if err != nil {
		return fmt.Errorf("target group %s: %w", arn, err)
	}
	if len(groups.TargetGroups) != 1 {
		return fmt.Errorf("target group %s: the account has %d of them", arn, len(groups.TargetGroups))
	}
	attributes, err := c.balancer.DescribeTargetGroupAttributes(ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn})
	if err != nil {
		return fmt.Errorf("the attributes of target group %s: %w", arn, err)
	}
	d.groups[identity] = groups.TargetGroups[0]
	d.attributes[identity] = map[string]string{}
	for _, a := range attributes.Attributes {
		d.attributes[identity][aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return nil
}

// dimensions are those of the metrics of a target group. They are not ok for one that no load
// balancer has.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func (d *deployed) dimensions(identity string) (dimensions map[string]string, ok bool) {
	group := d.groups[identity]
	if len(group.LoadBalancerArns) == 0 {
		return nil, false
	}
	arn := aws.ToString(group.TargetGroupArn)
	_, balancer, _ := strings.Cut(group.LoadBalancerArns[0], ":loadbalancer/")
	return map[string]string{"TargetGroup": arn[strings.LastIndex(arn, ":")+1:], "LoadBalancer": balancer}, true
}
