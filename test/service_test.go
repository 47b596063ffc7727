package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/forum/services"
	"example.com/forum/services/server"
	"example.com/forum/test/assembly"
)

// A task has the time to drain and to shut down before ECS kills it.
func TestStopTimeoutCoversTheDrain(t *testing.T) {
	for _, task := range at(t, situation{"live", services.Serving}).TaskDefinitions {
		needed := server.DefaultDrainDelay + server.ShutdownTimeout + 5*time.Second
		if stop := task.Containers[0].StopTimeout; stop < needed {
			t.Errorf("%s is killed after %s, it needs %s", task.Containers[0].Name, stop, needed)
		}
	}
}

// Every service deploys without a gap, gives up a bad deployment, and leaves the
// number of tasks to its own scaling.
func TestServicesDeploySafely(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	for _, s := range stage.Services {
		if s.MinimumHealthyPercent != 100 || s.MaximumPercent != 200 || !s.CircuitBreaker || !s.Rollback ||
			s.DesiredCount != nil || s.AssignPublicIP || s.Properties["AvailabilityZoneRebalancing"] != "ENABLED" || s.Properties["PropagateTags"] != "SERVICE" {
			t.Errorf("%s: %+v", s.Stack, s)
		}
	}
	for i, g := range stage.TargetGroups {
		service := completed(t).Find(containerOf(stage, stage.Services[i]))
		want := assembly.HealthCheck{Path: service.HealthCheckPath, Port: "traffic-port", Interval: 5 * time.Second, Timeout: 3 * time.Second, Healthy: 2, Unhealthy: 2, Codes: "200"}
		if g.HealthCheck != want || g.DeregistrationDelay != 20*time.Second || g.Attributes["load_balancing.algorithm.type"] != "least_outstanding_requests" {
			t.Errorf("%s: %+v %v", g.Stack, g.HealthCheck, g.Attributes)
		}
	}
}

// Each service scales by itself: its target counts its own service's tasks, its
// policies watch its own load.
func TestServicesScaleAlone(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	if len(stage.ScalableTargets) != len(stage.Services) {
		t.Fatalf("%d scalable targets for %d services", len(stage.ScalableTargets), len(stage.Services))
	}
	for i, target := range stage.ScalableTargets {
		if target.Stack != stage.Services[i].Stack || len(target.Policies) != 2 {
			t.Errorf("%s: %+v", target.Stack, target)
		}
	}
}

// Tables outlive mistakes: of an item, of a stack, of a deletion.
func TestTablesAreKept(t *testing.T) {
	stage := at(t, situation{"live", services.Serving})
	for _, table := range stage.Tables {
		replica := table.Properties["Replicas"].([]any)[0].(map[string]any)
		recovery := replica["PointInTimeRecoverySpecification"].(map[string]any)["PointInTimeRecoveryEnabled"]
		if table.DeletionPolicy != "Retain" || table.UpdateReplacePolicy != "Retain" ||
			table.Properties["BillingMode"] != "PAY_PER_REQUEST" || replica["DeletionProtectionEnabled"] != true || recovery != true {
			t.Errorf("%s: %+v", table.LogicalID, table.Resource)
		}
	}
}

// Without a NAT gateway tasks reach the registry and the logs through endpoints
// of their own; with one they need only the endpoints that cost nothing.
func TestWayOut(t *testing.T) {
	for _, test := range []struct {
		stage     *assembly.Stage
		gateways  int
		endpoints []string
	}{
		{at(t, situation{"live", services.Serving}), 0, []string{"dynamodb", "ecr.api", "ecr.dkr", "logs", "s3"}},
		{assemble(t, environment("natGateways", 1)), 1, []string{"dynamodb", "s3"}},
	} {
		var endpoints []string
		for r := range test.stage.Resources("AWS::EC2::VPCEndpoint") {
			_, name, _ := strings.Cut(fmt.Sprint(r.Properties["ServiceName"]), "eu-west-1.")
			endpoints = append(endpoints, name)
		}
		gateways := len(slices.Collect(test.stage.Resources("AWS::EC2::NatGateway")))
		if slices.Sort(endpoints); gateways != test.gateways || !slices.Equal(endpoints, test.endpoints) {
			t.Errorf("%d gateways and endpoints %v, want %d and %v", gateways, endpoints, test.gateways, test.endpoints)
		}
	}
}

// Whoever synthesizes is told that requests travel in the clear.
func TestPlainHTTPIsAWarning(t *testing.T) {
	edge, _ := at(t, situation{"live", services.Serving}).Stack("Edge")
	metadata, err := os.ReadFile(strings.Replace(edge.File, ".template.json", ".metadata.json", 1))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(metadata), `"aws:cdk:warning"`) || !strings.Contains(string(metadata), "HTTP only") {
		t.Errorf("no warning in %s", metadata)
	}
}

// The number of zones is the environment's, and no zone is looked up in an
// account: synthesis needs no credentials.
func TestZones(t *testing.T) {
	stage := assemble(t, environment("azs", 3), environment("account", "123456789012"))
	if subnets := len(slices.Collect(stage.Resources("AWS::EC2::Subnet"))); subnets != 6 {
		t.Errorf("3 zones have %d subnets, want a public one and one for tasks in each", subnets)
	}
	// The CLI asks the account for whatever a manifest calls missing.
	nested := filepath.Dir(stage.Stacks[0].File)
	for _, folder := range []string{nested, filepath.Dir(nested)} {
		manifest, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		var content struct{ Missing []any }
		if err := json.Unmarshal(manifest, &content); err != nil {
			t.Fatal(err)
		}
		if len(content.Missing) > 0 {
			t.Errorf("synthesis wants to look up %v", content.Missing)
		}
	}
}
