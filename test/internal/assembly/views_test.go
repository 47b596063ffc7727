package assembly

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
)

func TestListenerRoutes(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	listener := s.Listeners[0]
	assert.Equal(t, "${Edge.LoadBalancer}", listener.LoadBalancer)
	assert.Equal(t, "HTTP", listener.Protocol)
	assert.Equal(t, 80, listener.Port)
	require.NoError(t, listener.Routing.Validate())
	preview := func(r *http.Request) { r.Header.Set("X-Route-To", "orders"); r.RemoteAddr = "10.0.0.1:1234" }
	for _, test := range []struct {
		target string
		change func(*http.Request)
		rule   string
		shares map[string]float64
	}{
		{"/api/orders/1", func(*http.Request) {}, "${Orders.Live}", map[string]float64{"${Orders.Group}": 0.25, "${Monolith.Group}": 0.75}},
		{"/api/orders/1", preview, "${Orders.Preview}", map[string]float64{"${Orders.Group}": 1}},
		{"/api/ordersettings", preview, alb.DefaultRule, map[string]float64{}},
	} {
		r := httptest.NewRequest(http.MethodGet, test.target, nil)
		test.change(r)
		rule := listener.Routing.Route(r)
		assert.Equal(t, test.rule, rule.ID, test.target)
		assert.Equal(t, test.shares, rule.Shares(), test.target)
	}
	assert.Equal(t, alb.FixedResponse{StatusCode: 404, ContentType: "text/plain", MessageBody: "no such path"}, listener.Routing.Default)
}

func TestRuleOfAnotherListener(t *testing.T) {
	dir := changed(t, "assembly-shop-dev/shopdevOrders1.template.json",
		`"ListenerArn": {"Fn::GetStackOutput": {"StackName": "shop-dev-Edge", "OutputName": "PublishListener"}}`,
		`"ListenerArn": "another"`)
	s := read(t, dir, "shop-dev")
	assert.Len(t, s.ListenerRules, 2)
	rules := s.Listeners[0].Routing.Rules
	require.Len(t, rules, 1)
	assert.Equal(t, "${Orders.Live}", rules[0].ID)
}

func TestEveryConditionAndActionIsRead(t *testing.T) {
	properties := parse(t, `{
		"ListenerArn": "l", "Priority": 1,
		"Conditions": [
			{"Field": "path-pattern", "Values": ["/a"]},
			{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
			{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
			{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "q", "Value": "*"}]}}
		],
		"Actions": [{"Type": "redirect", "Order": 1, "RedirectConfig": {
			"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301"}}]
	}`).(map[string]any)
	got, err := readListenerRule(Resource{Stack: "S", LogicalID: "R", Properties: properties})
	want := alb.Rule{
		ID:       "${S.R}",
		Priority: 1,
		Conditions: []alb.Condition{
			alb.PathPattern{"/a"},
			alb.HostHeader{"*.example.com"},
			alb.HTTPRequestMethod{"GET"},
			alb.QueryString{{Key: "q", Value: "*"}},
		},
		Action: alb.Redirect{Protocol: "HTTPS", Port: "443", Host: "#{host}", Path: "/#{path}", Query: "#{query}", StatusCode: 301},
	}
	require.NoError(t, err)
	assert.Equal(t, want, got.Rule)
}

func TestForwardWithoutWeight(t *testing.T) {
	got, _, err := readAction("Actions",
		parse(t, `[{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}, {"TargetGroupArn": "b", "Weight": 0}]}}]`))
	require.NoError(t, err)
	assert.Equal(t, alb.Forward{{TargetGroup: "a", Weight: 1}, {TargetGroup: "b", Weight: 0}}, got)
}

func TestLoadBalancer(t *testing.T) {
	want := LoadBalancer{
		Scheme:         "internet-facing",
		Subnets:        []string{"subnet-a", "subnet-b"},
		SecurityGroups: []string{"${Edge.Group.GroupId}"},
		Attributes:     map[string]string{"idle_timeout.timeout_seconds": "60"},
	}
	got := read(t, "testdata/shop", "shop-dev").LoadBalancers[0]
	got.Resource = Resource{}
	assert.Equal(t, want, got)
}

func TestTargetGroups(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	byDefault, orders := s.TargetGroups[0], s.TargetGroups[1]
	byDefault.Resource, orders.Resource = Resource{}, Resource{}
	assert.Equal(t, TargetGroup{
		Protocol:        "HTTP",
		Port:            8080,
		ProtocolVersion: "HTTP2",
		HealthCheck: HealthCheck{
			Path: "/healthz", Port: "traffic-port", Interval: 5 * time.Second, Timeout: 2 * time.Second,
			Healthy: 2, Unhealthy: 3, Codes: "200-299",
		},
		DeregistrationDelay: 20 * time.Second,
		Attributes: map[string]string{
			"deregistration_delay.timeout_seconds": "20",
			"load_balancing.algorithm.type":        "least_outstanding_requests",
		},
	}, orders)
	assert.Equal(t, TargetGroup{
		Protocol:        "HTTP",
		Port:            80,
		ProtocolVersion: "HTTP1",
		HealthCheck: HealthCheck{
			Path: "/", Port: "traffic-port", Interval: 30 * time.Second, Timeout: 5 * time.Second,
			Healthy: 5, Unhealthy: 2, Codes: "200",
		},
		DeregistrationDelay: 5 * time.Minute,
		Attributes:          map[string]string{},
	}, byDefault)
}

func TestService(t *testing.T) {
	got := read(t, "testdata/shop", "shop-dev").Services[0]
	got.Resource = Resource{}
	assert.Equal(t, Service{
		Cluster:                "shop",
		TaskDefinition:         "${Orders.Task}",
		MinimumHealthyPercent:  100,
		MaximumPercent:         150,
		CircuitBreaker:         true,
		Rollback:               true,
		HealthCheckGracePeriod: time.Minute,
		Attachments:            []Attachment{{TargetGroup: "${Orders.Group}", Container: "app", Port: 8080}},
		Subnets:                []string{"subnet-a"},
		SecurityGroups:         []string{"sg-1"},
		first:                  "app",
	}, got)
}

func TestServiceOnSpotWithDeploymentAlarms(t *testing.T) {
	read := func(properties string) Service {
		t.Helper()
		service, err := readService(Resource{Properties: parse(t, properties).(map[string]any)})
		require.NoError(t, err)
		return service
	}
	got := read(`{
		"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 3}],
		"DeploymentConfiguration": {"Alarms": {"AlarmNames": ["${Orders.Errors}"], "Enable": true, "Rollback": true}}
	}`)
	assert.Equal(t, []CapacityProvider{{Name: "FARGATE", Base: 1}, {Name: "FARGATE_SPOT", Weight: 3}}, got.Capacity)
	assert.Equal(t, []string{"${Orders.Errors}"}, got.DeploymentAlarms)

	off := read(`{"LaunchType": "FARGATE", "DeploymentConfiguration": {"Alarms": {"AlarmNames": ["a"], "Enable": false}}}`)
	assert.Equal(t, "FARGATE", off.LaunchType)
	assert.Empty(t, off.DeploymentAlarms, "alarms that are not enabled")
}

func TestMinimumTasks(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	scaled, unscaled := s.Services[0], Service{DesiredCount: new(3)}
	for _, test := range []struct {
		service Service
		want    int
	}{{scaled, 2}, {unscaled, 3}, {Service{}, 1}} {
		assert.Equal(t, test.want, s.MinimumTasks(test.service), "%+v", test.service)
	}
}

func TestFind(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	task, ok := Find(s.TaskDefinitions, s.Services[0].TaskDefinition)
	assert.True(t, ok)
	assert.Equal(t, "Task", task.LogicalID)
	_, ok = Find(s.TaskDefinitions, "${Orders.Service}")
	assert.False(t, ok, "a service is found among the task definitions")
}

func TestTaskDefinition(t *testing.T) {
	got := read(t, "testdata/shop", "shop-dev").TaskDefinitions[0]
	got.Resource = Resource{}
	assert.Equal(t, TaskDefinition{
		CPU:           256,
		Memory:        512,
		TaskRole:      "${Orders.TaskRole.Arn}",
		ExecutionRole: "${Orders.TaskRole.Arn}",
		Architecture:  "ARM64",
		Containers: []Container{
			{
				Name: "app",
				Image: Image{
					Reference: "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/images-${AWS::AccountId}-eu-west-1:0f3a",
					Asset:     "0f3a",
					Folder:    filepath.FromSlash("testdata/shop/asset.0f3a"),
				},
				Command:                []string{"serve"},
				Environment:            map[string]string{"ORDERS_TABLE": "${Data.OrdersTable}", "REGION": "eu-west-1"},
				Secrets:                map[string]string{"TOKEN": "arn:aws:ssm:eu-west-1:111122223333:parameter/token"},
				Ports:                  []int{8080},
				Essential:              true,
				DependsOn:              []string{"sidecar"},
				StopTimeout:            time.Minute,
				User:                   "65532",
				ReadonlyRootFilesystem: true,
				LogDriver:              "awslogs",
				LogOptions:             map[string]string{"awslogs-group": "orders", "mode": "non-blocking"},
			},
			{
				Name:        "sidecar",
				Image:       Image{Reference: "public.ecr.aws/sidecar:1"},
				Environment: map[string]string{},
				Secrets:     map[string]string{},
				CPU:         32,
				Memory:      128,
				StopTimeout: 30 * time.Second,
			},
		},
	}, got)
}

func TestArchitectureByDefault(t *testing.T) {
	dir := changed(t, "assembly-shop-dev/shopdevOrders1.template.json", `"RuntimePlatform": {"CpuArchitecture": "ARM64"},`, "")
	assert.Equal(t, "X86_64", read(t, dir, "shop-dev").TaskDefinitions[0].Architecture)
}

func TestScalableTarget(t *testing.T) {
	got := read(t, "testdata/shop", "shop-dev").ScalableTargets[0]
	got.Resource, got.Policies[0].Resource = Resource{}, Resource{}
	assert.Equal(t, ScalableTarget{
		Service: "${Orders.Service}",
		Min:     2,
		Max:     10,
		Policies: []ScalingPolicy{
			{
				Metric: "ALBRequestCountPerTarget", Target: 6000, TargetGroup: "${Orders.Group}", ScaleOutCooldown: time.Minute,
				ScaleInCooldown: 5 * time.Minute,
			},
		},
		ScheduledActions: []string{"Night"},
	}, got)
}

func TestScaleInMayBeDisabled(t *testing.T) {
	dir := changed(t, "assembly-shop-dev/shopdevOrders1.template.json", `"ScaleOutCooldown": 60`,
		`"ScaleOutCooldown": 0, "ScaleInCooldown": 30, "DisableScaleIn": true`)
	policy := read(t, dir, "shop-dev").ScalableTargets[0].Policies[0]
	assert.Zero(t, policy.ScaleOutCooldown)
	assert.Equal(t, 30*time.Second, policy.ScaleInCooldown)
	assert.True(t, policy.DisableScaleIn)
}

// A policy of another type than target tracking is left out.
func TestOtherScalingPolicies(t *testing.T) {
	dir := changed(t, "assembly-shop-dev/shopdevOrders1.template.json", `"PolicyType": "TargetTrackingScaling"`, `"PolicyType": "StepScaling"`)
	assert.Empty(t, read(t, dir, "shop-dev").ScalableTargets[0].Policies)
}

func TestScalingPolicyOfAnotherTarget(t *testing.T) {
	dir := changed(t, "assembly-shop-dev/shopdevOrders1.template.json", `"ScalingTargetId": {"Ref": "Scaling"}`,
		`"ScalingTargetId": "another"`)
	assert.Empty(t, read(t, dir, "shop-dev").ScalableTargets[0].Policies)
}

func TestTables(t *testing.T) {
	s := read(t, "testdata/shop", "shop-dev")
	audit, orders := s.Tables[0], s.Tables[1]
	audit.Resource, orders.Resource = Resource{}, Resource{}
	assert.Equal(t, Table{
		Key:           Key{Partition: "id"},
		Attributes:    map[string]string{"id": "S", "kind": "S"},
		GlobalIndexes: []Index{{Name: "all", Key: Key{Partition: "kind", Sort: "id"}, Projection: "ALL"}},
	}, orders)
	assert.Equal(t, Table{
		Key:        Key{Partition: "id", Sort: "at"},
		Attributes: map[string]string{"id": "S", "at": "N", "by": "S"},
		LocalIndexes: []Index{
			{Name: "by", Key: Key{Partition: "id", Sort: "by"}, Projection: "INCLUDE", NonKeyAttributes: []string{"what"}},
		},
	}, audit)
}

func TestRole(t *testing.T) {
	got := read(t, "testdata/shop", "shop-dev").Roles[0]
	assert.Equal(t, "${Orders.TaskRole.Arn}", got.ARN())
	got.Resource = Resource{}
	assert.Equal(t, Role{
		Trust: []Statement{{
			Effect:    "Allow",
			Principal: Principal{"Service": {"ecs-tasks.amazonaws.com"}},
			Action:    Strings{"sts:AssumeRole"},
			Condition: map[string]map[string]Strings{"StringEquals": {"aws:SourceAccount": {"${AWS::AccountId}"}}},
		}},
		Policies: []Policy{
			{Name: "Inline", Statements: []Statement{{Effect: "Deny", NotAction: Strings{"s3:*"}, NotResource: Strings{"*"}}}},
			{Name: "Default", Statements: []Statement{{
				Effect:   "Allow",
				Action:   Strings{"dynamodb:GetItem", "dynamodb:Query"},
				Resource: Strings{"${Data.OrdersTable.Arn}", "${Data.OrdersTable.Arn}/index/all"},
			}}},
			{Name: "Boundary", Statements: []Statement{{Effect: "Allow", Action: Strings{"dynamodb:*"}, Resource: Strings{"*"}}}},
			{Name: "Shared", Statements: []Statement{{Effect: "Allow", Action: Strings{"xray:PutTraceSegments"}, Resource: Strings{"*"}}}},
		},
		ManagedPolicies:     []string{"${Orders.Boundary}", "arn:aws:iam::aws:policy/ReadOnlyAccess", "${Orders.Shared}"},
		PermissionsBoundary: "${Orders.Boundary}",
	}, got)
}

func TestAnyPrincipal(t *testing.T) {
	var statement Statement
	err := decode(map[string]any{"Principal": "*", "NotPrincipal": map[string]any{"AWS": []any{"a", "b"}}}, &statement)
	require.NoError(t, err)
	assert.Equal(t, Statement{Principal: Principal{"*": {"*"}}, NotPrincipal: Principal{"AWS": {"a", "b"}}}, statement)
}

// Without asset staging the CDK names the source where it is.
func TestImageFolderMayBeAbsolute(t *testing.T) {
	folder, source := t.TempDir(), t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS("testdata/shop")))
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.assets.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		text = bytes.ReplaceAll(text, []byte("../asset.0f3a"), []byte(filepath.ToSlash(source)))
		require.NoError(t, os.WriteFile(file, text, 0o644))
	}
	got := read(t, folder, "shop-dev").TaskDefinitions[0].Containers[0].Image.Folder
	assert.Equal(t, filepath.ToSlash(source), filepath.ToSlash(got))
}
