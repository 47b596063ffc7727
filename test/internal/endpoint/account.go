package endpoint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	engine "example.com/strangler/test/internal/cloudwatch"
)

// Account is an account with one environment.
type Account struct {
	// Stage are the templates that are deployed.
	Stage *assembly.Stage
	// Updated is when a resource, by its identity, was changed last.
	Updated func(identity string) time.Time
	// Rules are those of the listener, by identities, the default action last.
	Rules func() []alb.Rule
	// Value is what a metric counted in a period, and not ok without data.
	Value func(q Query, from, to time.Time) (value float64, ok bool)
	// Now is the time.
	Now func() time.Time
}

// Query is a statistic of a metric.
type Query struct {
	Namespace, Name, Statistic string
	// Of is the identity of the target group or the table that it is of, the first other
	// dimension, or "".
	Of string
}

// Answer answers the calls that a verdict makes.
func (a *Account) Answer(call Call) (any, error) {
	switch call.Operation {
	case "ListStackResources":
		return a.listStackResources(call.Text("StackName"), call.Text("NextToken"))
	case "DescribeRules":
		return a.describeRules(call.Text("ListenerArn"), call.Text("Marker"))
	case "DescribeTargetGroups":
		return a.describeTargetGroups(call.Texts("TargetGroupArns"))
	case "DescribeTargetGroupAttributes":
		return a.describeTargetGroupAttributes(call.Text("TargetGroupArn"))
	case "DescribeAlarms":
		return a.describeAlarms(call.Texts("AlarmNames"))
	case "GetMetricData":
		return a.getMetricData(call.Input)
	case "GetCallerIdentity":
		account := cmp.Or(a.Stage.Stacks[0].Account, owner)
		return &sts.GetCallerIdentityOutput{Account: &account, Arn: aws.String("arn:aws:iam::" + account + ":user/rehearsal")}, nil
	}
	return nil, &smithy.GenericAPIError{Code: "InvalidAction", Message: "there is no " + call.Operation + " here"}
}

// The account's owner and region, and what is in each ARN.
const (
	owner  = "123456789012"
	region = "eu-west-1"
	number = "0123456789abcdef"
)

// ID is the physical id that a resource has: an ARN where AWS has one, and otherwise its name.
func (a *Account) ID(r assembly.Resource) string {
	name := r.Stack + "-" + r.LogicalID
	arn := func(service, rest string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, owner, rest)
	}
	switch r.Type {
	case "AWS::ElasticLoadBalancingV2::LoadBalancer":
		return a.loadBalancer()
	case "AWS::ElasticLoadBalancingV2::Listener":
		return arn("elasticloadbalancing", fmt.Sprintf("listener/app/%s/%s/%s", a.Stage.Name, number, name))
	case "AWS::ElasticLoadBalancingV2::ListenerRule":
		return arn("elasticloadbalancing", fmt.Sprintf("listener-rule/app/%s/%s/%s", a.Stage.Name, number, name))
	case "AWS::ElasticLoadBalancingV2::TargetGroup":
		return arn("elasticloadbalancing", fmt.Sprintf("targetgroup/%s/%s", name, number))
	case "AWS::ECS::Service":
		return arn("ecs", fmt.Sprintf("service/%s/%s", a.Stage.Name, name))
	}
	return a.Stage.Name + "-" + name
}

func (a *Account) loadBalancer() string {
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:loadbalancer/app/%s/%s", region, owner, a.Stage.Name, number)
}

// idOf is the physical id of what an identity names.
func (a *Account) idOf(identity string) string {
	if r, ok := a.Stage.Resource(identity); ok {
		return a.ID(r)
	}
	return identity
}

func notFound(code, what string) error {
	return &smithy.GenericAPIError{Code: code, Message: what + " does not exist"}
}

// paged is one of two pages of a list: the first without a token, and the second with that of the
// first. An account has more than a page of most things.
func paged[T any](all []T, token string) (page []T, next *string) {
	half := len(all) / 2
	if token == "" && half > 0 {
		return all[:half], aws.String("second")
	}
	if half == 0 {
		return all, nil
	}
	return all[half:], nil
}

func (a *Account) listStackResources(name, token string) (any, error) {
	i := slices.IndexFunc(a.Stage.Stacks, func(s *assembly.Stack) bool { return s.Name == name })
	if i < 0 {
		return nil, notFound("ValidationError", "Stack with id "+name)
	}
	output := &cloudformation.ListStackResourcesOutput{}
	resources, next := paged(a.Stage.Stacks[i].Resources, token)
	output.NextToken = next
	for _, r := range resources {
		output.StackResourceSummaries = append(output.StackResourceSummaries, cfntypes.StackResourceSummary{
			LogicalResourceId: aws.String(r.LogicalID), PhysicalResourceId: aws.String(a.ID(r)), ResourceType: aws.String(r.Type),
			LastUpdatedTimestamp: aws.Time(a.Updated(r.Identity())), ResourceStatus: cfntypes.ResourceStatusUpdateComplete,
		})
	}
	return output, nil
}

func (a *Account) describeRules(listener, token string) (any, error) {
	output := &elbv2.DescribeRulesOutput{}
	known := false
	for _, rule := range a.Stage.ListenerRules {
		known = known || a.idOf(rule.Listener) == listener
	}
	if !known {
		return nil, notFound("ListenerNotFound", listener)
	}
	rules, next := paged(a.Rules(), token)
	output.NextMarker = next
	for _, rule := range rules {
		described, err := a.describe(rule)
		if err != nil {
			return nil, err
		}
		output.Rules = append(output.Rules, described)
	}
	return output, nil
}

// describe is a rule as DescribeRules has it. Its conditions and actions have the form of the
// template's.
func (a *Account) describe(rule alb.Rule) (elbtypes.Rule, error) {
	resource, ok := a.Stage.Resource(rule.ID)
	if rule.Priority == 0 || !ok {
		return elbtypes.Rule{
			RuleArn: aws.String(a.idOf(rule.ID) + "/default"), Priority: aws.String("default"), IsDefault: aws.Bool(true),
			Actions: []elbtypes.Action{a.action(rule)},
		}, nil
	}
	described := elbtypes.Rule{
		RuleArn: aws.String(a.ID(resource)), Priority: aws.String(fmt.Sprint(rule.Priority)), IsDefault: aws.Bool(false),
	}
	text, err := json.Marshal(resource.Properties)
	if err != nil {
		return described, err
	}
	var template struct {
		Conditions []elbtypes.RuleCondition
		Transforms []elbtypes.RuleTransform
	}
	if err := json.Unmarshal(text, &template); err != nil {
		return described, err
	}
	described.Conditions, described.Transforms = template.Conditions, template.Transforms
	for i, c := range described.Conditions {
		if c.PathPatternConfig != nil { // AWS has the values of this one twice
			described.Conditions[i].Values = c.PathPatternConfig.Values
		}
	}
	described.Actions = []elbtypes.Action{a.action(rule)}
	return described, nil
}

// action is what the rule does now.
func (a *Account) action(rule alb.Rule) elbtypes.Action {
	if fixed, ok := rule.Action.(alb.FixedResponse); ok {
		return elbtypes.Action{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: &elbtypes.FixedResponseActionConfig{
			StatusCode: aws.String(fmt.Sprint(fixed.StatusCode)), ContentType: &fixed.ContentType, MessageBody: &fixed.MessageBody,
		}}
	}
	action := elbtypes.Action{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
		TargetGroupStickinessConfig: &elbtypes.TargetGroupStickinessConfig{Enabled: aws.Bool(rule.GroupStickiness > 0)},
	}}
	if rule.GroupStickiness > 0 {
		action.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds = aws.Int32(int32(rule.GroupStickiness.Seconds()))
	}
	forward, _ := rule.Action.(alb.Forward)
	for _, group := range forward {
		action.ForwardConfig.TargetGroups = append(action.ForwardConfig.TargetGroups,
			elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(a.idOf(group.TargetGroup)), Weight: aws.Int32(int32(group.Weight))})
	}
	return action
}

// group is the target group of an ARN.
func (a *Account) group(arn string) (assembly.TargetGroup, error) {
	i := slices.IndexFunc(a.Stage.TargetGroups, func(g assembly.TargetGroup) bool { return a.ID(g.Resource) == arn })
	if i < 0 {
		return assembly.TargetGroup{}, notFound("TargetGroupNotFound", arn)
	}
	return a.Stage.TargetGroups[i], nil
}

func (a *Account) describeTargetGroups(arns []string) (any, error) {
	output := &elbv2.DescribeTargetGroupsOutput{}
	for _, arn := range arns {
		group, err := a.group(arn)
		if err != nil {
			return nil, err
		}
		check := group.HealthCheck
		output.TargetGroups = append(output.TargetGroups, elbtypes.TargetGroup{
			TargetGroupArn: aws.String(arn), LoadBalancerArns: []string{a.loadBalancer()},
			HealthCheckPath: aws.String(check.Path), Matcher: &elbtypes.Matcher{HttpCode: aws.String(check.Codes)},
			HealthCheckIntervalSeconds: aws.Int32(int32(check.Interval.Seconds())),
			HealthCheckTimeoutSeconds:  aws.Int32(int32(check.Timeout.Seconds())),
			HealthyThresholdCount:      aws.Int32(int32(check.Healthy)), UnhealthyThresholdCount: aws.Int32(int32(check.Unhealthy)),
		})
	}
	return output, nil
}

func (a *Account) describeTargetGroupAttributes(arn string) (any, error) {
	group, err := a.group(arn)
	if err != nil {
		return nil, err
	}
	output := &elbv2.DescribeTargetGroupAttributesOutput{}
	for _, key := range slices.Sorted(maps.Keys(group.Attributes)) {
		output.Attributes = append(output.Attributes,
			elbtypes.TargetGroupAttribute{Key: aws.String(key), Value: aws.String(group.Attributes[key])})
	}
	return output, nil
}

func (a *Account) describeAlarms(names []string) (any, error) {
	output := &cloudwatch.DescribeAlarmsOutput{}
	for _, alarm := range a.Stage.Alarms {
		if name := a.ID(alarm.Resource); slices.Contains(names, name) {
			state, err := a.state(alarm)
			if err != nil {
				return nil, err
			}
			output.MetricAlarms = append(output.MetricAlarms, cwtypes.MetricAlarm{AlarmName: &name, StateValue: cwtypes.StateValue(state)})
		}
	}
	return output, nil
}

// evaluated is for how many periods before now an alarm is evaluated.
const evaluated = 30

// state is the state of an alarm now.
func (a *Account) state(alarm assembly.Alarm) (engine.State, error) {
	metrics := map[string]engine.Series{}
	for _, m := range alarm.Metrics {
		series := make(engine.Series, evaluated)
		from := a.Now().Truncate(m.Period).Add(-evaluated * m.Period)
		for i := range series {
			series[i] = engine.Missing
			if value, ok := a.Value(a.query(m.Namespace, m.Name, m.Statistic, m.Dimensions), from, from.Add(m.Period)); ok {
				series[i] = value
			}
			from = from.Add(m.Period)
		}
		metrics[m.ID] = series
	}
	states, err := engine.States(alarm, metrics)
	if err != nil {
		return "", fmt.Errorf("alarm %s: %w", alarm.LogicalID, err)
	}
	return states[len(states)-1], nil
}

// query is a statistic of a metric by its dimensions, which are identities in a template, and
// physical ids in a call.
func (a *Account) query(namespace, name, statistic string, dimensions map[string]string) Query {
	q := Query{Namespace: namespace, Name: name, Statistic: statistic}
	for _, key := range []string{"TargetGroup", "TableName", "ServiceName"} {
		if value := dimensions[key]; value != "" {
			q.Of = a.identity(value)
			break
		}
	}
	return q
}

// identity is that of the target group or table which a dimension names.
func (a *Account) identity(value string) string {
	for _, group := range a.Stage.TargetGroups {
		if strings.HasSuffix(a.ID(group.Resource), ":"+value) || value == strings.TrimSuffix(group.Identity(), "}")+".TargetGroupFullName}" {
			return group.Identity()
		}
	}
	for _, table := range a.Stage.Tables {
		if value == a.ID(table.Resource) {
			return table.Identity()
		}
	}
	return value
}

// getMetricData answers a series for each query, the oldest value first, in two pages of time. Of
// times that are too long ago CloudWatch has no values of short periods.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
func (a *Account) getMetricData(parameters map[string]any) (any, error) {
	text, err := json.Marshal(parameters)
	if err != nil {
		return nil, err
	}
	var input cloudwatch.GetMetricDataInput
	if err := json.Unmarshal(text, &input); err != nil {
		return nil, err
	}
	from, to := *input.StartTime, *input.EndTime
	output := &cloudwatch.GetMetricDataOutput{}
	if half := from.Add(to.Sub(from) / 2).Truncate(6 * time.Hour); input.NextToken != nil {
		from = half
	} else if half.After(from) {
		to, output.NextToken = half, aws.String("second")
	}
	for _, q := range input.MetricDataQueries {
		output.MetricDataResults = append(output.MetricDataResults, a.series(q, from, to))
	}
	return output, nil
}

func (a *Account) series(q cwtypes.MetricDataQuery, from, to time.Time) cwtypes.MetricDataResult {
	of, dimensions := q.MetricStat.Metric, map[string]string{}
	for _, d := range of.Dimensions {
		dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	query := a.query(aws.ToString(of.Namespace), aws.ToString(of.MetricName), aws.ToString(q.MetricStat.Stat), dimensions)
	result := cwtypes.MetricDataResult{Id: q.Id, StatusCode: cwtypes.StatusCodeComplete}
	period := time.Duration(aws.ToInt32(q.MetricStat.Period)) * time.Second
	for at := from; at.Before(to); at = at.Add(period) {
		if a.Now().Sub(at) > retention(period) {
			continue
		}
		if value, ok := a.Value(query, at, at.Add(period)); ok {
			result.Timestamps, result.Values = append(result.Timestamps, at), append(result.Values, value)
		}
	}
	return result
}

// retention is for how long values of a period are kept.
func retention(period time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case period < 5*time.Minute:
		return 15 * day
	case period < time.Hour:
		return 63 * day
	}
	return 455 * day
}
