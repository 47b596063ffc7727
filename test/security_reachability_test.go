package test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wantedLinks are all that the environment needs, and those from the load balancer to
// the endpoints: it may send to the whole VPC, but sends to target groups only.
func wantedLinks(stage *assembly.Stage, phases phases, endpoints []string) map[network.Link]string {
	want := map[network.Link]string{{From: network.Internet, To: network.LoadBalancer}: "tcp 80"}
	outside := []string{"s3", "dynamodb"}
	if len(endpoints) == 0 {
		outside = append(outside, network.Internet)
	}
	for _, name := range endpoints {
		want[network.Link{From: network.LoadBalancer, To: name}] = "tcp 443"
	}
	for _, task := range stage.TaskDefinitions {
		container := task.Containers[0]
		for _, port := range container.Ports {
			want[network.Link{From: network.LoadBalancer, To: container.Name}] = fmt.Sprintf("tcp %d", port)
		}
		for _, name := range slices.Concat(endpoints, outside) {
			want[network.Link{From: container.Name, To: name}] = "tcp 443"
		}
	}
	for _, task := range stage.TaskDefinitions {
		for _, way := range needsOf(fixture.Catalog(), task.Containers[0].Name, phases).Egress {
			want[network.Link{From: task.Containers[0].Name, To: way.To}] = fmt.Sprintf("tcp %d", way.Port)
		}
	}
	for _, c := range connectionsOf(stage) {
		want[network.Link{From: c.Caller, To: c.Callee}] = fmt.Sprintf("tcp %d", services.ConnectionPort)
	}
	return want
}

// connectionsOf are the connections of the fixture whose two ends a stage has.
func connectionsOf(stage *assembly.Stage) []services.Connection {
	c, err := fixture.Catalog().Complete()
	if err != nil {
		panic(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(stage.Services, func(s assembly.Service) bool { return s.Program() == name })
	}
	return slices.DeleteFunc(c.Connections(), func(c services.Connection) bool { return !has(c.Caller) || !has(c.Callee) })
}

// interfaces are the interface endpoints of an environment with traces, that of X-Ray last.
var interfaces = []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager", "sqs", "ssm", "xray"}

// checkLinks wants a stage with these interface endpoints, or with a NAT gateway and
// none, to have the wanted links, in every subnet, and no other, in any.
func checkLinks(stage *assembly.Stage, phases phases, endpoints ...string) error {
	n, err := network.Of(stage)
	if err != nil {
		return err
	}
	got, want := n.Links(), wantedLinks(stage, phases, endpoints)
	var errs []error
	all := maps.Clone(want)
	maps.Copy(all, got)
	for l := range all {
		if got[l] != want[l] {
			errs = append(errs, fmt.Errorf("from %s to %s: %q, want %q", l.From, l.To, got[l], want[l]))
		}
	}
	return errors.Join(errs...)
}

// From the internet only the load balancer is reached, from it only the port of a
// task, and from a task only AWS, or the internet where there is a NAT gateway.
func TestReachability(t *testing.T) {
	for name, stage := range everywhere(t) {
		assert.NoError(t, checkLinks(stage.Stage, stage.phases, interfaces...), name)
	}
	withoutTraces := assemble(t, environment("traces", nil), editService("gamma", func(s *services.Service) { s.Collector = "" }))
	assert.NoError(t, checkLinks(withoutTraces, allLive.phases(), interfaces[:6]...), "without traces")
	assert.NoError(t, checkLinks(assemble(t, environment("natGateways", 1)), allLive.phases()), "with a gateway")
}

func TestReachabilityMutants(t *testing.T) {
	stage := at(t, allLive)
	internetGateway := only(stage, "Platform", "AWS::EC2::InternetGateway").LogicalID
	var tasksRouteTable string
	var taskSubnet assembly.Subnet
	for _, subnet := range stage.Subnets {
		if table, ok := stage.Resource(subnet.RouteTable); ok && slices.Contains(stage.Services[0].Subnets, subnet.Identity()) {
			tasksRouteTable, taskSubnet = table.LogicalID, subnet
		}
	}
	require.NotEmpty(t, tasksRouteTable)
	groupOf := func(name string) any {
		for _, service := range stage.Services {
			if service.Program() == name {
				return service.SecurityGroups[0]
			}
		}
		return nil
	}
	awsvpc := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::ECS::Service")[0]["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)
	}
	admit := func(rule map[string]any) func(resources map[string]any) {
		return func(resources map[string]any) {
			rule["Description"], rule["IpProtocol"] = "mutant", "-1"
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"] = []any{rule}
		}
	}
	egress := func(resources map[string]any) map[string]any {
		return ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupEgress"].([]any)[0].(map[string]any)
	}
	endpoints := func(resources map[string]any, with string) []map[string]any {
		return slices.DeleteFunc(ofType(resources, "AWS::EC2::VPCEndpoint"), func(p map[string]any) bool { return p[with] == nil })
	}
	defaultRoutes := func(resources map[string]any) []string {
		var ids []string
		for id, r := range resources {
			if r.(map[string]any)["Type"] == "AWS::EC2::Route" {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		return ids
	}
	tasksRoute := func(gateway, id string) func(resources map[string]any) {
		return func(resources map[string]any) {
			resources["Nat"] = map[string]any{"Type": "AWS::EC2::NatGateway", "Properties": map[string]any{}}
			resources["Mutant"] = map[string]any{"Type": "AWS::EC2::Route", "Properties": map[string]any{
				"RouteTableId": map[string]any{"Ref": tasksRouteTable}, "DestinationCidrBlock": "0.0.0.0/0", gateway: map[string]any{"Ref": id},
			}}
		}
	}
	database := func(resources map[string]any) map[string]any {
		for _, rule := range ofType(resources, "AWS::EC2::SecurityGroupIngress") {
			if rule["GroupId"] == fixture.DatabaseGroup {
				return rule
			}
		}
		return nil
	}
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"a service that admits the VPC":             {"Alpha", admit(map[string]any{"CidrIp": "10.0.0.0/16"})},
		"a service that admits a neighbour's range": {"Alpha", admit(map[string]any{"CidrIp": "10.0.32.0/20"})},
		"a service that admits another group":       {"Alpha", admit(map[string]any{"SourceSecurityGroupId": groupOf("beta")})},
		"an egress to anywhere on all ports":        {"Alpha", func(resources map[string]any) { egress(resources)["IpProtocol"] = "-1" }},
		"an egress on one port more":                {"Alpha", func(resources map[string]any) { egress(resources)["FromPort"] = 442 }},
		"the egress that EC2 has by default": {"Alpha", func(resources map[string]any) {
			delete(ofType(resources, "AWS::EC2::SecurityGroup")[0], "SecurityGroupEgress")
		}},
		"a database that admits another port": {"Gamma", func(resources map[string]any) {
			database(resources)["FromPort"] = 5433
		}},
		"a database that admits another program": {"Gamma", func(resources map[string]any) {
			database(resources)["SourceSecurityGroupId"] = groupOf("alpha")
		}},
		"a way out that the catalog does not name": {"Alpha", func(resources map[string]any) {
			resources["Mutant"] = map[string]any{"Type": "AWS::EC2::SecurityGroupEgress", "Properties": map[string]any{
				"GroupId": groupOf("alpha"), "CidrIp": "192.168.10.0/24", "IpProtocol": "tcp", "FromPort": 25, "ToPort": 25,
			}}
		}},
		"a task without a group": {"Alpha", func(resources map[string]any) { delete(awsvpc(resources), "SecurityGroups") }},
		"a task in a public subnet": {"Alpha", func(resources map[string]any) {
			awsvpc(resources)["AssignPublicIp"] = "ENABLED"
			awsvpc(resources)["Subnets"] = stage.LoadBalancers[0].Subnets
		}},
		"a NAT gateway that the environment does not ask for": {"Platform", tasksRoute("NatGatewayId", "Nat")},
		"a load balancer open on another port": {"Edge", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"].([]any)[0].(map[string]any)["ToPort"] = 81
		}},
		"a load balancer that sends anywhere":       {"Edge", func(resources map[string]any) { egress(resources)["CidrIp"] = "0.0.0.0/0" }},
		"a load balancer that sends beyond the VPC": {"Edge", func(resources map[string]any) { egress(resources)["CidrIp"] = "10.0.0.0/8" }},
		"a load balancer without a public address": {"Edge", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::LoadBalancer")[0]["Scheme"] = "internal"
		}},
		"no route to the tables": {"Platform", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::VPCEndpoint")[0]["RouteTableIds"] = []any{}
		}},
		"no route to the tables from one subnet": {"Platform", func(resources map[string]any) {
			gateway := endpoints(resources, "RouteTableIds")[0]
			gateway["RouteTableIds"] = gateway["RouteTableIds"].([]any)[:1]
		}},
		"endpoints that admit one subnet": {"Platform", func(resources map[string]any) {
			for _, group := range ofType(resources, "AWS::EC2::SecurityGroup") {
				if rules, ok := group["SecurityGroupIngress"].([]any); ok {
					rules[0].(map[string]any)["CidrIp"] = taskSubnet.Range.String()
				}
			}
		}},
		"no route to the internet from one subnet of the load balancer": {"Platform", func(resources map[string]any) {
			delete(resources, defaultRoutes(resources)[0])
		}},
		"a task in a subnet that no template declares": {"Alpha", func(resources map[string]any) {
			awsvpc(resources)["Subnets"] = []any{taskSubnet.Identity(), "subnet-1"}
		}},
		"an endpoint without private DNS": {"Platform", func(resources map[string]any) {
			endpoints(resources, "SubnetIds")[0]["PrivateDnsEnabled"] = false
		}},
		"an endpoint with the DNS that CloudFormation has by default": {"Platform", func(resources map[string]any) {
			delete(endpoints(resources, "SubnetIds")[0], "PrivateDnsEnabled")
		}},
		"a VPC that names no hosts": {"Platform", func(resources map[string]any) {
			ofType(resources, "AWS::EC2::VPC")[0]["EnableDnsHostnames"] = false
		}},
	} {
		edited := mutated(t, allLive, mutant.stack, mutant.edit)
		assert.Error(t, checkLinks(edited, allLive.phases(), interfaces...), "%s: mutant passed the check", name)
	}
	// A route to the internet gateway is of no use to a task without a public address.
	assert.NoError(t, checkLinks(mutated(t, allLive, "Platform", tasksRoute("GatewayId", internetGateway)), allLive.phases(), interfaces...))
}
