package constructs

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// collectorUser is the user and group in the image of the AWS Distro.
//
// https://github.com/aws-observability/aws-otel-collector/blob/main/cmd/awscollector/Dockerfile
const collectorUser = "4317:4317"

// collectorConfig receives traces from the task alone and forwards each batch without
// a queue, so that the program sees what X-Ray refuses. X-Ray finds a trace by its
// route only when the route is indexed. The collector's own metrics are off, because
// they need a port that the program may use.
var collectorConfig = fmt.Sprintf(`receivers: {otlp: {protocols: {http: {endpoint: "localhost:%d"}}}}
exporters: {awsxray: {indexed_attributes: [http.route]}}
service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [otlp], exporters: [awsxray]}}}
`, services.CollectorPort)

// addCollector adds a collector container beside the program, which keeps running when
// the collector stops. The collector starts first, because ECS stops containers in the
// reverse order: the last traces of the program still reach it.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
func addCollector(
	scope constructs.Construct, task awsecs.FargateTaskDefinition, program awsecs.ContainerDefinition, service services.Service,
	logs awslogs.ILogGroup,
) {
	scope = constructs.NewConstruct(scope, jsii.String("Collector"))
	collector := task.AddContainer(jsii.String(services.CollectorContainer), &awsecs.ContainerDefinitionOptions{
		Image:                  registryImage(scope, services.Image{Registry: service.Collector}),
		Command:                jsii.Strings("--config=env:COLLECTOR_CONFIG"),
		Environment:            &map[string]*string{"COLLECTOR_CONFIG": &collectorConfig},
		Essential:              jsii.Bool(false),
		EnableRestartPolicy:    jsii.Bool(true),
		Logging:                logTo(logs, services.CollectorContainer),
		Cpu:                    jsii.Number(services.CollectorCPU),
		MemoryLimitMiB:         jsii.Number(services.CollectorMemory),
		User:                   jsii.String(collectorUser),
		ReadonlyRootFilesystem: jsii.Bool(true),
		LinuxParameters:        withoutCapabilities(scope),
		StopTimeout:            seconds(service.Stop.Timeout),
	})
	program.AddContainerDependencies(&awsecs.ContainerDependency{Container: collector, Condition: awsecs.ContainerDependencyCondition_START})
}

// allowTraces allows a role the one call that the exporter makes. X-Ray has no resources to name
// in a policy.
func allowTraces(to *grants) {
	to.allow("Collector", []string{"xray:PutTraceSegments"}, []string{"*"})
}

// programCPU is the program's share of the task's CPU beside a collector or a proxy.
// Without an explicit share the program would get almost none. Nil means the whole task,
// for a program alone in it.
func programCPU(s services.Service) *float64 {
	if s.ProgramCPU() == s.CPU {
		return nil
	}
	return jsii.Number(s.ProgramCPU())
}
