package constructs

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// Connections are what a service with calls or callers needs.
type Connections struct {
	// Namespace is the ARN of the Cloud Map namespace that has the names of callees.
	Namespace *string
	// Group is a second security group of the service's tasks, or nil. The monolith has
	// one, so that the rules of its connections are in the stacks of the services.
	Group awsec2.ISecurityGroup
	// Peers are the programs to or from which this stack opens the way.
	Peers []Peer
}

// Peer is the other end of a connection.
type Peer struct {
	// Name is the peer's in the catalog.
	Name string
	// Group is the security group of the peer's tasks.
	Group awsec2.ISecurityGroup
	// Calls is whether the peer calls the service. False means that the service calls it.
	Calls bool
}

// newConnectionRules opens the way between the security group of the service and those
// of its peers, for each connection on one port and in one direction.
func newConnectionRules(scope constructs.Construct, group awsec2.ISecurityGroup, props *ServiceProps) []constructs.IDependable {
	if props.Connections == nil {
		return nil
	}
	scope = constructs.NewConstruct(scope, jsii.String("Connections"))
	var rules []constructs.IDependable
	for _, peer := range props.Connections.Peers {
		own := services.Service{Name: props.Service.Name}
		other := services.Service{Name: peer.Name}
		if peer.Calls {
			rules = append(rules, allow(scope, other, peer.Group, own, group)...)
		} else {
			rules = append(rules, allow(scope, own, group, other, peer.Group)...)
		}
	}
	return rules
}

// allow lets one program's tasks connect to the proxies in another's.
func allow(
	scope constructs.Construct, from services.Service, sources awsec2.ISecurityGroup, to services.Service, targets awsec2.ISecurityGroup,
) []constructs.IDependable {
	port, description := jsii.Number(services.ConnectionPort), jsii.Sprintf("%s calls %s", from.Name, to.Name)
	return []constructs.IDependable{
		awsec2.NewCfnSecurityGroupEgress(scope, jsii.String(from.ID()+"To"+to.ID()), &awsec2.CfnSecurityGroupEgressProps{
			GroupId: sources.SecurityGroupId(), DestinationSecurityGroupId: targets.SecurityGroupId(),
			IpProtocol: jsii.String("tcp"), FromPort: port, ToPort: port, Description: description,
		}),
		awsec2.NewCfnSecurityGroupIngress(scope, jsii.String(to.ID()+"From"+from.ID()), &awsec2.CfnSecurityGroupIngressProps{
			GroupId: targets.SecurityGroupId(), SourceSecurityGroupId: sources.SecurityGroupId(),
			IpProtocol: jsii.String("tcp"), FromPort: port, ToPort: port, Description: description,
		}),
	}
}

// immutable is a group to which the CDK adds no rule, such as one for the load balancer.
func immutable(scope constructs.Construct, group awsec2.ISecurityGroup) awsec2.ISecurityGroup {
	return awsec2.SecurityGroup_FromSecurityGroupId(scope, jsii.String("ConnectionsGroup"), group.SecurityGroupId(),
		&awsec2.SecurityGroupImportOptions{Mutable: jsii.Bool(false)})
}

// The times of a proxy. A connection that is idle ends before the program closes it,
// as it does for the load balancer.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html
const (
	proxyIdleSeconds    = 60
	proxyRequestSeconds = 15
)

// serviceConnect puts a proxy into each task of a connected service, and for a service
// with callers gives its name to the namespace. Nil means none.
//
// Every name resolves for every proxy of the namespace; only security groups decide
// which connections are made. The proxies write no access log, as the logs of both
// programs have each request.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
func serviceConnect(props *ServiceProps, logs awslogs.ILogGroup) *awsecs.ServiceConnectProps {
	if props.Connections == nil {
		return nil
	}
	connect := &awsecs.ServiceConnectProps{Namespace: props.Connections.Namespace, LogDriver: logTo(logs, "proxy")}
	if len(props.Service.Callers()) > 0 {
		connect.Services = &[]*awsecs.ServiceConnectService{{
			PortMappingName:     &props.Service.Name,
			DiscoveryName:       &props.Service.Name,
			DnsName:             &props.Service.Name,
			Port:                jsii.Number(services.AliasPort),
			IngressPortOverride: jsii.Number(services.ConnectionPort),
			IdleTimeout:         awscdk.Duration_Seconds(jsii.Number(proxyIdleSeconds)),
			PerRequestTimeout:   awscdk.Duration_Seconds(jsii.Number(proxyRequestSeconds)),
		}}
	}
	return connect
}

// portMappings are none for a worker. The mapping has a name, under which the proxy finds
// the program, only where something calls it.
func portMappings(s services.Service) *[]*awsecs.PortMapping {
	if s.IsWorker() {
		return nil
	}
	mapping := &awsecs.PortMapping{ContainerPort: jsii.Number(s.Port)}
	if len(s.Callers()) > 0 {
		mapping.Name, mapping.AppProtocol = &s.Name, awsecs.AppProtocol_Http()
	}
	return &[]*awsecs.PortMapping{mapping}
}

// newCallsAlarms ring for each program that the service calls, for the share of the calls
// that it answers with a 5xx status. AWS counts what the programs answer, so the answers add up to
// the calls. A call without an answer is in no count, nor is what a proxy answers itself,
// such as 503 when no task is there: then the callee's own alarms ring.
//
// They name the service, as newTasksAlarm does, so they roll no deployment back.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
func newCallsAlarms(scope constructs.Construct, props *ServiceProps, service awsecs.FargateService) {
	for _, callee := range props.Service.Calls {
		metrics := map[string]awscloudwatch.IMetric{}
		of := dimensions{
			"ClusterName":         props.Cluster.ClusterName(),
			"ServiceName":         service.ServiceName(),
			"TargetDiscoveryName": &callee,
		}
		var calls []string
		for _, class := range []string{"2XX", "3XX", "4XX", "5XX"} {
			id := "answered" + class[:1]
			calls = append(calls, fmt.Sprintf("FILL(%s, 0)", id))
			metrics[id] = newMetric("AWS/ECS", "HTTPCode_Target_"+class+"_Count", "Sum", of)
		}
		sum := strings.Join(calls, " + ")
		newAlarm(scope, "Calls"+services.Service{Name: callee}.ID(), props, &awscloudwatch.AlarmProps{
			AlarmDescription: jsii.Sprintf("%s answers more than %d%% of the calls of %s with a 5xx status", callee,
				props.Service.Alarms.ErrorPercent, props.Service.Name),
			Metric:    newMath(fmt.Sprintf("IF(%s >= %d, 100 * %s / (%s), 0)", sum, minRequests, calls[3], sum), metrics),
			Threshold: jsii.Number(props.Service.Alarms.ErrorPercent),
		})
	}
}
