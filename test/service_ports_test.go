package test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/stacks"
	"example.com/strangler/test/internal/assembly"
)

// A request finds an open port on its whole way: the listener, the target group, the
// security groups of both sides, the container's mapping, and the program.
func TestPortsJoin(t *testing.T) {
	for name, stage := range map[string]*assembly.Stage{
		"all live":       at(t, allLive),
		"with a gateway": assemble(t, environment("natGateways", 1)),
		"under a domain": atPublic(t),
	} {
		assert.NoError(t, checkWayIn(stage, completed(t)), name)
	}
}

func TestPortMutants(t *testing.T) {
	for name, mutant := range map[string]struct {
		stack string
		edit  func(resources map[string]any)
	}{
		"a group that speaks TLS": {"Gamma", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]["Protocol"] = "HTTPS"
		}},
		"a group of instances": {"Gamma", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]["TargetType"] = "instance"
		}},
		"a check of another port": {"Gamma", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::TargetGroup")[0]["HealthCheckPort"] = "8080"
		}},
		"an attachment of another port": {"Gamma", func(resources map[string]any) {
			ofType(resources, ecsService)[0]["LoadBalancers"].([]any)[0].(map[string]any)["ContainerPort"] = 8080
		}},
		"a program told another port": {"Gamma", func(resources map[string]any) {
			for _, v := range containerOf(resources)["Environment"].([]any) {
				if variable := v.(map[string]any); variable["Name"] == "PORT" {
					variable["Value"] = "8080"
				}
			}
		}},
		"a mapping of another port": {"Gamma", func(resources map[string]any) {
			containerOf(resources)["PortMappings"].([]any)[0].(map[string]any)["ContainerPort"] = 8080
		}},
		"a task closed on its port": {"Gamma", func(resources map[string]any) {
			for _, rule := range ofType(resources, "AWS::EC2::SecurityGroupIngress") {
				if rule["FromPort"] == 9090.0 {
					rule["FromPort"], rule["ToPort"] = 80, 80
				}
			}
		}},
		"a load balancer that sends to one port": {"Edge", func(resources map[string]any) {
			egress := ofType(resources, "AWS::EC2::SecurityGroup")[0]["SecurityGroupEgress"].([]any)[0].(map[string]any)
			egress["FromPort"], egress["ToPort"] = 8080, 8080
		}},
		"a listener behind a closed port": {"Edge", func(resources map[string]any) {
			ofType(resources, "AWS::ElasticLoadBalancingV2::Listener")[0]["Port"] = 8080
		}},
	} {
		assert.Error(t, checkWayIn(mutated(t, allLive, mutant.stack, mutant.edit), completed(t)), "%s: mutant passed the check", name)
	}
}

// containerOf is the container of the program in the template of a service.
func containerOf(resources map[string]any) map[string]any {
	return ofType(resources, "AWS::ECS::TaskDefinition")[0]["ContainerDefinitions"].([]any)[0].(map[string]any)
}

func checkWayIn(stage *assembly.Stage, catalog services.Catalog) error {
	balancer := groupOf(stage, stage.LoadBalancers[0].SecurityGroups)
	errs := []error{checkListenerPorts(stage, balancer)}
	for _, service := range stage.Services {
		if isWorker(service) {
			errs = append(errs, checkNoPorts(stage, service))
			continue
		}
		errs = append(errs, checkServicePorts(stage, service, balancer, catalog.Find(service.Program()).Port))
	}
	return errors.Join(errs...)
}

// checkListenerPorts wants the load balancer's security group to be open on the ports of its
// listeners and on no other.
func checkListenerPorts(stage *assembly.Stage, balancer assembly.SecurityGroup) error {
	var open, listen []string
	for _, rule := range balancer.Ingress {
		open = append(open, fmt.Sprintf("%s %d-%d from %s", rule.Protocol, rule.From, rule.To, rule.Range))
	}
	for _, listener := range stage.Listeners {
		listen = append(listen, fmt.Sprintf("tcp %[1]d-%[1]d from 0.0.0.0/0", listener.Port))
	}
	slices.Sort(open)
	slices.Sort(listen)
	return equal("ports of the load balancer", fmt.Sprint(listen), fmt.Sprint(open))
}

func checkServicePorts(stage *assembly.Stage, service assembly.Service, balancer assembly.SecurityGroup, want int) error {
	var errs []error
	for _, attachment := range service.Attachments {
		group, _ := assembly.Find(stage.TargetGroups, attachment.TargetGroup)
		task, _ := assembly.Find(stage.TaskDefinitions, service.TaskDefinition)
		container := task.Containers[slices.IndexFunc(task.Containers, func(c assembly.Container) bool { return c.Name == attachment.Container })]
		name := service.Stack + ": "
		errs = append(errs,
			equal(name+"the attachment", want, attachment.Port),
			equal(name+"the container", fmt.Sprint([]int{want}), fmt.Sprint(container.Ports)),
			equal(name+"PORT", strconv.Itoa(want), container.Environment["PORT"]),
			equal(name+"the protocol of the group", "HTTP", group.Protocol),
			equal(name+"the type of the targets", any("ip"), group.Properties["TargetType"]),
			equal(name+"the port of the health check", "traffic-port", group.HealthCheck.Port),
		)
	}
	tasks := groupOf(stage, service.SecurityGroups)
	if !slices.ContainsFunc(tasks.Ingress, func(r assembly.GroupRule) bool {
		return r.Protocol == "tcp" && r.From == want && r.To == want && balancer.Is(r.Group)
	}) {
		errs = append(errs, fmt.Errorf("%s: the load balancer may not connect to port %d: %+v", service.Stack, want, tasks.Ingress))
	}
	vpc := netip.MustParsePrefix(stacks.VPCRange)
	if !slices.ContainsFunc(balancer.Egress, func(r assembly.GroupRule) bool {
		return r.Protocol == "tcp" && r.From <= want && want <= r.To && r.Range.Bits() <= vpc.Bits() && r.Range.Contains(vpc.Addr())
	}) {
		errs = append(errs, fmt.Errorf("%s: the load balancer may not send to port %d: %+v", service.Stack, want, balancer.Egress))
	}
	return errors.Join(errs...)
}

// groupOf is the only security group among references.
func groupOf(stage *assembly.Stage, references []string) assembly.SecurityGroup {
	var found []assembly.SecurityGroup
	for _, group := range stage.SecurityGroups {
		if slices.ContainsFunc(references, group.Is) {
			found = append(found, group)
		}
	}
	if len(found) != 1 {
		panic(fmt.Sprintf("%d security groups, want 1: %v", len(found), references))
	}
	return found[0]
}
