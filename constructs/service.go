package constructs

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// Service is a Fargate service behind a load balancer, with its own roles, log
// group, target group, listener rules, scaling, alarms and budget; or a worker, which has
// no load balancer.
type Service struct {
	// TargetGroup is nil for a worker.
	TargetGroup elbv2.ApplicationTargetGroup
	// SecurityGroup is the tasks' own.
	SecurityGroup awsec2.SecurityGroup
}

// ServiceProps are the catalog's entry and what the service shares with others.
type ServiceProps struct {
	// Service is an entry of a complete catalog.
	Service services.Service
	// App, Environment and Stage are the names of what it is part of, such as
	// "shop", "dev" and "shop-dev".
	App, Environment, Stage string
	// Images holds the service's image, staged.
	Images *Images
	// Tables are those that the program may use. Environment variables give it their names.
	Tables []*Table
	// Cluster and Subnets are where its tasks run.
	Cluster awsecs.ICluster
	Subnets *awsec2.SubnetSelection
	// Listener is the ARN of the listener that takes the rules, and LoadBalancer the id of
	// the security group that its load balancer sends from.
	Listener, LoadBalancer *string
	// Rules are the preview rules and the live rules.
	Rules services.ServiceRules
	// Rest are the ARNs of the target groups, by program, that receive what a shared path
	// does not send to the service. Empty means that no rule shares a path.
	Rest map[string]*string
	// Connections are nil for a service without calls and callers.
	Connections *Connections
	// AlarmAction is what alarms do when they ring.
	AlarmAction awscloudwatch.IAlarmAction
	// Topic receives the notifications of the budget.
	Topic awssns.ITopic
	// Budget adds the service's monthly budget.
	Budget bool
}

// NewService creates the service in the order that loses no request:
//
//	target group → preview rule → ECS service (steady) → live rule
//
// ECS refuses a target group that no rule attaches to a load balancer, so the
// preview rule comes first. CloudFormation reports an ECS service complete only
// once it is steady, so a live rule that depends on it never leads to an empty
// group; and it deletes in reverse order, so the path falls back before a task stops.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	scope = constructs.NewConstruct(scope, &id)
	if props.Service.IsWorker() {
		return newWorker(scope, props)
	}

	task, logs := newTask(scope, props)
	listener := localListener(scope, props)
	group := newTargetGroup(scope, props)
	newPreviewRules(scope, listener, group, props)
	watched := dimensionsOf(group)
	alarms := newDeploymentAlarms(scope, props, watched)
	tasks := newSecurityGroup(scope, props)
	service := newFargateService(scope, props, task, tasks, logs, alarms)
	service.AttachToApplicationTargetGroup(group)
	waitForIngress(service)
	service.Node().AddDependency(newWays(scope, tasks, props)...)
	scale(service, group, props.Service.Scaling)
	newUnhealthyAlarm(scope, props, watched)
	newTasksAlarm(scope, props, service)
	newCallsAlarms(scope, props, service)
	if props.Budget {
		newBudget(scope, props)
	}
	for _, rule := range newLiveRules(scope, listener, group, props) {
		rule.Node().AddDependency(service)
	}

	return &Service{TargetGroup: group, SecurityGroup: tasks}
}

// newTask creates the task definition and its two roles: the one that the program acts
// as, and the one that ECS starts it with. The log is that of all its containers.
func newTask(scope constructs.Construct, props *ServiceProps) (awsecs.FargateTaskDefinition, awslogs.LogGroup) {
	trust := &awsiam.RoleProps{AssumedBy: ecsOf(awscdk.Stack_Of(scope))}
	program := newGrants(awsiam.NewRole(scope, jsii.String("TaskRole"), trust))
	execution := newGrants(awsiam.NewRole(scope, jsii.String("ExecutionRole"), trust))
	for _, table := range props.Tables {
		table.grant(program)
	}
	addPermissions(program, props.Service.Needs.Permissions)
	if props.Service.Collector != "" {
		allowTraces(program)
	}
	program.close()
	task := awsecs.NewFargateTaskDefinition(scope, jsii.String("Task"), &awsecs.FargateTaskDefinitionProps{
		TaskRole:       program.role,
		ExecutionRole:  execution.role,
		Cpu:            jsii.Number(props.Service.CPU),
		MemoryLimitMiB: jsii.Number(props.Service.Memory),
		RuntimePlatform: &awsecs.RuntimePlatform{
			CpuArchitecture: architecture(props.Service.Image), OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
		},
	})
	logs := newLogs(scope)
	addContainer(scope, task, props, logs)
	addSecrets(task, execution, props.Service.Needs.Secrets)
	execution.close()
	return task, logs
}

// ecsOf is the ECS service principal, limited to tasks of the stack's own account and
// region. Without the conditions a task of another account could assume the role.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html#create_task_iam_policy_and_role
func ecsOf(stack awscdk.Stack) awsiam.IPrincipal {
	place := placeOf(stack)
	return awsiam.NewServicePrincipal(jsii.String("ecs-tasks.amazonaws.com"), &awsiam.ServicePrincipalOpts{
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": place.Account},
			"ArnLike": map[string]any{
				"aws:SourceArn": jsii.Sprintf("arn:%s:ecs:%s:%s:*", place.Partition, place.Region, place.Account),
			},
		},
	})
}

// logBufferMiB bounds the log lines of a container that wait for CloudWatch.
const logBufferMiB = 10

// newLogs keeps the lines of a task's containers for a month.
func newLogs(scope constructs.Construct) awslogs.LogGroup {
	logs := awslogs.NewLogGroup(scope, jsii.String("Logs"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_ONE_MONTH,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	newQueries(scope, logs)
	return logs
}

func addContainer(scope constructs.Construct, task awsecs.FargateTaskDefinition, props *ServiceProps, logs awslogs.ILogGroup) {
	program := task.AddContainer(jsii.String(props.Service.Name), &awsecs.ContainerDefinitionOptions{
		Image:                  props.Images.image(scope, props.Service.Image),
		EntryPoint:             words(props.Service.Image.EntryPoint),
		Command:                words(props.Service.Image.Command),
		Environment:            environment(props),
		PortMappings:           portMappings(props.Service),
		HealthCheck:            containerHealth(props.Service),
		SystemControls:         lowPorts(props.Service),
		Logging:                logTo(logs, props.Service.Name),
		Cpu:                    programCPU(props.Service),
		MemoryLimitMiB:         jsii.Number(props.Service.ProgramMemory()),
		User:                   jsii.String(props.Service.User),
		ReadonlyRootFilesystem: jsii.Bool(!props.Service.WritableRoot),
		LinuxParameters:        withoutCapabilities(scope),
		StopTimeout:            seconds(props.Service.Stop.Timeout),
	})
	if props.Service.Collector != "" {
		addCollector(scope, task, program, props.Service, logs)
	}
}

// words are the words of a command line, or nil for the image's own.
func words(all []string) *[]*string {
	if len(all) == 0 {
		return nil
	}
	return jsii.Strings(all...)
}

func logTo(logs awslogs.ILogGroup, prefix string) awsecs.LogDriver {
	return awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{
		LogGroup:     logs,
		StreamPrefix: &prefix,
		// When the buffer is full the program goes on and lines are lost.
		Mode:          awsecs.AwsLogDriverMode_NON_BLOCKING,
		MaxBufferSize: awscdk.Size_Mebibytes(jsii.Number(logBufferMiB)),
	})
}

// lowPorts lets a program without capabilities listen below port 1024. Nil means
// that it need not.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
func lowPorts(s services.Service) *[]*awsecs.SystemControl {
	if s.IsWorker() || s.Port >= 1024 {
		return nil
	}
	return &[]*awsecs.SystemControl{{Namespace: jsii.String("net.ipv4.ip_unprivileged_port_start"), Value: jsii.String(strconv.Itoa(s.Port))}}
}

func withoutCapabilities(scope constructs.Construct) awsecs.LinuxParameters {
	linux := awsecs.NewLinuxParameters(scope, jsii.String("Linux"), nil)
	linux.DropCapabilities(awsecs.Capability_ALL)
	return linux
}

// environment is the program's variables: its port unless it is a worker, the names of its tables, the
// addresses of those that it calls and of its collector, and those of the catalog.
func environment(props *ServiceProps) *map[string]*string {
	variables := maps.Clone(props.Service.Environment)
	if variables == nil {
		variables = map[string]string{}
	}
	if !props.Service.IsWorker() {
		variables["PORT"] = strconv.Itoa(props.Service.Port)
	}
	for _, table := range props.Tables {
		variables[services.TableVariable(table.Owner.Name)] = *table.Table.TableName()
	}
	for _, callee := range props.Service.Calls {
		variables[services.URLVariable(callee)] = services.URL(callee)
	}
	if props.Service.Collector != "" {
		variables[services.CollectorVariable] = fmt.Sprintf("http://localhost:%d", services.CollectorPort)
	}
	pointers := map[string]*string{}
	for name, value := range variables {
		pointers[name] = &value
	}
	return &pointers
}

// groupPort is the port that a target group has for targets without one of their
// own. ECS registers each task with its container's port, so it is never used; it is
// a constant because a group whose port changes is replaced.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb.html
const groupPort = 80

// codes are the statuses of a healthy task, or nil for 200, which is what a template
// without them means.
func codes(health services.Health) *string {
	if health.Codes == "200" {
		return nil
	}
	return &health.Codes
}

// newTargetGroup checks health every 5 s unless the catalog says otherwise, so that a dead
// task gets no more requests after 10 s, and gives a task that is deregistered 20 s to
// finish its requests.
func newTargetGroup(scope constructs.Construct, props *ServiceProps) elbv2.ApplicationTargetGroup {
	health := props.Service.Health
	return elbv2.NewApplicationTargetGroup(scope, jsii.String("TargetGroup"), &elbv2.ApplicationTargetGroupProps{
		TargetGroupName:            jsii.String(services.TargetGroupName(props.Stage, props.Service)),
		Vpc:                        props.Cluster.Vpc(),
		TargetType:                 elbv2.TargetType_IP,
		Protocol:                   elbv2.ApplicationProtocol_HTTP,
		Port:                       jsii.Number(groupPort),
		LoadBalancingAlgorithmType: elbv2.TargetGroupLoadBalancingAlgorithmType_LEAST_OUTSTANDING_REQUESTS,
		DeregistrationDelay:        seconds(props.Service.Stop.Drain),
		StickinessCookieDuration:   sticky(props.Service.Sticky),
		HealthCheck: &elbv2.HealthCheck{
			Path:                    &health.Path,
			HealthyHttpCodes:        codes(health),
			Interval:                seconds(health.Interval),
			Timeout:                 seconds(health.Timeout),
			HealthyThresholdCount:   jsii.Number(health.Healthy),
			UnhealthyThresholdCount: jsii.Number(health.Unhealthy),
		},
	})
}

// newFargateService creates the ECS service. It depends on the policies of its execution
// role, so that tasks never start without them and they are never deleted while tasks
// serve. A deployment is complete only after it
// has served for a time without an alarm, which ECS derives from the alarms.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
func newFargateService(
	scope constructs.Construct, props *ServiceProps, task awsecs.FargateTaskDefinition, group awsec2.ISecurityGroup, logs awslogs.ILogGroup,
	alarms []awscloudwatch.Alarm,
) awsecs.FargateService {
	groups := []awsec2.ISecurityGroup{group}
	if props.Connections != nil && props.Connections.Group != nil {
		groups = append(groups, immutable(scope, props.Connections.Group))
	}
	service := awsecs.NewFargateService(scope, jsii.String("Service"), &awsecs.FargateServiceProps{
		Cluster:                     props.Cluster,
		TaskDefinition:              task,
		VpcSubnets:                  props.Subnets,
		SecurityGroups:              &groups,
		AssignPublicIp:              jsii.Bool(false),
		PlatformVersion:             awsecs.FargatePlatformVersion_LATEST,
		EnableExecuteCommand:        jsii.Bool(false),
		MinHealthyPercent:           jsii.Number(100),
		MaxHealthyPercent:           jsii.Number(200),
		CircuitBreaker:              &awsecs.DeploymentCircuitBreaker{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		AvailabilityZoneRebalancing: awsecs.AvailabilityZoneRebalancing_ENABLED,
		HealthCheckGracePeriod:      gracePeriod(props.Service),
		DeploymentAlarms:            rollBackOn(alarms),
		CapacityProviderStrategies:  capacity(props.Service.Scaling),
		ForceNewDeployment:          forceDeployment(props.Service.Scaling),
		ServiceConnectConfiguration: serviceConnect(props, logs),
		PropagateTags:               awsecs.PropagatedTagSource_SERVICE,
	})
	service.Node().AddDependency(task.ExecutionRole())
	return service
}

// rollBackOn rolls a deployment back while one of the alarms rings. Nil means that a worker
// has none.
func rollBackOn(alarms []awscloudwatch.Alarm) *awsecs.DeploymentAlarmConfig {
	if len(alarms) == 0 {
		return nil
	}
	var names []*string
	for _, alarm := range alarms {
		names = append(names, alarm.AlarmName())
	}
	return &awsecs.DeploymentAlarmConfig{AlarmNames: &names, Behavior: awsecs.AlarmBehavior_ROLLBACK_ON_ALARM}
}

// waitForIngress makes a service that is attached wait for the rules of its security
// groups, which the CDK adds beside the groups that it refers to.
func waitForIngress(service awsecs.FargateService) {
	node := service.Node()
	for _, group := range *service.Connections().SecurityGroups() {
		for _, child := range *group.Node().Children() {
			if *child.Node().Id() != "Resource" {
				node.AddDependency(child)
			}
		}
	}
}

// newSecurityGroup lets requests in from the load balancer, once the service is
// attached to it, and out to HTTPS endpoints.
func newSecurityGroup(scope constructs.Construct, props *ServiceProps) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(scope, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:              props.Cluster.Vpc(),
		Description:      jsii.Sprintf("Tasks of %s", props.Service.Name),
		AllowAllOutbound: jsii.Bool(false),
	})
	group.AddEgressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(443)), jsii.String("AWS endpoints"), nil)
	return group
}
