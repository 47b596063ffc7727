package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
)

// object is a value of a template.
type object = map[string]any

// program is one that a small environment runs, with a stack of its own.
type program struct {
	name string
	// paths are those of its rules: "/*" for the monolith.
	paths []string
	// priority is that of its preview rule. Its live rule comes 25000 later.
	priority int
	// share is the percentage of requests that its live rule forwards to it. Zero means
	// that it has no live rule.
	share int
	// image is the reference of its container image. Empty means one with its name.
	image string
	// tables are the services whose table its role may read.
	tables []string
	// calls are the programs that it calls.
	calls []string
}

// The programs of a small environment, all live.
var (
	alpha  = program{name: "alpha", paths: []string{"/api/alpha", "/api/alpha/*"}, priority: 100, share: 100, tables: []string{"alpha"}}
	beta   = program{name: "beta", paths: []string{"/api/beta", "/api/beta/*"}, priority: 200, share: 100}
	legacy = program{name: "legacy", paths: []string{"/*"}, priority: 25000, share: 100, tables: []string{"alpha"}}
)

func (p program) id() string { return services.Service{Name: p.name}.ID() }

// at is the program with another share.
func (p program) at(share int) program {
	p.share = share
	return p
}

// called is the program under another name.
func (p program) called(name string) program {
	p.name = name
	return p
}

// calling is the program with connections to others.
func (p program) calling(names ...string) program {
	p.calls = names
	return p
}

// ref is the identity of a resource, as a reference to it resolves.
func ref(stack, id string) string { return "${" + stack + "." + id + "}" }

// template is the resources of the program's stack; the rest of a share goes to the
// group of the monolith.
func (p program) template(monolith string) object {
	own := ref(p.id(), "Group")
	forward := []any{object{"TargetGroupArn": own, "Weight": p.share}}
	if p.share < 100 {
		forward = append(forward, object{"TargetGroupArn": ref(monolith, "Group"), "Weight": 100 - p.share})
	}
	paths := object{"Field": "path-pattern", "PathPatternConfig": object{"Values": p.paths}}
	header := object{"Field": "http-header", "HttpHeaderConfig": object{"HttpHeaderName": services.PreviewHeader, "Values": []any{p.name}}}
	var statements []any
	for _, table := range p.tables {
		statements = append(
			statements,
			object{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": ref("Data", services.Service{Name: table}.ID()+"Table.Arn")},
		)
	}
	resources := object{
		"Group": resource(
			"AWS::ElasticLoadBalancingV2::TargetGroup",
			object{"Name": p.name, "Port": 80, "Protocol": "HTTP", "TargetType": "ip", "VpcId": "vpc"},
		),
		"Task": resource("AWS::ECS::TaskDefinition", object{
			"Cpu": "256", "Memory": "512", "TaskRoleArn": object{"Fn::GetAtt": []any{"Role", "Arn"}},
			"ContainerDefinitions": []any{object{
				"Name": p.name, "Image": cmp.Or(p.image, "registry.example/"+p.name+":1.0"), "User": ordinary, "ReadonlyRootFilesystem": true,
			}},
		}),
		"Role": resource("AWS::IAM::Role", object{
			"AssumeRolePolicyDocument": object{
				"Statement": []any{object{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": object{"Service": "ecs-tasks.amazonaws.com"}}},
			},
			"Policies": []any{object{"PolicyName": "Tables", "PolicyDocument": object{"Statement": statements}}},
		}),
		"Service": resource("AWS::ECS::Service", object{
			"Cluster": "cluster", "TaskDefinition": object{"Ref": "Task"},
			"LoadBalancers": []any{object{"TargetGroupArn": object{"Ref": "Group"}, "ContainerName": p.name, "ContainerPort": 8080}},
		}),
		"Target": resource("AWS::ApplicationAutoScaling::ScalableTarget", object{
			"MinCapacity": 3, "MaxCapacity": 9, "ResourceId": object{"Fn::Sub": "service/cluster/${Service.Name}"},
		}),
		"Preview": rule(p.priority, []any{paths, header}, []any{object{"TargetGroupArn": own}}),
	}
	if p.share > 0 {
		resources["Live"] = rule(25000+p.priority, []any{paths}, forward)
	}
	return resources
}

func resource(kind string, properties object) object {
	return object{"Type": kind, "Properties": properties}
}

func rule(priority int, conditions, groups []any) object {
	return resource("AWS::ElasticLoadBalancingV2::ListenerRule", object{
		"ListenerArn": ref("Edge", "Http"), "Priority": priority, "Conditions": conditions,
		"Actions": []any{object{"Type": "forward", "ForwardConfig": object{"TargetGroups": groups}}},
	})
}

func listener(protocol string, port int) object {
	return resource("AWS::ElasticLoadBalancingV2::Listener", object{
		"Protocol": protocol, "Port": port, "LoadBalancerArn": "balancer",
		"DefaultActions": []any{object{"Type": "fixed-response", "FixedResponseConfig": object{"StatusCode": "404"}}},
	})
}

func subnet(zone string) object {
	return resource("AWS::EC2::Subnet", object{"AvailabilityZone": zone, "VpcId": "vpc", "CidrBlock": "10.0.0.0/24"})
}

// templates are the stacks of a small environment, by their IDs: two zones, a
// listener, a table of alpha with an index, and the programs.
func templates(programs ...program) map[string]object {
	stacks := map[string]object{
		"Platform": {"Subnet1": subnet("eu-west-1a"), "Subnet2": subnet("eu-west-1b")},
		"Edge":     {"Http": listener("HTTP", 80)},
		"Data": {"AlphaTable": object{
			"Type": "AWS::DynamoDB::GlobalTable", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
			"Properties": object{
				"KeySchema":              keys("id"),
				"AttributeDefinitions":   attributes("id", "S", "kind", "S"),
				"GlobalSecondaryIndexes": []any{index("all", "kind")},
			},
		}},
	}
	monolith := ""
	for _, p := range programs {
		if p.paths[0] == "/*" {
			monolith = p.id()
		}
	}
	for _, p := range programs {
		stacks[p.id()] = p.template(monolith)
	}
	for _, p := range programs {
		for _, callee := range p.calls {
			connect(stacks, p, program{name: callee})
		}
	}
	return stacks
}

// connect lets one program call another: with proxies in one namespace, a name of the
// callee, and rules in the stack of the caller.
func connect(stacks map[string]object, caller, callee program) {
	if stacks[callee.id()] == nil {
		return // it calls one that is not there, which makes no connection
	}
	for _, p := range []program{caller, callee} {
		resources := stacks[p.id()]
		resources["Tasks"] = resource("AWS::EC2::SecurityGroup", object{"SecurityGroupEgress": []any{
			object{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"},
		}})
		set(resources["Service"], "NetworkConfiguration", object{"AwsvpcConfiguration": object{"SecurityGroups": []any{object{"Ref": "Tasks"}}}})
		if resources["Service"].(object)["Properties"].(object)["ServiceConnectConfiguration"] == nil {
			set(resources["Service"], "ServiceConnectConfiguration", object{"Enabled": true, "Namespace": "shop"})
		}
	}
	set(stacks[callee.id()]["Service"], "ServiceConnectConfiguration", object{"Enabled": true, "Namespace": "shop", "Services": []any{object{
		"PortName": callee.name, "ClientAliases": []any{object{"DnsName": callee.name, "Port": 80}}, "IngressPortOverride": 12080,
	}}})
	allow := func(kind, peer string, of, to program) {
		stacks[caller.id()][caller.id()+kind+callee.id()] = resource("AWS::EC2::SecurityGroup"+kind, object{
			"GroupId": ref(of.id(), "Tasks"), peer: ref(to.id(), "Tasks"), "IpProtocol": "tcp", "FromPort": 12080, "ToPort": 12080,
		})
	}
	allow("Egress", "DestinationSecurityGroupId", caller, callee)
	allow("Ingress", "SourceSecurityGroupId", callee, caller)
}

func keys(partition string) []any {
	return []any{object{"AttributeName": partition, "KeyType": "HASH"}}
}

func index(name, partition string) object {
	return object{"IndexName": name, "KeySchema": keys(partition), "Projection": object{"ProjectionType": "ALL"}}
}

// attributes are pairs of a name and a type.
func attributes(pairs ...string) []any {
	var all []any
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, object{"AttributeName": pairs[i], "AttributeType": pairs[i+1]})
	}
	return all
}

// read is the environment of some templates.
func read(t testing.TB, stacks map[string]object) *assembly.Stage {
	t.Helper()
	texts := map[string]string{}
	for id, resources := range stacks {
		text, err := json.Marshal(resources)
		require.NoError(t, err)
		texts[id] = string(text)
	}
	return stage(t, texts)
}

// environment is a small environment with these programs.
func environment(t testing.TB, programs ...program) *assembly.Stage {
	t.Helper()
	return read(t, templates(programs...))
}

// edited is a small environment of all programs after an edit of its templates.
func edited(t testing.TB, edit func(stacks map[string]object)) *assembly.Stage {
	t.Helper()
	stacks := templates(alpha, beta, legacy)
	edit(stacks)
	return read(t, stacks)
}

// set changes a property of a resource.
func set(resource any, property string, value any) {
	resource.(object)["Properties"].(object)[property] = value
}

func (p program) String() string { return fmt.Sprintf("%s at %d%%", p.name, p.share) }
