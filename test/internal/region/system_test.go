//go:build unix

package region

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/assembly/assemblytest"
	"example.com/strangler/test/internal/cloudformation"
)

// object is a part of a template.
type object = map[string]any

// template is the resources of a system of programs, which the tests change.
type template map[string]object

// connectionPort is the port of the proxies.
const connectionPort = 12080

// system is a VPC in which each program may call those that it names. Every program has a
// name in the namespace, and the URLs of all others. The services are created in the order
// of their names, the last first, each with two tasks.
func system(calls map[string][]string) template {
	cidr := "10.0.0.0/16"
	t := template{
		"Vpc":    {"Type": "AWS::EC2::VPC", "Properties": object{"CidrBlock": cidr}},
		"Subnet": {"Type": "AWS::EC2::Subnet", "Properties": object{"VpcId": ref("Vpc"), "CidrBlock": cidr}},
		"BalancerGroup": {"Type": "AWS::EC2::SecurityGroup", "Properties": object{
			"SecurityGroupEgress": []object{{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "CidrIp": cidr}},
		}},
		"Balancer": {"Type": loadBalancerType, "Properties": object{
			"Scheme": "internet-facing", "Subnets": []any{ref("Subnet")}, "SecurityGroups": []any{attribute("BalancerGroup", "GroupId")},
		}},
		"Listener": {"Type": listenerType, "Properties": object{
			"LoadBalancerArn": ref("Balancer"), "Port": 80, "Protocol": "HTTP",
			"DefaultActions": []object{{"Type": "fixed-response", "FixedResponseConfig": object{"StatusCode": "404"}}},
		}},
		"Namespace": {"Type": "AWS::ServiceDiscovery::HttpNamespace", "Properties": object{"Name": "system"}},
	}
	names := slices.Sorted(maps.Keys(calls))
	for i, name := range names {
		t.addProgram(name, names, i+1)
		if i+1 < len(names) {
			t.dependsOn(name+"Service", names[i+1]+"Service")
		}
	}
	for _, caller := range names {
		for _, callee := range calls[caller] {
			t.connect(caller, callee)
		}
	}
	return t
}

func ref(id string) object { return object{"Ref": id} }

func attribute(id, name string) object { return object{"Fn::GetAtt": []string{id, name}} }

// addProgram adds a program with the URLs of all programs.
func (t template) addProgram(name string, all []string, priority int) {
	environment := []object{{"Name": "STORE", "Value": "memory"}, {"Name": "PORT", "Value": "8080"}}
	for _, other := range all {
		environment = append(environment, object{"Name": strings.ToUpper(other) + "_URL", "Value": "http://" + strings.ToLower(other)})
	}
	t[name+"Group"] = object{"Type": "AWS::EC2::SecurityGroup", "Properties": object{
		"SecurityGroupIngress": []object{{
			"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "SourceSecurityGroupId": attribute("BalancerGroup", "GroupId"),
		}},
		"SecurityGroupEgress": []object{{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}},
	}}
	t[name+"Targets"] = object{"Type": targetGroupType, "Properties": object{
		"Port": 80, "Protocol": "HTTP", "TargetType": "ip", "HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 1,
		"HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2,
		"TargetGroupAttributes": []object{{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}},
	}}
	t[name+"Rule"] = object{"Type": listenerRuleType, "Properties": object{
		"ListenerArn": ref("Listener"), "Priority": priority,
		"Conditions": []object{{"Field": "path-pattern", "PathPatternConfig": object{"Values": []string{"/" + name}}}},
		"Actions":    []object{{"Type": "forward", "TargetGroupArn": ref(name + "Targets")}},
	}}
	t[name+"Task"] = object{"Type": "AWS::ECS::TaskDefinition", "Properties": object{
		"Cpu": "256", "Memory": "512",
		"ContainerDefinitions": []object{{
			"Name": strings.ToLower(name), "Image": "image", "Environment": environment,
			"PortMappings": []object{{"ContainerPort": 8080, "Name": "http"}},
		}},
	}}
	t[name+"Service"] = object{
		"Type": serviceType,
		"Properties": object{
			"TaskDefinition": ref(name + "Task"), "DesiredCount": 2, "DeploymentConfiguration": object{},
			"LoadBalancers": []object{{
				"ContainerName": strings.ToLower(name), "ContainerPort": 8080, "TargetGroupArn": ref(name + "Targets"),
			}},
			"NetworkConfiguration": object{"AwsvpcConfiguration": object{
				"Subnets": []any{ref("Subnet")}, "SecurityGroups": []any{attribute(name+"Group", "GroupId")},
			}},
			"ServiceConnectConfiguration": object{
				"Enabled": true, "Namespace": attribute("Namespace", "Arn"),
				"Services": []object{{
					"PortName": "http", "DiscoveryName": strings.ToLower(name), "IngressPortOverride": connectionPort,
					"ClientAliases": []object{{"DnsName": strings.ToLower(name), "Port": 80}},
				}},
			},
		},
		"DependsOn": []string{name + "Rule"},
	}
}

// connect lets the tasks of one program connect to the proxies in those of another.
func (t template) connect(caller, callee string) {
	ports := object{"IpProtocol": "tcp", "FromPort": connectionPort, "ToPort": connectionPort}
	out := object{"GroupId": attribute(caller+"Group", "GroupId"), "DestinationSecurityGroupId": attribute(callee+"Group", "GroupId")}
	in := object{"GroupId": attribute(callee+"Group", "GroupId"), "SourceSecurityGroupId": attribute(caller+"Group", "GroupId")}
	maps.Copy(out, ports)
	maps.Copy(in, ports)
	t[caller+"To"+callee] = object{"Type": "AWS::EC2::SecurityGroupEgress", "Properties": out}
	t[callee+"From"+caller] = object{"Type": "AWS::EC2::SecurityGroupIngress", "Properties": in}
	t.dependsOn(caller+"Service", caller+"To"+callee, callee+"From"+caller)
}

func (t template) dependsOn(id string, others ...string) {
	before, _ := t[id]["DependsOn"].([]string)
	t[id]["DependsOn"] = append(before, others...)
}

// part returns a part of a resource, by the names of properties.
func (t template) part(id string, names ...string) object {
	part := t[id]["Properties"].(object)
	for _, name := range names {
		switch next := part[name].(type) {
		case object:
			part = next
		case []object:
			part = next[0]
		}
	}
	return part
}

// redeploy makes a change after which the tasks of a program are replaced.
func (t template) redeploy(name string) {
	t.part(name + "Service")["ForceNewDeployment"] = object{"ForceNewDeploymentNonce": fmt.Sprint(time.Now().UnixNano())}
}

func (t template) stage(test *testing.T) *assembly.Stage {
	test.Helper()
	text, err := json.Marshal(t)
	require.NoError(test, err)
	stage := assemblytest.Stage(test, "eu-west-1", map[string]string{"System": string(text)})
	for i := range stage.TaskDefinitions {
		stage.TaskDefinitions[i].Containers[0].Image.Folder = filepath.Dir(sample)
	}
	return stage
}

// running is a region with a system.
type running struct {
	*Region
	*cloudformation.Account
	template
}

// start deploys a system whose tasks start at once, ten times faster than on AWS.
func (t template) start(test *testing.T) *running {
	test.Helper()
	s := t.open(test)
	s.deploy(test)
	return s
}

// open returns the region of a system that is not deployed yet.
func (t template) open(test *testing.T) *running {
	test.Helper()
	r, err := New("../../..", Clock{Propagation: 2 * time.Second, Speed: 10}, func(string) {})
	require.NoError(test, err)
	test.Cleanup(r.Close)
	r.programs.built["example.com/strangler/test/internal/region/testdata/sample"] = func() (string, error) { return sample, nil }
	return &running{r, cloudformation.New(r, nil), t}
}

func (s *running) deploy(test *testing.T) {
	test.Helper()
	require.NoError(test, s.Deploy(test.Context(), s.stage(test)))
}

// healthy are the addresses of the healthy tasks of a program.
func (s *running) healthy(name string) []string {
	var addresses []string
	for _, task := range s.Tasks() {
		if task.Service == strings.ToLower(name) && task.State == alb.Healthy {
			addresses = append(addresses, task.Address)
		}
	}
	return addresses
}

// call lets the oldest task of one program call another. It returns the status and what the
// answer is: the port of the task that gave it, or the error of the call as status 0.
func (s *running) call(test *testing.T, caller, callee string) (status, answer string) {
	test.Helper()
	response, err := http.Get("http://" + s.healthy(caller)[0] + "/call/" + strings.ToUpper(callee) + "_URL")
	require.NoError(test, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(test, err)
	require.Equal(test, http.StatusOK, response.StatusCode)
	status, answer, _ = strings.Cut(string(body), " ")
	return status, answer
}

// answering makes a task answer calls with a status.
func answering(test *testing.T, address string, status int) {
	test.Helper()
	request, err := http.NewRequest(http.MethodPut, fmt.Sprintf("http://%s/status/%d", address, status), nil)
	require.NoError(test, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(test, err)
	response.Body.Close()
	require.Equal(test, http.StatusOK, response.StatusCode)
}
