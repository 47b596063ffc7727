//go:build mutants

package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mutant is one wrong edit of a source, and the property that fails because of it. None
// of them is a snapshot's: a snapshot is written anew with -update.
type mutant struct {
	// file is relative to the module's folder.
	file string
	// old stands in it once, and new takes its place.
	old, new string
	// caught is the name of a test of this package.
	caught string
}

// Each number, port, id, condition and action that constructs and stacks choose is
// guarded by a property. This takes half an hour on two cores:
//
//	go test -tags mutants -timeout 2h -run TestMutants ./test
func TestMutants(t *testing.T) {
	for _, m := range slices.Concat(atOnce, mutants) {
		t.Run(strings.Join([]string{m.file, m.old, m.new}, " "), func(t *testing.T) {
			t.Parallel()
			assertCaught(t, m)
		})
	}
}

// One fault does not hide another: planted together, each is found.
func TestMutantsAtOnce(t *testing.T) { assertCaught(t, atOnce...) }

// Each mutant is an edit of the sources as they are.
func TestMutantsApply(t *testing.T) {
	for _, m := range slices.Concat(atOnce, mutants) {
		overlay(t, m)
	}
}

// assertCaught runs the properties on the mutants.
func assertCaught(t *testing.T, mutants ...mutant) {
	t.Helper()
	var properties []string
	for _, m := range mutants {
		properties = append(properties, m.caught)
	}
	run := exec.Command("go", "test", "-vet=off", "-overlay", overlay(t, mutants...), "-run", "^("+strings.Join(properties, "|")+")$", "./test")
	run.Dir = ".."
	output, err := run.CombinedOutput()
	assert.Error(t, err, "%s: mutant passed the check", properties)
	for _, property := range properties {
		assert.Contains(t, string(output), "--- FAIL: "+property, "want a failed test, not another error")
	}
}

// overlay tells the go command to read the mutants in the place of the files.
//
// https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies
func overlay(t *testing.T, mutants ...mutant) string {
	t.Helper()
	folder, sources := t.TempDir(), map[string]string{}
	for _, m := range mutants {
		if _, edited := sources[m.file]; !edited {
			original, err := os.ReadFile(filepath.Join("..", m.file))
			require.NoError(t, err)
			sources[m.file] = string(original)
		}
		require.Equal(t, 1, strings.Count(sources[m.file], m.old), "%q in %s", m.old, m.file)
		sources[m.file] = strings.Replace(sources[m.file], m.old, m.new, 1)
	}
	files := map[string]string{}
	for file, source := range sources {
		original, err := filepath.Abs(filepath.Join("..", file))
		require.NoError(t, err)
		files[original] = filepath.Join(folder, filepath.Base(file))
		require.NoError(t, os.WriteFile(files[original], []byte(source), 0o644))
	}
	replacements, err := json.Marshal(map[string]any{"Replace": files})
	require.NoError(t, err)
	name := filepath.Join(folder, "overlay.json")
	require.NoError(t, os.WriteFile(name, replacements, 0o644))
	return name
}

const (
	inService     = "constructs/service.go"
	inImage       = "constructs/image.go"
	inRules       = "constructs/rules.go"
	inScaling     = "constructs/scaling.go"
	inAlarms      = "constructs/alarms.go"
	inBudget      = "constructs/budget.go"
	inTable       = "constructs/table.go"
	inCollector   = "constructs/collector.go"
	inConnections = "constructs/connections.go"
	inWorker      = "constructs/worker.go"
	inSecrets     = "constructs/secrets.go"
	inPermissions = "constructs/permissions.go"
	inGrant       = "constructs/grant.go"
	inEgress      = "constructs/egress.go"
	inTakes       = "services/takes.go"
	inQueries     = "constructs/queries.go"
	inPlatform    = "stacks/platform.go"
	inVPC         = "stacks/vpc.go"
	inExisting    = "stacks/listener_existing.go"
	inEndpoints   = "stacks/endpoints.go"
	inFurther     = "stacks/endpoints_further.go"
	inEdge        = "stacks/edge.go"
	inListener    = "stacks/listener.go"
	inNeeds       = "stacks/needs.go"
	inFirewall    = "stacks/firewall.go"
	inWatch       = "stacks/watch.go"
	inStage       = "stacks/stage.go"
	inStack       = "stacks/stack.go"
	inData        = "stacks/data.go"
	inLogs        = "stacks/logs.go"
	inDelivery    = "stacks/delivery.go"
	inMicro       = "stacks/microservice.go"
	inRoutes      = "services/routes.go"
	inSplit       = "services/split.go"
	inRequest     = "services/request.go"
	inMigration   = "services/migration.go"
)

// atOnce are faults in eighteen places, each found by a property of its own.
var atOnce = []mutant{
	{inConnections, `ContainerPort: jsii.Number(s.Port)`, `ContainerPort: jsii.Number(8080)`, "TestPortsJoin"},
	{inService, `gracePeriod(props.Service)`, `seconds(0)`, "TestStartUpIsTheGracePeriod"},
	{inService, `DeregistrationDelay:        seconds(props.Service.Stop.Drain)`, `DeregistrationDelay:        awscdk.Duration_Seconds(jsii.Number(0))`, "TestServicesDeploySafely"},
	{inScaling, `		RequestsPerTarget: jsii.Number(scaling.RequestsPerTarget),`, `		RequestsPerTarget: jsii.Number(scaling.RequestsPerTarget),
		DisableScaleIn: jsii.Bool(true),`, "TestServicesScaleAlone"},
	{inEndpoints, `Open:           jsii.Bool(false),`, `Open:           jsii.Bool(false), PrivateDnsEnabled: jsii.Bool(false),`, "TestReachability"},
	{inService, `seconds(props.Service.Stop.Timeout)`, `seconds(props.Service.Stop.Timeout / 3)`, "TestTimeoutsInARow"},
	{inService, `awslogs.RetentionDays_ONE_MONTH`, `awslogs.RetentionDays_INFINITE`, "TestLogs"},
	{inScaling, `MinCapacity: jsii.Number(scaling.Min)`, `MinCapacity: jsii.Number(1)`, "TestScalingIsTheCatalogs"},
	{inAlarms, `const minRequests = 100`, `const minRequests = 1`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `Threshold: jsii.Number(bounds.P99.Seconds())`, `Threshold: jsii.Number(1)`, "TestAlarmBoundsAreTheCatalogs"},
	{inBudget, `jsii.String("MONTHLY")`, `jsii.String("ANNUALLY")`, "TestBudgets"},
	{inTable, `PointInTimeRecoveryEnabled: jsii.Bool(true)`, `PointInTimeRecoveryEnabled: jsii.Bool(false)`, "TestTablesAreKept"},
	{inTable, `SortKey:                          attribute(keys.SortKey)`, `SortKey:                          nil`, "TestTableKeysAreTheCatalogs"},
	{inTable, `arn+"/index/"+index.Name`, `arn+"/index/"+index.Name[:0]+"*"`, "TestEachRoleReachesItsOwn"},
	{inService, `"aws:SourceAccount": place.Account`, `"aws:SourceAccount": "*"`, "TestRolesTrustTheirOwnAccount"},
	{inService, `	waitForIngress(service)` + "\n", ``, "TestNoRequestIsLostOnTheWayInOrOut"},
	{inEdge, `elbv2.DesyncMitigationMode_STRICTEST`, `elbv2.DesyncMitigationMode_MONITOR`, "TestLoadBalancer"},
	{inWatch, `"kms:Decrypt", "kms:GenerateDataKey*"`, `"kms:Decrypt"`, "TestAlarmsAndBudgetsPublish"},
}

// mutants are those besides.
var mutants = []mutant{
	// The way of a request from the load balancer to the program.
	{inService, `jsii.Number(groupPort)`, `jsii.Number(props.Service.Port)`, "TestNoOptionReplacesTheTargetGroup"},
	{inService, `elbv2.ApplicationProtocol_HTTP,`, `elbv2.ApplicationProtocol_HTTPS,`, "TestPortsJoin"},
	{inService, `variables["PORT"] = strconv.Itoa(props.Service.Port)`, `variables["PORT"] = "8080"`, "TestPortsJoin"},
	{inService, `s.IsWorker() || s.Port >= 1024`, `s.Port > 0`, "TestLowPort"},
	{inService, `Value: jsii.String(strconv.Itoa(s.Port))`, `Value: jsii.String("1024")`, "TestLowPort"},
	{inService, `Path:                    &health.Path`, `Path:                    jsii.String("/")`, "TestServicesDeploySafely"},
	{inService, `Interval:                seconds(health.Interval)`, `Interval:                awscdk.Duration_Seconds(jsii.Number(30))`, "TestServicesDeploySafely"},
	{inService, `Timeout:                 seconds(health.Timeout)`, `Timeout:                 awscdk.Duration_Seconds(jsii.Number(4))`, "TestServicesDeploySafely"},
	{inService, `HealthyThresholdCount:   jsii.Number(health.Healthy)`, `HealthyThresholdCount:   jsii.Number(5)`, "TestServicesDeploySafely"},
	{inService, `UnhealthyThresholdCount: jsii.Number(health.Unhealthy)`, `UnhealthyThresholdCount: jsii.Number(5)`, "TestServicesDeploySafely"},
	{inService, `_LEAST_OUTSTANDING_REQUESTS,`, `_ROUND_ROBIN,`, "TestServicesDeploySafely"},
	{inService, `awsec2.Port_Tcp(jsii.Number(443)), jsii.String("AWS endpoints")`, `awsec2.Port_Tcp(jsii.Number(80)), jsii.String("AWS endpoints")`, "TestReachability"},
	{inService, `awsec2.Port_Tcp(jsii.Number(443)), jsii.String("AWS endpoints")`, `awsec2.Port_AllTcp(), jsii.String("AWS endpoints")`, "TestSecurityGroups"},
	{inService, `AllowAllOutbound: jsii.Bool(false),`, `AllowAllOutbound: jsii.Bool(true),`, "TestSecurityGroups"},

	// Connections.
	{inConnections, `if peer.Calls {`, `if !peer.Calls {`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `jsii.Number(services.ConnectionPort), jsii.Sprintf`, `jsii.Number(services.AliasPort), jsii.Sprintf`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `GroupId: sources.SecurityGroupId(), DestinationSecurityGroupId: targets`, `GroupId: targets.SecurityGroupId(), DestinationSecurityGroupId: sources`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `GroupId: targets.SecurityGroupId(), SourceSecurityGroupId: sources`, `GroupId: sources.SecurityGroupId(), SourceSecurityGroupId: targets`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `proxyIdleSeconds    = 60`, `proxyIdleSeconds    = 5000`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `proxyRequestSeconds = 15`, `proxyRequestSeconds = 5`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `, LogDriver: logTo(logs, "proxy")`, ``, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `if len(props.Service.Callers()) > 0 {`, `if props.Service.Name != "" {`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `if len(s.Callers()) > 0 {`, `if s.Name != "" {`, "TestOnlyCalleesNameTheirPort"},
	{inConnections, `Port:                jsii.Number(services.AliasPort)`, `Port:                jsii.Number(props.Service.Port)`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `IngressPortOverride: jsii.Number(services.ConnectionPort)`, `IngressPortOverride: jsii.Number(props.Service.Port)`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `awsecs.AppProtocol_Http()`, `awsecs.AppProtocol_Http2()`, "TestDeclaredCallsAreAllThereAre"},
	{inEgress, `newConnectionRules(scope, group, props)`, `newConnectionRules(scope, group, props)[:0]`, "TestDeclaredCallsAreAllThereAre"},
	{inService, `services.URL(callee)`, `services.URL(props.Service.Name)`, "TestDeclaredCallsAreAllThereAre"},
	{inService, `groups = append(groups, immutable(scope, props.Connections.Group))`, `_ = immutable(scope, props.Connections.Group)`, "TestDeclaredCallsAreAllThereAre"},
	{inService, `		ServiceConnectConfiguration: serviceConnect(props, logs),` + "\n", ``, "TestDeclaredCallsAreAllThereAre"},
	{inStage, `if slices.Contains(service.Callers(), monolith) {`, `if slices.Contains(service.Calls, monolith) {`, "TestDeclaredCallsAreAllThereAre"},
	{inStage, `		c.Group = s.Platform.Monolith` + "\n", ``, "TestDeclaredCallsAreAllThereAre"},
	{inStage, `} else if !followsMonolith(catalog, m, service) {`, `} else {`, "TestEveryPairOfPhasesHasAnOrder"},
	{inPlatform, `pin(p.Stack, p.Namespace.NamespaceArn(), p.Monolith.SecurityGroupId())`, `pin(p.Stack, p.Namespace.NamespaceArn())`, "TestConnectionChangesItsTwoEnds"},
	{inPlatform, `pin(p.Stack, p.Namespace.NamespaceArn(), p.Monolith.SecurityGroupId())`, `pin(p.Stack, p.Monolith.SecurityGroupId())`, "TestReviewOfAConnection"},
	{inPlatform, `AllowAllOutbound: jsii.Bool(false)`, `AllowAllOutbound: jsii.Bool(true)`, "TestDeclaredCallsAreAllThereAre"},
	{inConnections, `"TargetDiscoveryName": &callee`, `"TargetDiscoveryName": &props.Service.Name`, "TestAlarmsAreOfTheirService"},
	{inConnections, `"HTTPCode_Target_"+class+"_Count"`, `"HTTPCode_Target_5XX_Count"`, "TestAlarmsAreOfTheirService"},
	{inConnections, `sum, minRequests, calls[3], sum`, `sum, 0, calls[3], sum`, "TestCallsAlarmRingsForItsCallee"},
	{inConnections, `sum, minRequests, calls[3], sum`, `sum, minRequests, calls[2], sum`, "TestCallsAlarmRingsForItsCallee"},
	{inConnections, `jsii.Number(props.Service.Alarms.ErrorPercent)`, `jsii.Number(1)`, "TestCallsAlarmRingsForItsCallee"},
	{inService, `	newCallsAlarms(scope, props, service)` + "\n", ``, "TestAlarmsAreOfTheirService"},

	// The order that loses no request.
	{inService, `	service.Node().AddDependency(task.ExecutionRole())` + "\n", ``, "TestNoRequestIsLostOnTheWayInOrOut"},
	{inService, `rule.Node().AddDependency(service)`, `_ = rule`, "TestNoRequestIsLostOnTheWayInOrOut"},
	{inRules, `importTargetGroup(scope, "LiveTargetGroup", own.TargetGroupArn())`, `own`, "TestNoRequestIsLostOnTheWayInOrOut"},

	// Deployments.
	{inService, `MinHealthyPercent:           jsii.Number(100)`, `MinHealthyPercent:           jsii.Number(50)`, "TestServicesDeploySafely"},
	{inService, `MaxHealthyPercent:           jsii.Number(200)`, `MaxHealthyPercent:           jsii.Number(150)`, "TestServicesDeploySafely"},
	{inService, `Enable: jsii.Bool(true), Rollback: jsii.Bool(true)`, `Enable: jsii.Bool(false), Rollback: jsii.Bool(false)`, "TestServicesDeploySafely"},
	{inService, `Rollback: jsii.Bool(true)}`, `Rollback: jsii.Bool(false)}`, "TestServicesDeploySafely"},
	{inService, `awsecs.AvailabilityZoneRebalancing_ENABLED`, `awsecs.AvailabilityZoneRebalancing_DISABLED`, "TestServicesDeploySafely"},
	{inService, `awsecs.AlarmBehavior_ROLLBACK_ON_ALARM`, `awsecs.AlarmBehavior_FAIL_ON_ALARM`, "TestServicesDeploySafely"},
	{inService, `AssignPublicIp:              jsii.Bool(false)`, `AssignPublicIp:              jsii.Bool(true)`, "TestServicesDeploySafely"},
	{inService, `EnableExecuteCommand:        jsii.Bool(false)`, `EnableExecuteCommand:        jsii.Bool(true)`, "TestControlsHoldInEveryPhase"},
	{inService, `awsecs.PropagatedTagSource_SERVICE`, `awsecs.PropagatedTagSource_NONE`, "TestServicesDeploySafely"},

	// Tasks.
	{inService, `jsii.Number(props.Service.CPU)`, `jsii.Number(256)`, "TestTasksAreTheCatalogs"},
	{inService, `MemoryLimitMiB: jsii.Number(props.Service.Memory)`, `MemoryLimitMiB: jsii.Number(512)`, "TestTasksAreTheCatalogs"},
	{inImage, `return awsecs.CpuArchitecture_ARM64()`, `return awsecs.CpuArchitecture_X86_64()`, "TestTasksAreTheCatalogs"},
	{inService, `jsii.Number(props.Service.ProgramMemory())`, `jsii.Number(props.Service.Memory / 2)`, "TestTasksAreTheCatalogs"},
	{inService, `User:                   jsii.String(props.Service.User)`, `User:                   jsii.String("0")`, "TestControlsHoldInEveryPhase"},
	{inService, `ReadonlyRootFilesystem: jsii.Bool(!props.Service.WritableRoot)`, `ReadonlyRootFilesystem: jsii.Bool(false)`, "TestControlsHoldInEveryPhase"},
	{inService, `linux.DropCapabilities(awsecs.Capability_ALL)`, `linux.DropCapabilities(awsecs.Capability_SYS_ADMIN)`, "TestControlsHoldInEveryPhase"},
	{inService, `maps.Clone(props.Service.Environment)`, `map[string]string{}`, "TestTasksAreTheCatalogs"},
	{inService, `services.TableVariable(table.Owner.Name)`, `services.TableVariable(props.Service.Name)`, "TestEnvironmentEqualsReach"},
	{inService, `awsecs.AwsLogDriverMode_NON_BLOCKING`, `awsecs.AwsLogDriverMode_BLOCKING`, "TestLogs"},
	{inService, `awscdk.RemovalPolicy_DESTROY`, `awscdk.RemovalPolicy_RETAIN`, "TestLogs"},
	{inService, `"arn:%s:ecs:%s:%s:*"`, `"arn:%s:ecs:%.0s*:%s:*"`, "TestRolesTrustTheirOwnAccount"},

	// Rules.
	{inRules, `jsii.Number(rule.Priority)`, `jsii.Number(rule.Priority + 1)`, "TestRulesOfAllStacks"},
	{inRules, `if rule.RouteTo != "" {`, `if false {`, "TestPreviewHeader"},
	{inRules, `if len(rule.Sources) > 0 {`, `if false {`, "TestPreviewHeader"},
	{inRules, `jsii.Strings(rule.Paths...)`, `jsii.Strings(rule.Paths[0])`, "TestEveryRequestInEveryCombination"},
	{inRules, `if len(rule.Hosts) > 0 {`, `if false {`, "TestRoutesReachTheListener"},
	{inRules, `if len(rule.Verbs) > 0 {`, `if false {`, "TestRoutesReachTheListener"},
	{inRules, `id += strconv.Itoa(rule.Number)`, `id += strconv.Itoa(rule.Priority)`, "TestServiceIsBetweenItsRules"},
	{inRules, `awscdk.Tags_Of(rendered).Add`, `awscdk.Tags_Of(scope).Add`, "TestReviewOfARoute"},
	{inRules, `if rule.Rewrite.Regex != "" {`, `if false {`, "TestRewriteIsTheRoutes"},
	{inRules, `groups[name] = importTargetGroup(scope, "SharedTargetGroup"+name, rest)`, `groups[name], _ = own, rest`, "TestRestsOfTwoRoutes"},
	{inRules, `StickinessDuration: sticky(rule.Sticky)`, `StickinessDuration: sticky(0)`, "TestStickyProgramsHaveStickyShares"},
	{inService, `StickinessCookieDuration:   sticky(props.Service.Sticky)`, `StickinessCookieDuration:   sticky(0)`, "TestStickyProgramsHaveStickyShares"},
	{inRoutes, `max(rules.Live[i].Sticky, s.Sticky)`, `s.Sticky`, "TestStickyProgramsHaveStickyShares"},
	{inSplit, `left() < 1`, `left() < 0`, "TestRoutesReachTheListener"},
	{inRequest, `(r.host == "" || other.host != "" && covers`, `(r.host == "" || other.host == "" || covers`, "TestLinterAgreesWithTheEvaluator"},
	{inRequest, `(r.verb == "" || r.verb == other.verb) &&`, ``, "TestLinterAgreesWithTheEvaluator"},
	{inRequest, `covers(r.path, other.path) &&`, `overlap(r.path, other.path) &&`, "TestLinterAgreesWithTheEvaluator"},
	{inMigration, `if p.shared() && r.Rewrite.Regex != "" && !r.Rewrite.Shared {`, `if false {`, "TestRewriteIsTheRoutes"},
	{inMigration, `if p == Dark {`, `if false {`, "TestEveryPairOfPhasesOfARoute"},
	{inRules, `Weight: jsii.Number(f.Percent)`, `Weight: jsii.Number(100 - f.Percent)`, "TestRulesOfAllStacks"},

	// Scaling.
	{inScaling, `MaxCapacity: jsii.Number(scaling.Max)`, `MaxCapacity: jsii.Number(10)`, "TestScalingIsTheCatalogs"},
	{inScaling, `RequestsPerTarget: jsii.Number(scaling.RequestsPerTarget)`, `RequestsPerTarget: jsii.Number(6000)`, "TestScalingIsTheCatalogs"},
	{inScaling, `		TargetUtilizationPercent: jsii.Number(scaling.CPUPercent),`, `		TargetUtilizationPercent: jsii.Number(scaling.CPUPercent),
		DisableScaleIn: jsii.Bool(true),`, "TestServicesScaleAlone"},
	{inScaling, `TargetUtilizationPercent: jsii.Number(scaling.CPUPercent)`, `TargetUtilizationPercent: jsii.Number(60)`, "TestScalingIsTheCatalogs"},
	{inScaling, `ResolutionSeconds: jsii.Number(20)`, `ResolutionSeconds: jsii.Number(60)`, "TestScalingIsTheCatalogs"},
	{inScaling, `"ECSServiceAverageCPUUtilizationHighResolution"`, `"ECSServiceAverageMemoryUtilization"`, "TestScalingIsTheCatalogs"},
	{inScaling, `MinCapacity: jsii.Number(bounds.Min)`, `MinCapacity: jsii.Number(scaling.Min)`, "TestScalingIsTheCatalogs"},
	{inScaling, `MaxCapacity: jsii.Number(bounds.Max)`, `MaxCapacity: jsii.Number(scaling.Max)`, "TestScalingIsTheCatalogs"},
	{inScaling, `awscdk.TimeZone_Of(&bounds.TimeZone)`, `awscdk.TimeZone_ETC_UTC()`, "TestScalingIsTheCatalogs"},
	{inScaling, `jsii.String("ForecastAndScale")`, `jsii.String("ForecastOnly")`, "TestScalingIsTheCatalogs"},
	{inScaling, `TargetValue: jsii.Number(scaling.CPUPercent)`, `TargetValue: jsii.Number(60)`, "TestScalingIsTheCatalogs"},
	{inScaling, `Base: jsii.Number(scaling.Min), Weight: jsii.Number(100 - scaling.SpotPercent)`, `Weight: jsii.Number(100 - scaling.SpotPercent)`, "TestScalingIsTheCatalogs"},
	{inScaling, `CapacityProvider: jsii.String("FARGATE_SPOT"), Weight: jsii.Number(scaling.SpotPercent)`, `CapacityProvider: jsii.String("FARGATE_SPOT"), Weight: jsii.Number(100)`, "TestScalingIsTheCatalogs"},
	{inScaling, `Enabled: jsii.Bool(true), Nonce: &nonce`, `Enabled: jsii.Bool(false), Nonce: &nonce`, "TestScalingIsTheCatalogs"},
	{inScaling, `fmt.Sprintf("%d%% Spot beyond %d", scaling.SpotPercent, scaling.Min)`, `fmt.Sprint("Spot")`, "TestScalingIsTheCatalogs"},

	// Alarms.
	{inAlarms, `groupMetric(group, "RequestCount", "Sum"),
				"p99"`, `groupMetric(group, "RequestCount", "Average"),
				"p99"`, "TestAlarmsAreOfTheirService"},
	{inAlarms, `groupMetric(group, "TargetResponseTime", "p99")`, `groupMetric(group, "TargetResponseTime", "Average")`, "TestAlarmsAreOfTheirService"},
	{inAlarms, `Threshold: jsii.Number(props.Service.Alarms.ErrorPercent)`, `Threshold: jsii.Number(1)`, "TestAlarmBoundsAreTheCatalogs"},
	{inAlarms, `[]string{"2XX", "3XX", "4XX"}`, `[]string{"2XX", "3XX"}`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `[]string{"2XX", "3XX", "4XX"}`, `[]string{"2XX", "3XX", "4XX", "5XX"}`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `" - FILL(%s, 0)"`, `" - %s"`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `"FILL(answered5, 0) + FILL(balancer5, 0)"`, `"FILL(answered5, 0)"`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `"IF(%[1]s > %[2]s, %[2]s, %[1]s)"`, `"%[1]s + 0 * (%[2]s)"`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `"IF(%[1]s > %[2]s, %[2]s, %[1]s)"`, `"%[2]s + 0 * (%[1]s)"`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `"failed":  groupMetric(group, "HTTPCode_Target_5XX_Count"`, `"failed":  groupMetric(group, "HTTPCode_Target_4XX_Count"`, "TestWebSocketsAreNoErrors"},
	{inAlarms, `"FILL(failed, 0) + FILL(refused, 0)"`, `"FILL(failed, 0)"`, "TestWebSocketsAreNoErrors"},
	{inAlarms, `fmt.Sprintf("FILL(%s, 0)", id))
		metrics[id] = newMetric`, `id)
		metrics[id] = newMetric`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `groupMetric(group, "UnHealthyHostCount", "Minimum")`, `groupMetric(group, "UnHealthyHostCount", "Maximum")`, "TestAlarmsAreOfTheirService"},
	{inAlarms, `minutes := wholeMinutes(props.Service.StartUp) + 1`, `minutes := 1`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `wholeMinutes(props.Service.StartUp)+2`, `1`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `IF(running < %d, IF(running < desired, 1, 0), 0)`, `IF(running < %d, 1, 0)`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `TreatMissingData_IGNORE`, `TreatMissingData_BREACHING`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `TreatMissingData_NOT_BREACHING`, `TreatMissingData_BREACHING`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `ComparisonOperator_GREATER_THAN_THRESHOLD`, `ComparisonOperator_LESS_THAN_THRESHOLD`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `jsii.Number(3), jsii.Number(2)`, `jsii.Number(1), jsii.Number(1)`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `jsii.Number(3), jsii.Number(2)`, `jsii.Number(15), jsii.Number(15)`, "TestAlarmsRingWhenTheyShould"},
	{inAlarms, `	added.AddAlarmAction(props.AlarmAction)` + "\n", ``, "TestAlarmsAreOfTheirService"},
	{inAlarms, `"ServiceName": service.ServiceName(),`, `"ServiceName": props.Cluster.ClusterName(),`, "TestAlarmsAreOfTheirService"},
	{inAlarms, `"Operation": &call,`, `"Operation": jsii.String("Query" + call[:0]),`, "TestAlarmsAreOfTheirService"},

	// Budgets.
	{inBudget, `Threshold:          jsii.Number(100)`, `Threshold:          jsii.Number(1000)`, "TestBudgets"},
	{inBudget, `jsii.Number(props.Service.MonthlyBudget)`, `jsii.Number(50)`, "TestBudgets"},
	{inBudget, `[]string{"ACTUAL", "FORECASTED"}`, `[]string{"ACTUAL"}`, "TestBudgets"},
	{inBudget, `jsii.String("GREATER_THAN")`, `jsii.String("LESS_THAN")`, "TestBudgets"},
	{inBudget, `services.Tags(props.App, props.Environment, props.Service.Name)`, `services.Tags(props.App, props.Environment, services.Shared)`, "TestBudgets"},
	{inBudget, `jsii.String("COST")`, `jsii.String("USAGE")`, "TestBudgets"},
	{inBudget, `topic := props.Topic.TopicArn()`, `topic := props.Topic.TopicName()`, "TestBudgets"},

	// Tables.
	{inTable, `DeletionProtection:               jsii.Bool(true)`, `DeletionProtection:               jsii.Bool(false)`, "TestTablesAreKept"},
	{inTable, `awscdk.RemovalPolicy_RETAIN`, `awscdk.RemovalPolicy_DESTROY`, "TestTablesAreKept"},
	{inTable, `			SortKey:      attribute(index.SortKey),`, `			SortKey:      attribute(index.PartitionKey),`, "TestTableKeysAreTheCatalogs"},
	{inTable, `t.Owner.Table.Permissions()`, `append(t.Owner.Table.Permissions(), "DeleteTable")`, "TestEachRoleReachesItsOwn"},
	{inTable, `awsdynamodb.TableEncryptionV2_AwsManagedKey()`, `awsdynamodb.TableEncryptionV2_DynamoOwnedKey()`, "TestControlsHoldInEveryPhase"},

	// Collectors.
	{inCollector, `jsii.Bool(false),
		EnableRestartPolicy`, `jsii.Bool(true),
		EnableRestartPolicy`, "TestCollectors"},
	{inCollector, `"xray:PutTraceSegments"`, `"xray:*"`, "TestCollectors"},
	{inCollector, `awsecs.ContainerDependencyCondition_START`, `awsecs.ContainerDependencyCondition_COMPLETE`, "TestCollectors"},
	{inCollector, `Cpu:                    jsii.Number(services.CollectorCPU)`, `Cpu:                    jsii.Number(0)`, "TestCollectors"},
	{inCollector, `jsii.Number(s.ProgramCPU())`, `jsii.Number(s.CPU)`, "TestCollectors"},
	{inCollector, `endpoint: "localhost:%d"`, `endpoint: "0.0.0.0:%d"`, "TestCollectors"},
	{inCollector, `seconds(service.Stop.Timeout)`, `seconds(service.Stop.Timeout / 3)`, "TestCollectors"},
	{inQueries, `&[]any{log}`, `&[]any{jsii.Sprintf("%s/other", *log)}`, "TestQueries"},

	// Secrets.
	{inSecrets, `"secretsmanager:GetSecretValue"`, `"secretsmanager:*"`, "TestEachRoleReachesItsOwn"},
	{inSecrets, `"ssm:GetParameters"`, `"ssm:GetParameter"`, "TestEachRoleReachesItsOwn"},
	{inSecrets, `secret.Resource(place)`, `secret.ARN(place)+"*"`, "TestEachRoleReachesItsOwn"},
	{inSecrets, `place.Resolve(secret.EncryptionKey))`, `"*")`, "TestEachRoleReachesItsOwn"},
	{inService, `addSecrets(task, execution,`, `addSecrets(task, program,`, "TestEachRoleReachesItsOwn"},
	{inSecrets, `secret.ValueFrom(place)`, `secret.ARN(place)`, "TestSecretsAreTheCatalogs"},

	// Permissions.
	{inPermissions, `p.Actions, resources`, `p.Actions[:1], resources`, "TestEachRoleReachesItsOwn"},
	{inPermissions, `place.Resolve(resource)`, `place.Resolve(resource)+"*"`, "TestEachRoleReachesItsOwn"},
	{inPermissions, `p.Actions, resources`, `p.Actions, []string{"*"}`, "TestEachRoleReachesItsOwn"},

	// Rights.
	{inGrant, `jsii.String(name+digest), &awsiam.PolicyProps`, `jsii.String(name), &awsiam.PolicyProps`, "TestNoTaskLosesARight"},
	{inGrant, `measure(g.furtherDigest)`, `measure(g.furtherSize)`, "TestNoTaskLosesARight"},
	{inGrant, `if g.made[name+digest] {`, `if g.made[""] {`, "TestGrantsThatAreEqual"},
	{inGrant, `mostInline  = 8000`, `mostInline  = 80000`, "TestGrantsHaveRoom"},
	{inGrant, `mostManaged = 5500`, `mostManaged = 55000`, "TestGrantsHaveRoom"},

	// What services take from the monolith.
	{inTakes, `if !m.Services[s.Name].Strangled {`, `if true {`, "TestTakenNeedsMoveInOrder"},
	{inTakes, `monolith.Needs = monolith.Needs.with(s.Takes)
		}
	}
	return`, `monolith.Needs = s.Takes
		}
	}
	return`, "TestTakenNeedsMoveInOrder"},

	// Ways out.
	{inEgress, `FromPort: port, ToPort: port, Description: &e.Reason,
		}`, `FromPort: jsii.Number(0), ToPort: port, Description: &e.Reason,
		}`, "TestReachability"},
	{inEgress, `out.CidrIp = &e.To`, `out.CidrIp = jsii.String("0.0.0.0/0")`, "TestReachability"},
	{inEgress, `SourceSecurityGroupId: group.SecurityGroupId(),`, `SourceSecurityGroupId: &e.To,`, "TestReachability"},
	{inEgress, `props.Service.Needs.Egress)...)`, `props.Service.Needs.Egress)[:0]...)`, "TestEgressIsTheCatalogs"},

	// Network.
	{inFurther, `own(stack, service, "*")`, `jsii.Sprintf("arn:aws:%s:::*", service)`, "TestEndpoints"},
	{inFurther, `jsii.Sprintf("arn:%s:s3:::*", *stack.Partition())`, `jsii.Sprintf("%s*", (*stack.Partition())[:0])`, "TestEndpoints"},
	{inEndpoints, `slices.Contains(e.Endpoints, "s3")`, `true`, "TestEndpoints"},
	{inEndpoints, `slices.Contains(e.Endpoints, "dynamodb")`, `true`, "TestEndpoints"},
	{inFurther, `service+":*"`, `"*"`, "TestEndpoints"},
	{inPlatform, `awsec2.SubnetType_PRIVATE_ISOLATED`, `awsec2.SubnetType_PUBLIC`, "TestReachability"},
	{inPlatform, `if e.internet() {`, `if false {`, "TestReachability"},
	{inPlatform, `MapPublicIpOnLaunch: jsii.Bool(false)`, `MapPublicIpOnLaunch: jsii.Bool(true)`, "TestControlsHoldInEveryPhase"},
	{inPlatform, `awsec2.FlowLogTrafficType_REJECT`, `awsec2.FlowLogTrafficType_ACCEPT`, "TestLogs"},
	{inPlatform, `awsecs.ContainerInsights_ENHANCED`, `awsecs.ContainerInsights_DISABLED`, "TestControlsHoldInEveryPhase"},
	{inPlatform, `EnableFargateCapacityProviders: jsii.Bool(true)`, `EnableFargateCapacityProviders: jsii.Bool(false)`, "TestNoServiceHasALaunchType"},
	{inPlatform, `"aws:SourceAccount": stack.Account()`, `"aws:SourceAccount": "*"`, "TestRolesTrustTheirOwnAccount"},
	{inPlatform, `awscdk.Fn_Select(jsii.Number(i), all)`, `awscdk.Fn_Select(jsii.Number(i/2), all)`, "TestZones"},
	{inEndpoints, `s3.AddToPolicy(readLayers(stack))`, `_ = s3`, "TestEndpoints"},
	{inEndpoints, `awsec2.Port_Tcp(jsii.Number(443)), jsii.String("Tasks")`, `awsec2.Port_Tcp(jsii.Number(80)), jsii.String("Tasks")`, "TestReachability"},
	{inEndpoints, `group.AddIngressRule(awsec2.Peer_Ipv4(&block)`, `group.AddIngressRule(awsec2.Peer_AnyIpv4()`, "TestSecurityGroups"},
	{inEndpoints, `range e.ranges()`, `range []string{VPCRange}`, "TestExistingVPC"},
	{inEdge, `range e.ranges()`, `range []string{VPCRange}`, "TestExistingVPC"},
	{inExisting, `"waf", e.WAF != nil`, `"waf", false`, "TestBadListener"},
	{inExisting, `e.Account != "" && parts[2] != e.Account`, `false`, "TestBadListener"},
	{inExisting, `Monolith: e.external()}`, `Monolith: ""}`, "TestRulesOfAnExistingListener"},
	{inExisting, `services.OfOthers(all, e.StageName(), catalog)`, `all`, "TestRulesOfAnExistingListener"},
	{inExisting, `l.Preview, l.Live, l.Theirs = e.Listener.Priorities.Preview, e.Listener.Priorities.Live, e.Listener.theirs`,
		`l.Preview, l.Live = e.Listener.Priorities.Preview, e.Listener.Priorities.Live`, "TestRulesOfAnExistingListener"},
	{inExisting, `if !strings.HasPrefix(rule.ARN, own) {`, `if !strings.HasPrefix(rule.ARN, own[:0]) {`, "TestRulesOfAnExistingListener"},
	{inExisting, `case e.external() != "" && monolith.Connected():`, `case false:`, "TestBadListener"},
	{inExisting, `		warnOfHTTP(stack, environment+" has a listener of HTTP")`, ``, "TestExistingListenerSaysItsAddress"},
	{inStage, ` && e.external() == ""`, ``, "TestExistingListenerIsNotTouched"},
	{inStage, `groups[forward.Service] = &external`, `groups[forward.Service] = nil`, "TestShareWithAnExternalMonolith"},
	{inData, `range e.runs(props.Catalog)`, `range props.Catalog.All()`, "TestExternalMonolithHasItsOwnTable"},
	{inWatch, `e.external())`, `"")`, "TestExistingListenerIsWatched"},
	{inPlatform, `if e.VPC.Endpoints {`, `if true {`, "TestExistingVPC"},
	{inPlatform, `if e.VPC.FlowLog {`, `if true {`, "TestExistingVPC"},
	{inVPC, `listOrNil(v.LoadBalancer)`, `listOrNil(v.Tasks)`, "TestExistingVPC"},
	{inVPC, `attributes.IsolatedSubnetIds, attributes`, `attributes.PublicSubnetIds, attributes`, "TestExistingVPC"},
	{inEndpoints, `AllowAllOutbound: jsii.Bool(false)`, `AllowAllOutbound: jsii.Bool(true)`, "TestSecurityGroups"},
	{inEndpoints, `"table/"+stageName(stack)+"-Data-*"`, `"table/*"`, "TestEndpoints"},
	{inEndpoints, `"log-group:"+stageName(stack)+"-*"`, `"log-group:*"`, "TestEndpoints"},
	{inEndpoints, `"aws:PrincipalAccount": stack.Account()`, `"aws:PrincipalAccount": "*"`, "TestEndpoints"},
	{inEndpoints, `"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"`, `"ecr:BatchCheckLayerAvailability", "ecr:PutImage"`, "TestEndpoints"},
	{inEndpoints, `jsii.Strings("s3:GetObject")`, `jsii.Strings("s3:*")`, "TestEndpoints"},
	{inEndpoints, `		{"Logs", awsec2.InterfaceVpcEndpointAwsService_CLOUDWATCH_LOGS(), writeLogs(stack)},` + "\n", ``, "TestReachability"},

	// The load balancer.
	{inEdge, `InternetFacing:          jsii.Bool(true)`, `InternetFacing:          jsii.Bool(false)`, "TestReachability"},
	{inEdge, `awscdk.Duration_Seconds(jsii.Number(e.IdleTimeout))`, `awscdk.Duration_Seconds(jsii.Number(20))`, "TestTimeoutsInARow"},
	{inListener, `if e.Certificate != "" {`, `if false {`, "TestExistingCertificate"},
	{inNeeds, `ways[i].To = e.SecurityGroups[way.To]`, `_ = i`, "TestNamedSecurityGroup"},
	{inEdge, `DropInvalidHeaderFields: jsii.Bool(true)`, `DropInvalidHeaderFields: jsii.Bool(false)`, "TestLoadBalancer"},
	{inEdge, `DeletionProtection:      e.Protected`, `DeletionProtection:      jsii.Bool(false)`, "TestProtection"},
	{inEdge, `awscdk.Duration_Days(jsii.Number(90))`, `awscdk.Duration_Days(jsii.Number(9000))`, "TestLoadBalancer"},
	{inEdge, `EnforceSSL:        jsii.Bool(true)`, `EnforceSSL:        jsii.Bool(false)`, "TestLoadBalancer"},
	{inEdge, `awsec2.Port_Tcp(jsii.Number(80)), jsii.String("HTTP from anywhere")`, `awsec2.Port_Tcp(jsii.Number(8080)), jsii.String("HTTP from anywhere")`, "TestPortsJoin"},
	{inEdge, `awsec2.Port_Tcp(jsii.Number(443)), jsii.String("HTTPS from anywhere")`, `awsec2.Port_Tcp(jsii.Number(8443)), jsii.String("HTTPS from anywhere")`, "TestPortsJoin"},
	{inEdge, `awsec2.Port_AllTcp(), jsii.String("Tasks")`, `awsec2.Port_Tcp(jsii.Number(80)), jsii.String("Tasks")`, "TestPortsJoin"},
	{inListener, `		Port:          jsii.Number(80),
		Open:          jsii.Bool(false),
		DefaultAction: notFound(),`, `		Port:          jsii.Number(8080), Protocol: elbv2.ApplicationProtocol_HTTP,
		Open:          jsii.Bool(false),
		DefaultAction: notFound(),`, "TestPortsJoin"},
	{inListener, `elbv2.SslPolicy_TLS13_12_RES_PQ`, `elbv2.SslPolicy_LEGACY`, "TestHTTPS"},
	{inListener, `jsii.Number(404)`, `jsii.Number(503)`, "TestDefaultIsNotFound"},
	{inListener, `Permanent: jsii.Bool(true)`, `Permanent: jsii.Bool(false)`, "TestHTTPS"},
	{inListener, `Port:      jsii.String("443")`, `Port:      jsii.String("8443")`, "TestHTTPS"},
	{inListener, `		pin(stack, redirectHTTP(balancer).ListenerArn())`, `		redirectHTTP(balancer)`, "TestRunningEnvironmentGrows"},

	// The firewall.
	{inFirewall, `const requestsPerAddress = 2000`, `const requestsPerAddress = 2000000`, "TestFirewall"},
	{inFirewall, `jsii.String("IP")`, `jsii.String("FORWARDED_IP")`, "TestFirewall"},
	{inFirewall, `		Action:           &awswafv2.CfnWebACL_RuleActionProperty{Block: empty},
		VisibilityConfig: metrics("RequestsPerAddress"),`, `		Action:           &awswafv2.CfnWebACL_RuleActionProperty{Count: empty},
		VisibilityConfig: metrics("RequestsPerAddress"),`, "TestFirewall"},
	{inFirewall, `OverrideActionProperty{None: empty}`, `OverrideActionProperty{Count: empty}`, "TestFirewall"},
	{inFirewall, `redacted("authorization"), redacted("cookie")`, `redacted("authorization")`, "TestFirewall"},
	{inFirewall, `"Behavior":    "KEEP"`, `"Behavior":    "DROP"`, "TestFirewall"},
	{inFirewall, `jsii.String("STARTS_WITH")`, `jsii.String("CONTAINS")`, "TestFreeText"},

	// The topic.
	{inWatch, `EnforceSSL: jsii.Bool(true)`, `EnforceSSL: jsii.Bool(false)`, "TestAlarmsAndBudgetsPublish"},
	{inWatch, `"aws:SourceAccount": stack.Account()`, `"aws:SourceAccount": "*"`, "TestAlarmsAndBudgetsPublish"},
	{inWatch, `[]string{"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}`, `[]string{"cloudwatch.amazonaws.com"}`, "TestAlarmsAndBudgetsPublish"},
	{inWatch, `EnableKeyRotation: jsii.Bool(true)`, `EnableKeyRotation: jsii.Bool(false)`, "TestControlsHoldInEveryPhase"},

	// Workers.
	{inService, `if !props.Service.IsWorker() {`, `if true {`, "TestNothingReachesAWorker"},
	{inConnections, `if s.IsWorker() {`, `if false {`, "TestNothingReachesAWorker"},
	{inWorker, `if s.IsWorker() && len(s.Health.Command) == 0 {`, `if s.IsWorker() {`, "TestHealthOfAWorker"},
	{inWorker, `StartPeriod: seconds(s.StartUp),`, ``, "TestHealthOfAWorker"},
	{inWorker, `IF(running > 0, waiting / running, waiting)`, `waiting`, "TestWorkerFollowsItsQueue"},
	{inWorker, `TargetValue:      jsii.Number(scaling.MessagesPerTask),`, `TargetValue:      jsii.Number(1),`, "TestWorkerFollowsItsQueue"},
	{inWorker, `newTasksAlarm(scope, props, service)`, ``, "TestAlarmsAreOfTheirService"},

	// Stacks and their order.
	{inStage, `if !m.Services[service.Name].Strangled {`, `if m.Services[service.Name].Strangled {`, "TestOrderBetweenStacks"},
	{inStage, `PermissionsBoundary: boundary(e),`, `PermissionsBoundary: nil,`, "TestPermissionsBoundary"},
	{inStage, `		set(awscdk.Tags_Of(table.Table), name)` + "\n", `		_, _ = name, table` + "\n", "TestEveryResourceIsTagged"},
	{inTakes, `monolith.Scaling = MonolithScaling(c, m)`, `_ = MonolithScaling`, "TestMonolithScalesWithThePhases"},
	{inStage, `range catalog.Order() {`, `range catalog.Services {`, "TestDeclaredCallsAreAllThereAre"},
	{inStack, `TerminationProtection: e.Protected`, `TerminationProtection: jsii.Bool(false)`, "TestEveryStackIsProtected"},
	{inData, `if !m.Services[s.Name].Strangled {`, `if true {`, "TestEachRoleReachesItsOwn"},
	{inData, `range catalog.WithPaths() {`, `range catalog.All() {`, "TestEachRoleReachesItsOwn"},
	{inMicro, `		pin(stack, group.TargetGroupArn())` + "\n", `		_ = group` + "\n", "TestExportsArePinned"},
	{inMicro, `Budget:       *e.Budgets,`, `Budget:       true,`, "TestBudgetsWhereThereAre"},

	// The roles that deliver.
	{inDelivery, `"cloudwatch:GetMetricData", `, `"cloudwatch:GetMetricData", "cloudwatch:PutMetricData", `, "TestVerdictRights"},
	{inDelivery, `"aws:RequestedRegion": e.Region`, `"aws:PrincipalType": "AssumedRole"`, "TestVerdictRights"},
	{inDelivery, `"cloudwatch:DescribeAlarms"`, `"cloudwatch:DeleteAlarms"`, "TestVerdictRights"},
	{inDelivery, `claims["ref"] = "refs/heads/" + d.Branch`, `claims["ref"] = "refs/heads/*"`, "TestDeliveryTrust"},
	{inDelivery, `"aud":           audience,`, ``, "TestDeliveryTrust"},
	{inDelivery, `"repository_id": d.RepositoryID,`, ``, "TestDeliveryTrust"},
	{inDelivery, `"deploy", "file-publishing", "image-publishing", "lookup"`, `"deploy", "file-publishing", "image-publishing", "lookup", "cfn-exec"`, "TestDeliveryRights"},
	{inDelivery, `allow(role, "sts:AssumeRole", bootstrapRoles(scope, e, "lookup")...)`, `allow(role, "sts:AssumeRole", bootstrapRoles(scope, e, "deploy")...)`, "TestDeliveryRights"},
	{inDelivery, `stack/%s-*/*`, `stack/*/*`, "TestDeliveryRights"},
}
