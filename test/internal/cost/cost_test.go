package cost

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly/assemblytest"
)

// service returns a service of the stack Orders, with a number of tasks of a size.
func service(tasks, cpu, memory int, properties string) string {
	return fmt.Sprintf(`
		"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
			"Cpu": "%d", "Memory": "%d", "RuntimePlatform": {"CpuArchitecture": "ARM64"}, "ContainerDefinitions": [{"Name": "orders"}]}},
		"Service": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"}, %s}},
		"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {
			"MinCapacity": %d, "MaxCapacity": 100, "ResourceId": {"Fn::Sub": "service/c/${Service.Name}"}}}`, cpu, memory, properties, tasks)
}

const onDemand = `"LaunchType": "FARGATE"`

// resource returns a resource of a type, under a logical id.
func resource(id, kind, properties string) string {
	return fmt.Sprintf(`"%s": {"Type": "AWS::%s", "Properties": {%s}}`, id, kind, properties)
}

func estimate(t assemblytest.T, stacks map[string]string) (Estimate, error) {
	t.Helper()
	resources := map[string]string{}
	for id, text := range stacks {
		resources[id] = "{" + text + "}"
	}
	return Of(assemblytest.Stage(t, "eu-west-1", resources))
}

// rows returns the rows of an estimate, each as "group: what, quantity, month".
func rows(e Estimate) []string {
	var all []string
	for _, r := range e.Rows {
		all = append(all, fmt.Sprintf("%s: %s, %s, %v", r.Group, r.What, r.Quantity(), r.Month))
	}
	return all
}

// The sums are computed by hand from the prices on AWS's pages.
func TestRows(t *testing.T) {
	enhanced := `"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]`
	for name, test := range map[string]struct {
		orders, shared string
		want           []string
	}{
		// 2 × 0.25 × 0.03238 × 730 and 2 × 0.5 × 0.00356 × 730
		"two small tasks": {orders: service(2, 256, 512, onDemand), want: []string{
			"Orders: FARGATE vCPU, ARM64, 2 × 0.25, $11.82", "Orders: FARGATE GB, ARM64, 2 × 0.5, $2.60"}},
		// 3 × 4 × 0.03238 × 730 and 3 × 30 × 0.00356 × 730
		"three large tasks": {orders: service(3, 4096, 30720, onDemand), want: []string{
			"Orders: FARGATE vCPU, ARM64, 3 × 4, $283.65", "Orders: FARGATE GB, ARM64, 3 × 30, $233.89"}},
		// 0.04048 × 730 and 2 × 0.004445 × 730
		"x86_64": {orders: strings.Replace(service(1, 1024, 2048, onDemand), `"ARM64"`, `"X86_64"`, 1), want: []string{
			"Orders: FARGATE vCPU, X86_64, 1, $29.55", "Orders: FARGATE GB, X86_64, 1 × 2, $6.49"}},
		"tasks with addresses": {orders: service(2, 1024, 2048,
			onDemand+`, "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}}`), want: []string{
			"Orders: FARGATE vCPU, ARM64, 2, $47.27", "Orders: FARGATE GB, ARM64, 2 × 2, $10.40", "Orders: public IPv4 address, 2, $7.30"}},
		// 0.03238 × 730, 2 × 0.00356 × 730, 3 × 0.00979124 × 730, 3 × 2 × 0.00107649 × 730
		"one on demand, three on Spot": {
			orders: service(4, 1024, 2048,
				`"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]`),
			want: []string{
				"Orders: FARGATE vCPU, ARM64, 1, $23.64", "Orders: FARGATE GB, ARM64, 1 × 2, $5.20",
				"Orders: FARGATE_SPOT vCPU, ARM64, 3, $21.44", "Orders: FARGATE_SPOT GB, ARM64, 3 × 2, $4.72"}},
		"metrics every 20 s": {
			orders: service(1, 1024, 2048, onDemand+`, "Monitoring": {"MetricConfigurations": [
				{"MetricNames": ["CPUUtilization", "MemoryUtilization"], "ResolutionSeconds": 20},
					{"MetricNames": ["Other"], "ResolutionSeconds": 60}]}`),
			want: []string{
				"Orders: FARGATE vCPU, ARM64, 1, $23.64", "Orders: FARGATE GB, ARM64, 1 × 2, $5.20", "Orders: metric every 20 s, 2, $0.60",
			}},
		// 3 × 2 × 0.011 × 730 and 3 × 0.011 × 730
		"endpoints in two and in three zones": {
			shared: resource("S3", "EC2::VPCEndpoint", `"ServiceName": "s3", "RouteTableIds": ["r"]`) + "," +
				resource("Api", "EC2::VPCEndpoint", `"VpcEndpointType": "Interface", "ServiceName": "ecr", "SubnetIds": ["a", "b"]`) + "," +
				resource("Docker", "EC2::VPCEndpoint", `"VpcEndpointType": "Interface", "ServiceName": "dkr", "SubnetIds": ["a", "b"]`) + "," +
				resource("Logs", "EC2::VPCEndpoint", `"VpcEndpointType": "Interface", "ServiceName": "logs", "SubnetIds": ["a", "b", "c"]`),
			want: []string{"shared: interface endpoint, in a zone, 2 × 2, $32.12", "shared: interface endpoint, in a zone, 1 × 3, $24.09"}},
		// 2 × 0.048 × 730 and 2 × 0.005 × 730
		"NAT gateways": {
			shared: resource("A", "EC2::NatGateway", "") + "," + resource("AIp", "EC2::EIP", "") + "," + resource("B", "EC2::NatGateway", "") +
				"," + resource("BIp", "EC2::EIP", ""),
			want: []string{"shared: NAT gateway, 2, $70.08", "shared: public IPv4 address, 2, $7.30"}},
		// 0.0252 × 730 and 3 × 0.005 × 730
		"a load balancer on the internet": {
			shared: resource("LB", "ElasticLoadBalancingV2::LoadBalancer",
				`"Type": "application", "Scheme": "internet-facing", "Subnets": ["a", "b", "c"]`),
			want: []string{"shared: load balancer, 1, $18.40", "shared: public IPv4 address, 3, $10.95"}},
		"a load balancer inside": {
			shared: resource("LB", "ElasticLoadBalancingV2::LoadBalancer", `"Scheme": "internal", "Subnets": ["a", "b", "c"]`),
			want:   []string{"shared: load balancer, 1, $18.40"}},
		"a firewall": {
			shared: resource("ACL", "WAFv2::WebACL",
				`"Rules": [{"Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}},
					{"Statement": {"RateBasedStatement": {"Limit": 2000}}}]`),
			want: []string{"shared: firewall, 1, $5.00", "shared: firewall rule, 2, $2.00"}},
		"alarms by their metrics": {
			shared: resource("One", "CloudWatch::Alarm", `"MetricName": "m", "Period": 60, "EvaluationPeriods": 3`) + "," +
				resource("Math", "CloudWatch::Alarm",
					`"EvaluationPeriods": 3, "Metrics": [{"Expression": "a / b"}, {"MetricStat": {"Period": 60}}, {"MetricStat": {"Period": 60}}]`) + "," +
				resource("Often", "CloudWatch::Alarm",
					`"EvaluationPeriods": 3, "Metrics": [{"Expression": "a / b"}, {"MetricStat": {"Period": 60}}, {"MetricStat": {"Period": 10}}]`),
			want: []string{
				"shared: alarm, by metric, 1, $0.10", "shared: alarm, by metric, 1 × 2, $0.20",
				"shared: high-resolution alarm, by metric, 1 × 2, $0.60",
			}},
		"alarms of scaling": {
			orders: resource("Cpu", "ApplicationAutoScaling::ScalingPolicy",
				`"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
					"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}`) + "," +
				resource("Fast", "ApplicationAutoScaling::ScalingPolicy",
					`"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
					"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilizationHighResolution"}}`) + "," +
				resource("Own", "ApplicationAutoScaling::ScalingPolicy",
					`"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
					"CustomizedMetricSpecification": {"Metrics": [{"Expression": "a / b"}, {"MetricStat": {}}, {"MetricStat": {}}]}}`) + "," +
				resource("Ahead", "ApplicationAutoScaling::ScalingPolicy", `"PolicyType": "PredictiveScaling"`) + "," +
				resource("Steps", "ApplicationAutoScaling::ScalingPolicy", `"PolicyType": "StepScaling"`) + "," +
				resource("Step", "CloudWatch::Alarm", `"MetricName": "m", "Period": 60`) + "," + service(1, 1024, 2048, onDemand),
			want: []string{
				"Orders: FARGATE vCPU, ARM64, 1, $23.64", "Orders: FARGATE GB, ARM64, 1 × 2, $5.20",
				"Orders: alarm of scaling, by metric, 2, $0.20", "Orders: alarm of scaling, by metric, 2 × 2, $0.40",
				"Orders: alarm, by metric, 1, $0.10",
				"Orders: high-resolution alarm of scaling, by metric, 2, $0.60"}},
		// 25 × 0.07; 51 × 0.07; 2 × 46 × 0.07
		"Container Insights": {
			orders: resource("Cluster", "ECS::Cluster", enhanced) + "," + service(2, 1024, 2048, onDemand+`, "Cluster": {"Ref": "Cluster"}`),
			want: []string{
				"Orders: FARGATE vCPU, ARM64, 2, $47.27", "Orders: FARGATE GB, ARM64, 2 × 2, $10.40",
				"Orders: Container Insights metric, of a service, 1 × 51, $3.57", "Orders: Container Insights metric, of a task, 2 × 46, $6.44",
				"Orders: Container Insights metric, of the cluster, 1 × 25, $1.75"}},
		"Container Insights of another cluster": {
			orders: service(2, 1024, 2048, onDemand+`, "Cluster": "another"`),
			shared: resource("Cluster", "ECS::Cluster", enhanced),
			want: []string{"Orders: FARGATE vCPU, ARM64, 2, $47.27", "Orders: FARGATE GB, ARM64, 2 × 2, $10.40",
				"shared: Container Insights metric, of the cluster, 1 × 25, $1.75"}},
		"by the month": {
			shared: resource("Key", "KMS::Key", "") + "," + resource("Board", "CloudWatch::Dashboard", "") + "," +
				resource("Secret", "SecretsManager::Secret", ""),
			want: []string{"shared: dashboard, 1, $3.00", "shared: customer-managed key, 1, $1.00", "shared: secret, 1, $0.40"}},
		"what is free": {
			shared: resource("Budget", "Budgets::Budget", "") + "," + resource("OIDC", "IAM::OIDCProvider", "") + "," +
				resource("Query", "Logs::QueryDefinition", "") + "," +
				resource("Topic", "SNS::Topic", "") + "," + resource("Mail", "SNS::Subscription", "") + "," +
				resource("Policy", "SNS::TopicPolicy", "") + "," +
				resource("Alias", "KMS::Alias", "") + "," + resource("Providers", "ECS::ClusterCapacityProviderAssociations", "") + "," +
				resource("Cluster", "ECS::Cluster", `"ClusterSettings": [{"Name": "containerInsights", "Value": "disabled"}]`) + "," +
				resource("Name", "Route53::RecordSet", `"AliasTarget": {}`)},
	} {
		stacks := map[string]string{"Orders": test.orders, "Platform": test.shared}
		e, err := estimate(t, stacks)
		require.NoError(t, err, name)
		assert.Equal(t, test.want, rows(e), name)
	}
}

// A table belongs to its service, in every stack; the other resources of the stack are
// shared.
func TestGroups(t *testing.T) {
	table := `"BillingMode": "PAY_PER_REQUEST"`
	e, err := estimate(t, map[string]string{
		"Orders": service(1, 1024, 2048, onDemand),
		"Data": resource("OrdersTable0123", "DynamoDB::GlobalTable", table) + "," + resource("UserTable0123", "DynamoDB::GlobalTable", table) +
			"," +
			resource("OrdersBucket0123", "S3::Bucket", "") + "," + resource("Logs", "Logs::LogGroup", ""),
	})
	require.NoError(t, err)
	want := map[string][]string{"Orders": {"image storage", "tables"}, Shared: {"buckets", "logs", "tables"}}
	assert.Equal(t, want, e.ByUse)
	assert.Equal(t, []string{"Orders", Shared}, e.Groups())
}

// A resource without a price is an error that names it, and never counts as free.
func TestResourcesWithoutAPrice(t *testing.T) {
	for want, text := range map[string]string{
		"cost: stack Orders: AWS::RDS::DBInstance New: the type has no price: add it to test/internal/cost/charges.go": resource("New",
			"RDS::DBInstance", ""),
		`no price of "FARGATE vCPU, RISCV64" in "eu-west-1": add what AWS lists to test/internal/cost/prices.go`: strings.Replace(service(1, 256,
			512, onDemand), "ARM64", "RISCV64", 1),
		`no price of "MINE vCPU, ARM64"`: service(1, 256, 512,
			`"CapacityProviderStrategy": [{"CapacityProvider": "MINE", "Weight": 1}]`),
		"no capacity provider has a weight": service(1, 256, 512,
			`"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 1}]`),
		`launch type "" has no price`:    service(1, 256, 512, `"Cluster": "c"`),
		`launch type "EC2" has no price`: service(1, 256, 512, `"LaunchType": "EC2"`),
		"no stack has its task definition elsewhere": resource("S", "ECS::Service",
			`"LaunchType": "FARGATE", "TaskDefinition": "elsewhere"`),
		"storage beyond the 20 GB": strings.Replace(service(1, 256, 512, onDemand), `"Cpu"`,
			`"EphemeralStorage": {"SizeInGiB": 50}, "Cpu"`, 1),
		"only tables that are billed by request":                   resource("T", "DynamoDB::GlobalTable", `"BillingMode": "PROVISIONED"`),
		"an endpoint of the kind GatewayLoadBalancer has no price": resource("E", "EC2::VPCEndpoint", `"VpcEndpointType": "GatewayLoadBalancer"`),
		"a network load balancer has no price":                     resource("L", "ElasticLoadBalancingV2::LoadBalancer", `"Type": "network"`),
		"AWSManagedRulesBotControlRuleSet of AWS has a price": resource("A", "WAFv2::WebACL",
			`"Rules": [{"Statement": {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesBotControlRuleSet"}}}]`),
		"Rules of Someone has a price": resource("A", "WAFv2::WebACL",
			`"Rules": [{"Statement": {"ManagedRuleGroupStatement": {"VendorName": "Someone", "Name": "Rules"}}}]`),
		"has more metrics than the alarm names": resource("A", "CloudWatch::Alarm", `"Metrics": [{"Expression": "SELECT MAX(m) FROM n"}]`),
		"ANOMALY_DETECTION_BAND(m, 2) has more": resource("A", "CloudWatch::Alarm",
			`"Metrics": [{"Expression": "ANOMALY_DETECTION_BAND(m, 2)"}, {"MetricStat": {"Period": 60}}]`),
		`a scaling policy of the type "Other"`: resource("P", "ApplicationAutoScaling::ScalingPolicy", `"PolicyType": "Other"`),
		`containerInsights "enabled" has no price`: resource("C", "ECS::Cluster",
			`"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]`),
	} {
		e, err := estimate(t, map[string]string{"Orders": text})
		require.ErrorContains(t, err, want)
		assert.Zero(t, e.Total(), "%s: the sum beside the error", want)
	}
}

// The prices of eu-west-1 are not taken for another region.
func TestUnknownRegion(t *testing.T) {
	for _, region := range []string{"us-east-1", ""} {
		_, err := Of(assemblytest.Stage(t, region, map[string]string{"Platform": "{" + resource("Nat", "EC2::NatGateway", "") + "}"}))
		want := fmt.Sprintf(`cost: stack Platform: AWS::EC2::NatGateway Nat: no price of "NAT gateway" in %q: `+
			"add what AWS lists to test/internal/cost/prices.go", region)
		require.EqualError(t, err, want)
	}
}
