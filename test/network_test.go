package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// into reads properties as the type that the caller needs of them.
func into[T any](properties any) (T, error) {
	var v T
	text, err := json.Marshal(properties)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
}

// ofType are the properties of a template's resources of a type, for a mutant to edit.
func ofType(resources map[string]any, kind string) []map[string]any {
	var all []map[string]any
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		if r := resources[id].(map[string]any); r["Type"] == kind {
			all = append(all, r["Properties"].(map[string]any))
		}
	}
	return all
}

// Every rule of a security group has a description, only the load balancer is open
// to any address, and a task sends to port 443 and to those that it calls alone, also
// with a NAT gateway.
func TestSecurityGroups(t *testing.T) {
	for name, stage := range map[string]*assembly.Stage{
		"all live":         at(t, allLive),
		"with a gateway":   assemble(t, environment("natGateways", 1)),
		"under a domain":   atPublic(t),
		"without a legacy": at(t, situation{"strangled", services.Retired}),
	} {
		assert.NoError(t, checkSecurityGroups(stage), name)
	}
}

func TestSecurityGroupMutants(t *testing.T) {
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"a rule without a description": {"Alpha", func(resources map[string]any) {
			delete(ofType(resources, "AWS::EC2::SecurityGroupIngress")[0], "Description")
		}},
		"a task open to any address": {"Alpha", func(resources map[string]any) {
			rule := ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]
			delete(rule, "SourceSecurityGroupId")
			rule["CidrIp"] = "0.0.0.0/0"
		}},
		"a task open to its VPC": {"Alpha", func(resources map[string]any) {
			rule := ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]
			delete(rule, "SourceSecurityGroupId")
			rule["CidrIp"] = "10.0.0.0/16"
		}},
		"a task that sends to any port": {"Alpha", func(resources map[string]any) {
			egress := ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupEgress"].([]any)[0].(map[string]any)
			egress["FromPort"] = 0
		}},
		"a load balancer open on another port": {"Edge", func(resources map[string]any) {
			ingress := ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"].([]any)[0].(map[string]any)
			ingress["ToPort"] = 8080
		}},
		"a default group left as it is": {"Platform", func(resources map[string]any) {
			maps.DeleteFunc(resources, func(_ string, r any) bool { return r.(map[string]any)["Type"] == "Custom::VpcRestrictDefaultSG" })
		}},
	} {
		assert.Error(t, checkSecurityGroups(mutated(t, allLive, mutant.stack, mutant.edit)), "%s: mutant passed the check", name)
	}
}

func checkSecurityGroups(stage *assembly.Stage) error {
	errs := []error{checkDefaultGroup(stage)}
	for _, group := range stage.SecurityGroups {
		isTask := group.Stack != "Edge" && group.Stack != "Platform"
		for _, rule := range slices.Concat(group.Ingress, group.Egress) {
			if rule.Description == "" {
				errs = append(errs, fmt.Errorf("%s: a rule of %s has no description: %+v", group.Stack, group.LogicalID, rule))
			}
		}
		for _, rule := range group.Ingress {
			balancer := group.Stack == "Edge" && rule.From == rule.To && (rule.To == 80 || rule.To == 443)
			if rule.Range.IsValid() && rule.Range.Bits() == 0 && !balancer {
				errs = append(errs, fmt.Errorf("%s: %s is open to any address: %+v", group.Stack, group.LogicalID, rule))
			}
			if isTask && !slices.Contains(stage.LoadBalancers[0].SecurityGroups, rule.Group) && !isConnection(rule) {
				errs = append(errs, fmt.Errorf("%s: %s admits more than the load balancer and its callers: %+v", group.Stack, group.LogicalID, rule))
			}
		}
		for _, rule := range group.Egress {
			if isTask && (rule.Protocol != "tcp" || rule.From != 443 || rule.To != 443) && !isConnection(rule) && !isWayOut(group, rule) {
				errs = append(errs, fmt.Errorf("%s: %s sends to more than port 443, its callees and what it needs: %+v", group.Stack,
					group.LogicalID, rule))
			}
		}
	}
	return errors.Join(errs...)
}

// isConnection reports whether a rule is for the port of connections and for one group.
func isConnection(rule assembly.GroupRule) bool {
	return rule.Protocol == "tcp" && rule.From == services.ConnectionPort && rule.To == services.ConnectionPort && rule.Group != ""
}

// isWayOut reports whether the fixture's catalog gives the program of a group a way out.
func isWayOut(group assembly.SecurityGroup, rule assembly.GroupRule) bool {
	return slices.ContainsFunc(fixture.Catalog().All(), func(s services.Service) bool {
		needs := needsOf(fixture.Catalog(), s.Name, allLive.phases())
		return s.ID() == group.Stack && slices.ContainsFunc(needs.Egress, func(e services.Egress) bool {
			return rule.Protocol == "tcp" && rule.From == e.Port && rule.To == e.Port && rule.Description == e.Reason &&
				(rule.Group == e.To || rule.Range.IsValid() && rule.Range.String() == e.To)
		})
	})
}

// checkDefaultGroup wants every VPC's default security group emptied: a network
// interface that names no group of its own is in that one.
func checkDefaultGroup(stage *assembly.Stage) error {
	for vpc := range stage.Resources("AWS::EC2::VPC") {
		group := fmt.Sprintf("${%s.%s.DefaultSecurityGroup}", vpc.Stack, vpc.LogicalID)
		var emptied bool
		for r := range stage.Resources("Custom::VpcRestrictDefaultSG") {
			emptied = emptied || r.Properties["DefaultSecurityGroupId"] == group
		}
		if !emptied {
			return fmt.Errorf("%s has rules", group)
		}
	}
	return nil
}

// The policy of an endpoint passes what the environment needs of it, and nothing else.
func TestEndpoints(t *testing.T) {
	for name, stage := range map[string]*assembly.Stage{
		"all live":        at(t, allLive),
		"with a gateway":  assemble(t, environment("natGateways", 1)),
		"with collectors": atTraced(t),
	} {
		assert.NoError(t, checkEndpoints(stage, fixture.Endpoints()...), name)
	}
	plain := editService("gamma", withoutNeeds)
	assert.NoError(t, checkEndpoints(assemble(t, plain, environment("endpoints", nil))), "without further ones")
	assert.NoError(t, checkEndpoints(assemble(t, plain, environment("endpoints", []string{"s3"})), "s3"), "with buckets")
}

func TestEndpointMutants(t *testing.T) {
	for name, edit := range map[string]func(endpoint, statement map[string]any){
		"no policy":      func(endpoint, _ map[string]any) { delete(endpoint, "PolicyDocument") },
		"any caller":     func(_, statement map[string]any) { delete(statement, "Condition") },
		"any resource":   func(_, statement map[string]any) { statement["Resource"] = "*" },
		"another action": func(_, statement map[string]any) { statement["Action"] = []any{"dynamodb:*", "s3:PutObject"} },
		"all but one": func(_, statement map[string]any) {
			delete(statement, "Action")
			statement["NotAction"] = "dynamodb:Scan"
		},
	} {
		mutant := mutated(t, allLive, "Platform", func(resources map[string]any) {
			tables := ofType(resources, "AWS::EC2::VPCEndpoint")[0]
			edit(tables, tables["PolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any))
		})
		assert.Error(t, checkEndpoints(mutant, fixture.Endpoints()...), "%s: mutant passed the check", name)
	}
}

// checkEndpoints wants the policies to cover the names that CloudFormation gives to
// tables and logs: they begin with that of the stack. A gateway passes more where the
// environment names it.
func checkEndpoints(stage *assembly.Stage, named ...string) error {
	data, _ := stage.Stack("Data")
	const from, region = " from ${AWS::AccountId}", ":eu-west-1:${AWS::AccountId}:"
	pulls := []string{
		"ecr:GetAuthorizationToken *" + from,
		"ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer arn:aws:ecr" + region + "repository/*" + from,
	}
	want := map[string][]string{
		"s3": {
			"s3:GetObject arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/* from ",
			"s3:* arn:aws:s3:::*" + from,
		},
		"dynamodb":       {"dynamodb:* arn:aws:dynamodb" + region + "table/" + data.Name + "-*" + from},
		"ecr.api":        pulls,
		"ecr.dkr":        pulls,
		"xray":           {"xray:PutTraceSegments *" + from},
		"secretsmanager": {"secretsmanager:* arn:aws:secretsmanager" + region + "*" + from},
		"sqs":            {"sqs:* arn:aws:sqs" + region + "*" + from},
		"ssm":            {"ssm:* arn:aws:ssm" + region + "*" + from},
		"logs":           {"logs:CreateLogStream logs:PutLogEvents arn:aws:logs" + region + "log-group:" + stage.Name + "-*" + from},
	}
	if len(slices.Collect(stage.Resources("AWS::EC2::NatGateway"))) > 0 {
		want["s3"] = nil // the way to the buckets of others is open anyway
	}
	if !slices.Contains(named, "s3") {
		want["s3"] = want["s3"][:min(1, len(want["s3"]))]
	}
	if slices.Contains(named, "dynamodb") {
		want["dynamodb"] = []string{"dynamodb:* arn:aws:dynamodb" + region + "*" + from}
	}
	for r := range stage.Resources("AWS::EC2::VPCEndpoint") {
		_, service, _ := strings.Cut(fmt.Sprint(r.Properties["ServiceName"]), "eu-west-1.")
		got, err := passes(r)
		if err != nil || !slices.Equal(got, want[service]) {
			return errors.Join(fmt.Errorf("the endpoint of %s passes %q, want %q", service, got, want[service]), err)
		}
	}
	return checkGeneratedNames(stage)
}

// passes is what an endpoint's policy allows, a line for each statement.
func passes(endpoint assembly.Resource) ([]string, error) {
	document, err := into[struct{ Statement []assembly.Statement }](endpoint.Properties["PolicyDocument"])
	var lines []string
	for _, s := range document.Statement {
		if s.Effect != "Allow" || len(s.NotAction)+len(s.NotResource) > 0 {
			return nil, fmt.Errorf("%+v", s)
		}
		lines = append(lines, fmt.Sprintf("%s %s from %s", strings.Join(s.Action, " "), strings.Join(s.Resource, " "),
			strings.Join(s.Condition["StringEquals"]["aws:PrincipalAccount"], " ")))
	}
	return lines, err
}

// checkGeneratedNames wants every table and every log of a task to get its name from
// CloudFormation, or the policies of the endpoints would not cover it.
func checkGeneratedNames(stage *assembly.Stage) error {
	for r := range stage.Resources("AWS::DynamoDB::GlobalTable", "AWS::Logs::LogGroup") {
		stack, _ := stage.Stack(r.Stack)
		name := r.Properties["TableName"]
		if r.Type == "AWS::Logs::LogGroup" {
			name = r.Properties["LogGroupName"]
		}
		if isTask := r.Stack != "Edge" && r.Stack != "Platform"; isTask && (name != nil || !strings.HasPrefix(stack.Name, stage.Name+"-")) {
			return fmt.Errorf("%s of %s is named %v", r.LogicalID, stack.Name, name)
		}
	}
	return nil
}

// Without a NAT gateway tasks reach the registry, the logs and, with traces, X-Ray
// through interface endpoints; with one they need only the gateway endpoints, which
// cost nothing.
func TestWayOut(t *testing.T) {
	plain := editService("gamma", func(s *services.Service) { s.Collector = ""; withoutNeeds(s) })
	none, all := environment("endpoints", nil), slices.Sorted(slices.Values(append([]string{"dynamodb", "s3"}, interfaces...)))
	for name, test := range map[string]struct {
		changes   []change
		gateways  int
		endpoints []string
	}{
		"without traces": {
			[]change{environment("traces", false), none, plain}, 0, []string{"dynamodb", "ecr.api", "ecr.dkr", "logs", "s3"},
		},
		"with traces":               {[]change{none, plain}, 0, []string{"dynamodb", "ecr.api", "ecr.dkr", "logs", "s3", "xray"}},
		"with further ones":         {nil, 0, all},
		"with a gateway":            {[]change{environment("natGateways", 1)}, 1, []string{"dynamodb", "s3"}},
		"with a gateway, no traces": {[]change{environment("natGateways", 1), environment("traces", false)}, 1, []string{"dynamodb", "s3"}},
	} {
		stage := assemble(t, test.changes...)
		var endpoints []string
		for r := range stage.Resources("AWS::EC2::VPCEndpoint") {
			_, name, _ := strings.Cut(fmt.Sprint(r.Properties["ServiceName"]), "eu-west-1.")
			endpoints = append(endpoints, name)
		}
		assert.ElementsMatch(t, test.endpoints, endpoints, "the endpoints %s", name)
		assert.Len(t, slices.Collect(stage.Resources("AWS::EC2::NatGateway")), test.gateways, "the NAT gateways %s", name)
	}
}

// The number of zones is the environment's, and no zone is looked up in an
// account: synthesis needs no credentials.
func TestZones(t *testing.T) {
	stage := assemble(t, environment("azs", 3), environment("account", "123456789012"))
	assert.Len(t, slices.Collect(stage.Resources("AWS::EC2::Subnet")), 6, "3 zones, want a public subnet and one for tasks in each")
	zones := map[any]int{}
	for r := range stage.Resources("AWS::EC2::Subnet") {
		zones[fmt.Sprint(r.Properties["AvailabilityZone"])]++
	}
	assert.Len(t, zones, 3, "zones of the subnets: %v", zones)
	// The CLI looks up in the account what a manifest lists as missing.
	nested := filepath.Dir(stage.Stacks[0].File)
	for _, folder := range []string{nested, filepath.Dir(nested)} {
		manifest, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
		require.NoError(t, err)
		var content struct{ Missing []any }
		require.NoError(t, json.Unmarshal(manifest, &content))
		assert.Empty(t, content.Missing, "look-ups that synthesis asks for in %s", folder)
	}
}
