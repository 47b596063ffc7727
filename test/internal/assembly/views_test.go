package assembly

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"example.com/strangler/test/internal/alb"
)

func TestListenerRoutes(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	listener := s.Listeners[0]
	if listener.LoadBalancer != "${Edge.LoadBalancer}" || listener.Protocol != "HTTP" || listener.Port != 80 {
		t.Errorf("%s on port %d of %s", listener.Protocol, listener.Port, listener.LoadBalancer)
	}
	if err := listener.Routing.Validate(); err != nil {
		t.Error(err)
	}
	preview := func(r *http.Request) { r.Header.Set("X-Route-To", "users"); r.RemoteAddr = "10.0.0.1:1234" }
	for _, test := range []struct {
		target string
		change func(*http.Request)
		rule   string
		shares map[string]float64
	}{
		{"/api/users/1", func(*http.Request) {}, "${Users.Live}", map[string]float64{"${Users.Group}": 0.25, "${Monolith.Group}": 0.75}},
		{"/api/users/1", preview, "${Users.Preview}", map[string]float64{"${Users.Group}": 1}},
		{"/api/usersettings", preview, alb.DefaultRule, map[string]float64{}},
	} {
		r := httptest.NewRequest(http.MethodGet, test.target, nil)
		test.change(r)
		rule := listener.Routing.Route(r)
		if rule.ID != test.rule || !maps.Equal(rule.Shares(), test.shares) {
			t.Errorf("%s: rule %s with shares %v, want %s with %v", test.target, rule.ID, rule.Shares(), test.rule, test.shares)
		}
	}
	if want := (alb.FixedResponse{StatusCode: 404, ContentType: "text/plain", MessageBody: "no such path"}); listener.Routing.Default != want {
		t.Errorf("default action %v, want %v", listener.Routing.Default, want)
	}
}

func TestRuleOfAnotherListener(t *testing.T) {
	dir := changed(t, "assembly-forum-dev/forumdevUsers1.template.json",
		`"ListenerArn": {"Fn::GetStackOutput": {"StackName": "forum-dev-Edge", "OutputName": "PublishListener"}}`,
		`"ListenerArn": "another"`)
	s := read(t, dir, "forum-dev")
	if rules := s.Listeners[0].Routing.Rules; len(s.ListenerRules) != 2 || len(rules) != 1 || rules[0].ID != "${Users.Live}" {
		t.Errorf("rules %v, want the live rule alone", rules)
	}
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
		"Actions": [{"Type": "redirect", "Order": 1, "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301"}}]
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
	if err != nil || !reflect.DeepEqual(got.Rule, want) {
		t.Errorf("got %+v (%v), want %+v", got.Rule, err, want)
	}
}

func TestForwardWithoutWeight(t *testing.T) {
	got, err := readAction("Actions", parse(t, `[{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a"}, {"TargetGroupArn": "b", "Weight": 0}]}}]`))
	if want := (alb.Forward{{TargetGroup: "a", Weight: 1}, {TargetGroup: "b", Weight: 0}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}

func TestLoadBalancer(t *testing.T) {
	want := LoadBalancer{
		Scheme:         "internet-facing",
		Subnets:        []string{"subnet-a", "subnet-b"},
		SecurityGroups: []string{"${Edge.Group.GroupId}"},
		Attributes:     map[string]string{"idle_timeout.timeout_seconds": "60"},
	}
	got := read(t, "testdata/forum", "forum-dev").LoadBalancers[0]
	got.Resource = Resource{}
	expect(t, got, want)
}

func TestTargetGroups(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	byDefault, users := s.TargetGroups[0], s.TargetGroups[1]
	byDefault.Resource, users.Resource = Resource{}, Resource{}
	expect(t, users, TargetGroup{
		Protocol: "HTTP",
		Port:     8080,
		HealthCheck: HealthCheck{
			Path: "/healthz", Port: "traffic-port", Interval: 5 * time.Second, Timeout: 2 * time.Second,
			Healthy: 2, Unhealthy: 3, Codes: "200-299",
		},
		DeregistrationDelay: 20 * time.Second,
		Attributes: map[string]string{
			"deregistration_delay.timeout_seconds": "20",
			"load_balancing.algorithm.type":        "least_outstanding_requests",
		},
	})
	expect(t, byDefault, TargetGroup{
		Protocol: "HTTP",
		Port:     80,
		HealthCheck: HealthCheck{
			Path: "/", Port: "traffic-port", Interval: 30 * time.Second, Timeout: 5 * time.Second,
			Healthy: 5, Unhealthy: 2, Codes: "200",
		},
		DeregistrationDelay: 5 * time.Minute,
		Attributes:          map[string]string{},
	})
}

func TestService(t *testing.T) {
	got := read(t, "testdata/forum", "forum-dev").Services[0]
	got.Resource = Resource{}
	expect(t, got, Service{
		Cluster:                "forum",
		TaskDefinition:         "${Users.Task}",
		MinimumHealthyPercent:  100,
		MaximumPercent:         150,
		CircuitBreaker:         true,
		Rollback:               true,
		HealthCheckGracePeriod: time.Minute,
		Attachments:            []Attachment{{TargetGroup: "${Users.Group}", Container: "app", Port: 8080}},
		Subnets:                []string{"subnet-a"},
		SecurityGroups:         []string{"sg-1"},
	})
}

func TestServiceOnSpotWithDeploymentAlarms(t *testing.T) {
	read := func(properties string) Service {
		t.Helper()
		service, err := readService(Resource{Properties: parse(t, properties).(map[string]any)})
		if err != nil {
			t.Fatal(err)
		}
		return service
	}
	got := read(`{
		"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 3}],
		"DeploymentConfiguration": {"Alarms": {"AlarmNames": ["${Users.Errors}"], "Enable": true, "Rollback": true}, "BakeTimeInMinutes": 5}
	}`)
	expect(t, got.Capacity, []CapacityProvider{{Name: "FARGATE", Base: 1}, {Name: "FARGATE_SPOT", Weight: 3}})
	expect(t, got.DeploymentAlarms, []string{"${Users.Errors}"})
	expect(t, got.BakeTime, 5*time.Minute)

	off := read(`{"LaunchType": "FARGATE", "DeploymentConfiguration": {"Alarms": {"AlarmNames": ["a"], "Enable": false}}}`)
	if off.LaunchType != "FARGATE" || off.DeploymentAlarms != nil {
		t.Errorf("launch type %q, alarms %v, want FARGATE and none", off.LaunchType, off.DeploymentAlarms)
	}
}

func TestMinimumTasks(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	scaled, unscaled := s.Services[0], Service{DesiredCount: new(3)}
	for _, test := range []struct {
		service Service
		want    int
	}{{scaled, 2}, {unscaled, 3}, {Service{}, 1}} {
		if got := s.MinimumTasks(test.service); got != test.want {
			t.Errorf("%d tasks of %+v, want %d", got, test.service, test.want)
		}
	}
}

func TestFind(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	if task, ok := Find(s.TaskDefinitions, s.Services[0].TaskDefinition); !ok || task.LogicalID != "Task" {
		t.Errorf("found %v, %v", task.LogicalID, ok)
	}
	if _, ok := Find(s.TaskDefinitions, "${Users.Service}"); ok {
		t.Error("a service is found among the task definitions")
	}
}

func TestTaskDefinition(t *testing.T) {
	got := read(t, "testdata/forum", "forum-dev").TaskDefinitions[0]
	got.Resource = Resource{}
	expect(t, got, TaskDefinition{
		CPU:           256,
		Memory:        512,
		TaskRole:      "${Users.TaskRole.Arn}",
		ExecutionRole: "${Users.TaskRole.Arn}",
		Architecture:  "ARM64",
		Containers: []Container{
			{
				Name: "app",
				Image: Image{
					Reference: "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/images-${AWS::AccountId}-eu-west-1:0f3a",
					Asset:     "0f3a",
					Folder:    filepath.FromSlash("testdata/forum/asset.0f3a"),
				},
				Command:                []string{"serve"},
				Environment:            map[string]string{"USERS_TABLE": "${Data.UsersTable}", "REGION": "eu-west-1"},
				Secrets:                map[string]string{"TOKEN": "arn:aws:ssm:eu-west-1:111122223333:parameter/token"},
				Ports:                  []int{8080},
				Essential:              true,
				DependsOn:              []string{"sidecar"},
				StopTimeout:            time.Minute,
				User:                   "65532",
				ReadonlyRootFilesystem: true,
				LogDriver:              "awslogs",
				LogOptions:             map[string]string{"awslogs-group": "users", "mode": "non-blocking"},
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
	})
}

func TestArchitectureByDefault(t *testing.T) {
	dir := changed(t, "assembly-forum-dev/forumdevUsers1.template.json", `"RuntimePlatform": {"CpuArchitecture": "ARM64"},`, "")
	if got := read(t, dir, "forum-dev").TaskDefinitions[0].Architecture; got != "X86_64" {
		t.Errorf("architecture %q, want X86_64", got)
	}
}

func TestScalableTarget(t *testing.T) {
	got := read(t, "testdata/forum", "forum-dev").ScalableTargets[0]
	got.Resource, got.Policies[0].Resource = Resource{}, Resource{}
	expect(t, got, ScalableTarget{
		Service: "${Users.Service}",
		Min:     2,
		Max:     10,
		Policies: []ScalingPolicy{
			{Metric: "ALBRequestCountPerTarget", Target: 6000, TargetGroup: "${Users.Group}", ScaleOutCooldown: time.Minute, ScaleInCooldown: 5 * time.Minute},
		},
		ScheduledActions: []string{"Night"},
	})
}

func TestScaleInMayBeDisabled(t *testing.T) {
	dir := changed(t, "assembly-forum-dev/forumdevUsers1.template.json", `"ScaleOutCooldown": 60`, `"ScaleOutCooldown": 0, "ScaleInCooldown": 30, "DisableScaleIn": true`)
	policy := read(t, dir, "forum-dev").ScalableTargets[0].Policies[0]
	if policy.ScaleOutCooldown != 0 || policy.ScaleInCooldown != 30*time.Second || !policy.DisableScaleIn {
		t.Errorf("%+v", policy)
	}
}

// A policy of another type tracks no target.
func TestOtherScalingPolicies(t *testing.T) {
	dir := changed(t, "assembly-forum-dev/forumdevUsers1.template.json", `"PolicyType": "TargetTrackingScaling"`, `"PolicyType": "StepScaling"`)
	if policies := read(t, dir, "forum-dev").ScalableTargets[0].Policies; len(policies) != 0 {
		t.Errorf("policies %v, want none", policies)
	}
}

func TestScalingPolicyOfAnotherTarget(t *testing.T) {
	dir := changed(t, "assembly-forum-dev/forumdevUsers1.template.json", `"ScalingTargetId": {"Ref": "Scaling"}`, `"ScalingTargetId": "another"`)
	if policies := read(t, dir, "forum-dev").ScalableTargets[0].Policies; len(policies) != 0 {
		t.Errorf("policies %v, want none", policies)
	}
}

func TestTables(t *testing.T) {
	s := read(t, "testdata/forum", "forum-dev")
	audit, users := s.Tables[0], s.Tables[1]
	audit.Resource, users.Resource = Resource{}, Resource{}
	expect(t, users, Table{
		Key:           Key{Partition: "id"},
		Attributes:    map[string]string{"id": "S", "kind": "S"},
		GlobalIndexes: []Index{{Name: "all", Key: Key{Partition: "kind", Sort: "id"}, Projection: "ALL"}},
	})
	expect(t, audit, Table{
		Key:        Key{Partition: "id", Sort: "at"},
		Attributes: map[string]string{"id": "S", "at": "N", "by": "S"},
		LocalIndexes: []Index{
			{Name: "by", Key: Key{Partition: "id", Sort: "by"}, Projection: "INCLUDE", NonKeyAttributes: []string{"what"}},
		},
	})
}

func TestRole(t *testing.T) {
	got := read(t, "testdata/forum", "forum-dev").Roles[0]
	if got.ARN() != "${Users.TaskRole.Arn}" {
		t.Errorf("ARN %s", got.ARN())
	}
	got.Resource = Resource{}
	expect(t, got, Role{
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
				Resource: Strings{"${Data.UsersTable.Arn}", "${Data.UsersTable.Arn}/index/all"},
			}}},
			{Name: "Boundary", Statements: []Statement{{Effect: "Allow", Action: Strings{"dynamodb:*"}, Resource: Strings{"*"}}}},
			{Name: "Shared", Statements: []Statement{{Effect: "Allow", Action: Strings{"xray:PutTraceSegments"}, Resource: Strings{"*"}}}},
		},
		ManagedPolicies:     []string{"${Users.Boundary}", "arn:aws:iam::aws:policy/ReadOnlyAccess", "${Users.Shared}"},
		PermissionsBoundary: "${Users.Boundary}",
	})
}

func TestAnyPrincipal(t *testing.T) {
	var statement Statement
	err := decode(map[string]any{"Principal": "*", "NotPrincipal": map[string]any{"AWS": []any{"a", "b"}}}, &statement)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, statement, Statement{Principal: Principal{"*": {"*"}}, NotPrincipal: Principal{"AWS": {"a", "b"}}})
}

func expect(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// Without asset staging the CDK names the source where it is.
func TestImageFolderMayBeAbsolute(t *testing.T) {
	folder, source := t.TempDir(), t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/forum")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.assets.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("../asset.0f3a"), []byte(filepath.ToSlash(source)))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, folder, "forum-dev").TaskDefinitions[0].Containers[0].Image.Folder; filepath.ToSlash(got) != filepath.ToSlash(source) {
		t.Errorf("folder %s, want %s", got, source)
	}
}
