package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
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

// Whoever looks at a rule is told what it is for; only the front door is open to
// anyone, and a task speaks to nothing but HTTPS, with a way to the internet too.
func TestSecurityGroups(t *testing.T) {
	for name, stage := range map[string]*assembly.Stage{
		"as it ships":      at(t, situation{"live", services.Serving}),
		"with a gateway":   assemble(t, environment("natGateways", 1)),
		"under a domain":   atPublic(t),
		"without a legacy": at(t, situation{"strangled", services.Retired}),
	} {
		if err := checkSecurityGroups(stage); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecurityGroupMutants(t *testing.T) {
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"a rule without a word": {"Alpha", func(resources map[string]any) {
			delete(ofType(resources, "AWS::EC2::SecurityGroupIngress")[0], "Description")
		}},
		"a task that anyone reaches": {"Alpha", func(resources map[string]any) {
			rule := ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]
			delete(rule, "SourceSecurityGroupId")
			rule["CidrIp"] = "0.0.0.0/0"
		}},
		"a task that its VPC reaches": {"Alpha", func(resources map[string]any) {
			rule := ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]
			delete(rule, "SourceSecurityGroupId")
			rule["CidrIp"] = "10.0.0.0/16"
		}},
		"a task that speaks to any port": {"Alpha", func(resources map[string]any) {
			egress := ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupEgress"].([]any)[0].(map[string]any)
			egress["FromPort"] = 0
		}},
		"a front door open on another port": {"Edge", func(resources map[string]any) {
			ingress := ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"].([]any)[0].(map[string]any)
			ingress["ToPort"] = 8080
		}},
		"a default group left as it is": {"Platform", func(resources map[string]any) {
			maps.DeleteFunc(resources, func(_ string, r any) bool { return r.(map[string]any)["Type"] == "Custom::VpcRestrictDefaultSG" })
		}},
	} {
		if checkSecurityGroups(mutated(t, situation{"live", services.Serving}, mutant.stack, mutant.edit)) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

func checkSecurityGroups(stage *assembly.Stage) error {
	errs := []error{checkDefaultGroup(stage)}
	for _, group := range stage.SecurityGroups {
		isTask := group.Stack != "Edge" && group.Stack != "Platform"
		for _, rule := range slices.Concat(group.Ingress, group.Egress) {
			if rule.Description == "" {
				errs = append(errs, fmt.Errorf("%s: a rule of %s says nothing: %+v", group.Stack, group.LogicalID, rule))
			}
		}
		for _, rule := range group.Ingress {
			if frontDoor := group.Stack == "Edge" && rule.From == rule.To && (rule.To == 80 || rule.To == 443); rule.Range.IsValid() && rule.Range.Bits() == 0 && !frontDoor {
				errs = append(errs, fmt.Errorf("%s: anyone reaches %s: %+v", group.Stack, group.LogicalID, rule))
			}
			if isTask && !slices.Contains(stage.LoadBalancers[0].SecurityGroups, rule.Group) {
				errs = append(errs, fmt.Errorf("%s: %s admits more than the load balancer: %+v", group.Stack, group.LogicalID, rule))
			}
		}
		for _, rule := range group.Egress {
			if isTask && (rule.Protocol != "tcp" || rule.From != 443 || rule.To != 443) {
				errs = append(errs, fmt.Errorf("%s: %s reaches more than HTTPS: %+v", group.Stack, group.LogicalID, rule))
			}
		}
	}
	return errors.Join(errs...)
}

// checkDefaultGroup wants every VPC's default security group emptied: whatever
// names no group of its own is in that one.
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

// An endpoint lets pass what the environment needs of it, and nothing else.
func TestEndpoints(t *testing.T) {
	for name, stage := range map[string]*assembly.Stage{
		"as it ships":     at(t, situation{"live", services.Serving}),
		"with a gateway":  assemble(t, environment("natGateways", 1)),
		"with collectors": atTraced(t),
	} {
		if err := checkEndpoints(stage); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
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
		mutant := mutated(t, situation{"live", services.Serving}, "Platform", func(resources map[string]any) {
			tables := ofType(resources, "AWS::EC2::VPCEndpoint")[0]
			edit(tables, tables["PolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any))
		})
		if checkEndpoints(mutant) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

// checkEndpoints knows the names that CloudFormation gives: they begin with that
// of the stack.
func checkEndpoints(stage *assembly.Stage) error {
	data, _ := stage.Stack("Data")
	pulls := []string{
		"ecr:GetAuthorizationToken * from ${AWS::AccountId}",
		"ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer arn:aws:ecr:eu-west-1:${AWS::AccountId}:repository/* from ${AWS::AccountId}",
	}
	want := map[string][]string{
		"s3":       {"s3:GetObject arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/* from "},
		"dynamodb": {"dynamodb:* arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/" + data.Name + "-* from ${AWS::AccountId}"},
		"ecr.api":  pulls,
		"ecr.dkr":  pulls,
		"xray":     {"xray:PutTraceSegments * from ${AWS::AccountId}"},
		"logs":     {"logs:CreateLogStream logs:PutLogEvents arn:aws:logs:eu-west-1:${AWS::AccountId}:log-group:" + stage.Name + "-* from ${AWS::AccountId}"},
	}
	for r := range stage.Resources("AWS::EC2::VPCEndpoint") {
		_, service, _ := strings.Cut(fmt.Sprint(r.Properties["ServiceName"]), "eu-west-1.")
		got, err := passes(r)
		if err != nil || !slices.Equal(got, want[service]) {
			return fmt.Errorf("the endpoint of %s passes %q, want %q (%v)", service, got, want[service], err)
		}
	}
	return checkGeneratedNames(stage)
}

// passes says what an endpoint's policy allows, a line for each statement.
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

// checkGeneratedNames wants no table and no log of a task to be called otherwise
// than its stack, or the endpoints would not let it through.
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
